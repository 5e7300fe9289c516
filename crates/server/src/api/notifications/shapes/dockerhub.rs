//! Docker Hub.

use serde_json::Value;

use super::{Heard, Pushed, text};

/// Docker Hub names a tag, and no digest.
pub(super) fn read(value: &Value) -> Result<Heard, String> {
    let repository = text(value, &["repository", "repo_name"]);
    if repository.is_empty() {
        return Err("it has no `repository`".into());
    }
    let pushed = Pushed {
        host: "docker.io".into(),
        repository,
        tag: text(value, &["push_data", "tag"]),
        digest: String::new(),
    };
    Ok(Heard { pushed: vec![pushed], reply: None })
}
