//! `trivy.yaml`: settings by their path, as the flags that they stand for.
//!
//! Source: <https://trivy.dev/latest/docs/references/configuration/config-file/>.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use serde_json::Value;

use crate::exit::tell;
use crate::files;

/// The largest such file: 1 MiB.
const MAX_FILE: u64 = 1 << 20;

/// Paths of settings whose flag has another name.
const FLAGS: [(&str, &str); 12] = [
    ("cache.dir", "cache-dir"),
    ("cache.backend", "cache-backend"),
    ("db.skip-update", "skip-db-update"),
    ("db.repository", "db-repository"),
    ("db.java-skip-update", "skip-java-db-update"),
    ("image.input", "input"),
    ("image.platform", "platform"),
    ("image.source", "image-src"),
    ("vulnerability.ignore-unfixed", "ignore-unfixed"),
    ("vulnerability.ignore-status", "ignore-status"),
    ("vulnerability.type", "pkg-types"),
    ("scan.scanners", "scanners"),
];

/// Sections whose settings are called as their flags.
const SECTIONS: [&str; 4] = ["scan", "pkg", "report", "registry"];

/// The settings that are there, as flags.
pub(super) fn read(matches: &ArgMatches) -> anyhow::Result<Vec<(String, String)>> {
    let named = matches.get_one::<PathBuf>("config");
    let file = named.map_or(Path::new("trivy.yaml"), PathBuf::as_path);
    if named.is_none() && !file.is_file() {
        return Ok(Vec::new());
    }
    let document: Value = files::yaml(file, MAX_FILE)?;
    let mut found = Vec::new();
    walk("", &document, &mut found);
    Ok(found)
}

fn walk(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
    let text = match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                walk(&path, value, found);
            }
            return;
        }
        Value::Array(all) => {
            let words: Vec<String> = all.iter().filter_map(word).collect();
            if words.is_empty() && !all.is_empty() {
                tell(&format!("note: trivy: the settings' `{path}` does nothing here"));
            }
            words.join(",")
        }
        Value::Null => return,
        other => match word(other) {
            Some(text) => text,
            None => return,
        },
    };
    if text.is_empty() {
        return;
    }
    let flag = FLAGS.iter().find(|(known, _)| *known == path).map(|(_, flag)| *flag);
    let inner = path.split_once('.').filter(|(section, rest)| {
        (SECTIONS.contains(section) || section.is_empty()) && !rest.contains('.')
    });
    match (flag, inner) {
        (Some(flag), _) | (None, Some((_, flag))) => found.push((flag.to_owned(), text)),
        (None, None) if !path.contains('.') => found.push((path.to_owned(), text)),
        (None, None) => tell(&format!("note: trivy: the settings' `{path}` does nothing here")),
    }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
