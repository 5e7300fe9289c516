//! Amazon's registry.

use serde_json::Value;

use super::{Heard, Pushed, text};

/// Amazon's event `ECR Image Action`, by `EventBridge` alone or by SNS.
pub(super) fn read(value: &Value) -> Result<Heard, String> {
    if let Some(message) = value.get("Message").and_then(Value::as_str) {
        if text(value, &["Type"]) != "Notification" {
            return Ok(Heard::default());
        }
        let inner: Value = serde_json::from_str(message).map_err(|error| error.to_string())?;
        // Only once: nobody wraps twice.
        return if inner.get("Message").is_some() {
            Err("it is wrapped twice".into())
        } else {
            read(&inner)
        };
    }
    if text(value, &["source"]) != "aws.ecr" {
        return Err("its `source` is not `aws.ecr`".into());
    }
    let detail = |name: &str| text(value, &["detail", name]);
    if detail("action-type") != "PUSH" || detail("result") != "SUCCESS" {
        return Ok(Heard::default());
    }
    let region = text(value, &["region"]);
    let end = if region.starts_with("cn-") { ".cn" } else { "" };
    let pushed = Pushed {
        host: format!("{}.dkr.ecr.{region}.amazonaws.com{end}", text(value, &["account"])),
        repository: detail("repository-name"),
        tag: detail("image-tag"),
        digest: detail("image-digest"),
    };
    Ok(Heard { pushed: vec![pushed], reply: None })
}
