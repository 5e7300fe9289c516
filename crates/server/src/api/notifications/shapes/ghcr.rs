//! GitHub's registry.

use serde_json::{Value, json};

use super::{Heard, Pushed, named, text};

/// GitHub's event `registry_package`, which was `package` before.
pub(super) fn read(value: &Value) -> Result<Heard, String> {
    if value.get("zen").is_some() {
        return Ok(Heard { reply: Some(json!({"heard": true})), ..Heard::default() });
    }
    let package = value.get("registry_package").or_else(|| value.get("package"));
    let Some(package) = package else { return Err("it has no `registry_package`".into()) };
    let is_image = text(package, &["package_type"]).eq_ignore_ascii_case("container");
    if !is_image || !matches!(text(value, &["action"]).as_str(), "published" | "updated") {
        return Ok(Heard::default());
    }
    let version = package.get("package_version").unwrap_or(&Value::Null);
    let said = text(version, &["package_url"]);
    let digest =
        [text(version, &["version"]), text(version, &["container_metadata", "tag", "digest"])];
    let digest = digest.into_iter().find(|it| it.starts_with("sha256:")).unwrap_or_default();
    let mut pushed = named(said.trim_start_matches("https://")).unwrap_or_else(|| Pushed {
        host: "ghcr.io".into(),
        repository: format!("{}/{}", text(package, &["namespace"]), text(package, &["name"])),
        ..Pushed::default()
    });
    pushed.repository = pushed.repository.to_lowercase();
    pushed.tag = text(version, &["container_metadata", "tag", "name"]);
    pushed.digest = digest;
    Ok(Heard { pushed: vec![pushed], reply: None })
}
