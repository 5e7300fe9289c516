//! What differs between two configurations and two manifests.

use serde_json::Value;

use super::cause::{self, Cause};
use super::tally::Tally;

/// A value is shown up to this many characters.
const SHOWN: usize = 120;

/// What the old builder writes of its own state, in any of these fields.
const BUILDER_STATE: &[&str] =
    &["container", "container_config", "docker_version", "id", "parent", "throwaway"];

/// What differs between two configurations. Diff ids are left to the layers.
pub(super) fn config(original: &[u8], rebuilt: &[u8], tally: &mut Tally) {
    if original == rebuilt {
        return;
    }
    let (Ok(one), Ok(other)) = (parsed(original), parsed(rebuilt)) else {
        tally.add(&cause::FORM, "configuration", "", "");
        return;
    };
    compare("", &one, &other, &mut |path, one, other| {
        if path.starts_with("rootfs.diff_ids") {
            return;
        }
        let (a, b) = (shown(one), shown(other));
        tally.add(config_cause(path, one, other), path, a, b);
    });
}

fn config_cause(path: &str, one: Option<&Value>, other: Option<&Value>) -> &'static Cause {
    let first = path.split(['.', '[']).next().unwrap_or_default();
    let is_time = |value: Option<&Value>| value.and_then(Value::as_str).is_some_and(is_time);
    if path == "created" || (first == "history" && path.ends_with(".created")) {
        &cause::CREATED
    } else if first == "history" {
        &cause::HISTORY
    } else if let Some(label) = path.strip_prefix("config.Labels.") {
        let both_times = is_time(one) && is_time(other);
        if both_times || label.ends_with(".created") || label.contains("build-date") {
            &cause::CREATED_LABEL
        } else {
            &cause::LABEL
        }
    } else if BUILDER_STATE.contains(&first)
        || ["config.Hostname", "config.Image", "config.Domainname"].contains(&path)
    {
        &cause::BUILDER_STATE
    } else {
        &cause::CONFIG
    }
}

/// What differs between two manifests beside digests and sizes, which follow from the blobs.
pub(super) fn manifest(original: &[u8], rebuilt: &[u8], tally: &mut Tally) {
    let (Ok(one), Ok(other)) = (parsed(original), parsed(rebuilt)) else {
        if original != rebuilt {
            tally.add(&cause::FORM, "manifest", "", "");
        }
        return;
    };
    compare("", &one, &other, &mut |path, one, other| {
        let field = path.rsplit('.').next().unwrap_or_default();
        if ["digest", "size"].contains(&field) || path.starts_with("layers[") {
            return;
        }
        let cause = if path.starts_with("annotations") { &cause::ANNOTATION } else { &cause::FORM };
        tally.add(cause, &format!("manifest {path}"), shown(one), shown(other));
    });
}

fn parsed(bytes: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(bytes)
}

type Report<'r> = dyn FnMut(&str, Option<&Value>, Option<&Value>) + 'r;

/// Every leaf that differs. Depth is that of the parser, which stops at 128.
fn compare(path: &str, one: &Value, other: &Value, report: &mut Report<'_>) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let inside = |key: &str| {
                if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
            };
            for (key, value) in a {
                match b.get(key) {
                    Some(other) => compare(&inside(key), value, other, report),
                    None if is_nothing(value) => {}
                    None => report(&inside(key), Some(value), None),
                }
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                if !is_nothing(value) {
                    report(&inside(key), None, Some(value));
                }
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for at in 0..a.len().max(b.len()) {
                let inside = format!("{path}[{at}]");
                match (a.get(at), b.get(at)) {
                    (Some(one), Some(other)) => compare(&inside, one, other, report),
                    (one, other) => report(&inside, one, other),
                }
            }
        }
        _ if one == other || (is_nothing(one) && is_nothing(other)) => {}
        _ => report(path, Some(one), Some(other)),
    }
}

/// What an absent field means.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn shown(value: Option<&Value>) -> String {
    let text = match value {
        None => return "-".into(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Whether a text is a time, in RFC 3339 or as seconds.
fn is_time(text: &str) -> bool {
    text.parse::<plimsoll_model::Timestamp>().is_ok()
        || text
            .parse::<i64>()
            .is_ok_and(|seconds| (1_000_000_000..4_000_000_000).contains(&seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(one: &Value, other: &Value) -> Vec<(&'static str, String)> {
        let mut tally = Tally::default();
        config(one.to_string().as_bytes(), other.to_string().as_bytes(), &mut tally);
        let all = tally.done();
        all.iter()
            .flat_map(|it| it.examples.iter().map(|e| (it.cause.id, e.path.clone())))
            .collect()
    }

    #[test]
    fn times_labels_settings_and_the_builders_own_state_are_told_apart() {
        let one = json!({
            "created": "2024-01-01T00:00:00Z", "container": "a", "os": "linux",
            "config": {"Env": ["A=1"], "Labels": {"when": "2024-01-01T00:00:00Z", "v": "1"}},
            "history": [{"created": "2024-01-01T00:00:00Z", "created_by": "RUN a"}],
            "rootfs": {"diff_ids": ["sha256:0"]},
        });
        let other = json!({
            "created": "2025-01-01T00:00:00Z", "container": "b", "os": "linux",
            "config": {"Env": ["A=2"], "Labels": {"when": "2025-01-01T00:00:00Z", "v": "2"}, "Cmd": null},
            "history": [{"created": "2025-01-01T00:00:00Z", "created_by": "RUN b"}],
            "rootfs": {"diff_ids": ["sha256:1"]},
        });
        let named = |id, path: &str| (id, path.to_owned());
        assert_eq!(
            found(&one, &other),
            [
                named("config", "config.Env[0]"),
                named("label", "config.Labels.v"),
                named("history", "history[0].created_by"),
                named("created", "created"),
                named("created", "history[0].created"),
                named("created-label", "config.Labels.when"),
                named("builder-state", "container"),
            ]
        );
        assert!(found(&one, &one).is_empty());
    }

    #[test]
    fn a_configuration_that_is_no_json_is_of_another_form() {
        let mut tally = Tally::default();
        config(b"{", b"[", &mut tally);
        assert_eq!(tally.done()[0].cause.id, "form");
    }
}
