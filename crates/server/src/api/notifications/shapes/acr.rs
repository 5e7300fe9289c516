//! Azure's registry.

use serde_json::{Value, json};

use super::{Heard, Pushed, text};

/// Azure's webhook, or its events by Event Grid.
pub(super) fn read(value: &Value) -> Result<Heard, String> {
    if let Some(events) = value.as_array() {
        let mut heard = Heard::default();
        for event in events {
            match text(event, &["eventType"]).as_str() {
                "Microsoft.EventGrid.SubscriptionValidationEvent" => {
                    let code = text(event, &["data", "validationCode"]);
                    heard.reply = Some(json!({"validationResponse": code}));
                }
                "Microsoft.ContainerRegistry.ImagePushed" => {
                    heard.pushed.extend(acr_one(event.get("data").unwrap_or(&Value::Null)));
                }
                _ => {}
            }
        }
        return Ok(heard);
    }
    if text(value, &["action"]) == "ping" {
        return Ok(Heard::default());
    }
    if value.get("target").is_none() {
        return Err("it has no `target`".into());
    }
    Ok(Heard { pushed: acr_one(value).into_iter().collect(), reply: None })
}

fn acr_one(value: &Value) -> Option<Pushed> {
    if text(value, &["action"]) != "push" {
        return None;
    }
    Some(Pushed {
        host: text(value, &["request", "host"]),
        repository: text(value, &["target", "repository"]),
        tag: text(value, &["target", "tag"]),
        digest: text(value, &["target", "digest"]),
    })
}
