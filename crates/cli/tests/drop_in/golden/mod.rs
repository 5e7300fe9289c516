//! The real tools beside ours on the same input. What differs is listed in the tool's page, and nothing else may.

mod cosign;
mod differences;
mod dockle;
mod documented;
mod grype;
mod hadolint;
mod inputs;
mod slsa_verifier;
mod syft;
mod trivy;
mod trivy_reports;
mod trivy_templates;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::machine::{Machine, Ran};

/// A text, or the JSON of what is none.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Runs a real tool in a machine's folder, for two minutes at most.
fn theirs(program: &Path, machine: &Machine, variables: &[(&str, &str)], words: &str) -> Ran {
    let output = Command::new("timeout")
        .arg("120")
        .arg(program)
        .args(words.split_whitespace())
        .current_dir(machine.path("."))
        .env("HOME", machine.path("home"))
        .env("XDG_CACHE_HOME", machine.path("home/cache"))
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    Ran::of(output)
}

/// A document with other texts in the place of those that are named.
fn renamed(value: &Value, names: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => names.get(text).unwrap_or(text).as_str().into(),
        Value::Array(all) => all.iter().map(|it| renamed(it, names)).collect(),
        Value::Object(all) => {
            all.iter().map(|(name, it)| (name.clone(), renamed(it, names))).collect()
        }
        other => other.clone(),
    }
}
