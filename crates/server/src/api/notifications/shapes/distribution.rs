//! Docker Distribution, and whatever speaks its notifications.

use serde_json::Value;

use super::{Heard, Pushed, list, text};

/// Whether what was pushed is an image, and not a layer of one.
fn is_manifest(media_type: &str) -> bool {
    media_type.contains(".manifest.") || media_type.contains(".index.")
}

/// `application/vnd.docker.distribution.events.v2+json`.
pub(super) fn read(value: &Value) -> Result<Heard, String> {
    if value.get("events").and_then(Value::as_array).is_none() {
        return Err("it has no `events`".into());
    }
    let pushed = |event: &Value| {
        if text(event, &["action"]) != "push"
            || !is_manifest(&text(event, &["target", "mediaType"]))
        {
            return None;
        }
        let url = text(event, &["target", "url"]);
        let authority = url.split_once("://").and_then(|(_, rest)| rest.split('/').next());
        let host = authority.filter(|it| !it.is_empty()).map(str::to_owned);
        Some(Pushed {
            host: host.unwrap_or_else(|| text(event, &["request", "host"])),
            repository: text(event, &["target", "repository"]),
            tag: text(event, &["target", "tag"]),
            digest: text(event, &["target", "digest"]),
        })
    };
    Ok(Heard { pushed: list(value, &["events"]).iter().filter_map(pushed).collect(), reply: None })
}
