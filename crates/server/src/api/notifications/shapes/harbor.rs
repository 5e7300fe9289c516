//! Harbor.

use serde_json::Value;

use super::{Heard, list, named, text};

/// Harbor's webhook, in its own form or as a `CloudEvent`.
pub(super) fn read(value: &Value) -> Result<Heard, String> {
    let kind = text(value, &["type"]);
    let data = value.get("event_data").or_else(|| value.get("data"));
    let Some(data) = data.filter(|_| !kind.is_empty()) else {
        return Err("it has no `type` with `event_data`".into());
    };
    if kind != "PUSH_ARTIFACT" && kind != "harbor.artifact.pushed" {
        return Ok(Heard::default());
    }
    let pushed = |resource: &Value| {
        let mut pushed = named(&text(resource, &["resource_url"]))?;
        pushed.digest = text(resource, &["digest"]);
        let tag = text(resource, &["tag"]);
        // What has no tag is named by its digest there.
        pushed.tag = if tag.contains(':') { String::new() } else { tag };
        let full = text(data, &["repository", "repo_full_name"]);
        if !full.is_empty() {
            pushed.repository = full;
        }
        Some(pushed)
    };
    Ok(Heard {
        pushed: list(data, &["resources"]).iter().filter_map(pushed).collect(),
        reply: None,
    })
}
