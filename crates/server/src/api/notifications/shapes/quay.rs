//! Quay.

use serde_json::Value;

use super::{Heard, Pushed, list, text};

/// Quay names tags, and no digest.
pub(super) fn read(value: &Value) -> Result<Heard, String> {
    let url = text(value, &["docker_url"]);
    let Some((host, repository)) = url.split_once('/') else {
        return Err("it has no `docker_url`".into());
    };
    // Its other notifications, of builds and of weaknesses, have no such list.
    let tags = list(value, &["updated_tags"]).iter().filter_map(Value::as_str);
    let pushed = |tag: &str| Pushed {
        host: host.into(),
        repository: repository.into(),
        tag: tag.into(),
        digest: String::new(),
    };
    Ok(Heard { pushed: tags.map(pushed).collect(), reply: None })
}
