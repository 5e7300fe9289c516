//! A run of a workflow in GitHub Actions, written as GitHub's own attestations are.
//!
//! Source: <https://actions.github.io/buildtypes/workflow/v1>, and `packages/attest` of
//! <https://github.com/actions/toolkit>.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::environment::{Environment, EnvironmentError};
use super::{Build, Resource, source};
use crate::json;

const BUILD_TYPE: &str = "https://actions.github.io/buildtypes/workflow/v1";

/// Inputs that a workflow may have: GitHub allows 25.
const MAX_INPUTS: usize = 100;

/// The longest input: GitHub allows 65,535 characters for all together.
const MAX_INPUT: usize = 64 << 10;

pub(super) fn build(
    environment: &Environment<'_>,
    event: Option<&[u8]>,
) -> Result<Build, EnvironmentError> {
    let server = environment.address("GITHUB_SERVER_URL")?;
    let repository = repository(environment)?;
    let reference = environment.required("GITHUB_REF")?;
    let commit = environment.commit("GITHUB_SHA")?;
    let workflow = environment.required("GITHUB_WORKFLOW_REF")?;
    let malformed = |name, expected| EnvironmentError::Malformed { name, expected };
    let (path, _) = workflow
        .strip_prefix(&format!("{repository}/"))
        .and_then(|rest| rest.split_once('@'))
        .ok_or(malformed(
            "GITHUB_WORKFLOW_REF",
            "a workflow of `GITHUB_REPOSITORY` with its ref",
        ))?;
    let run = environment.number("GITHUB_RUN_ID").ok_or(malformed("GITHUB_RUN_ID", "a number"))?;
    let attempt = environment.number("GITHUB_RUN_ATTEMPT").unwrap_or_else(|| "1".into());
    let address = format!("{server}/{repository}");
    let mut external = Map::new();
    external
        .insert("workflow".into(), json!({"ref": reference, "repository": address, "path": path}));
    let inputs = event.map(inputs).transpose()?.unwrap_or_default();
    if !inputs.is_empty() {
        external.insert("inputs".into(), Value::Object(inputs));
    }
    let mut github = Map::new();
    for (field, name) in [
        ("event_name", "GITHUB_EVENT_NAME"),
        ("repository_id", "GITHUB_REPOSITORY_ID"),
        ("repository_owner_id", "GITHUB_REPOSITORY_OWNER_ID"),
        ("runner_environment", "RUNNER_ENVIRONMENT"),
    ] {
        if let Some(value) = environment.get(name) {
            github.insert(field.into(), value.into());
        }
    }
    let mut internal = Map::from_iter([("github".to_owned(), Value::Object(github))]);
    let runner: Map<String, Value> = [("os", "RUNNER_OS"), ("arch", "RUNNER_ARCH")]
        .into_iter()
        .filter_map(|(field, name)| Some((field.to_owned(), environment.get(name)?.into())))
        .collect();
    if !runner.is_empty() {
        internal.insert("runner".into(), runner.into());
    }
    let mut dependencies = vec![source(&address, &reference, &commit)];
    // A workflow of another commit, as a scheduled or a called one may be, is an input of its own.
    if let Ok(other) = environment.commit("GITHUB_WORKFLOW_SHA")
        && other != commit
    {
        dependencies.push(Resource {
            uri: format!("git+{server}/{workflow}"),
            digest: BTreeMap::from([("gitCommit".to_owned(), other)]),
            name: "workflow".into(),
        });
    }
    Ok(Build {
        build_type: BUILD_TYPE.into(),
        builder_id: format!("{server}/{workflow}"),
        external,
        internal,
        dependencies,
        invocation_id: Some(format!("{address}/actions/runs/{run}/attempts/{attempt}")),
        entry_point: path.to_owned(),
        ..Build::default()
    })
}

fn repository(environment: &Environment<'_>) -> Result<String, EnvironmentError> {
    let name = "GITHUB_REPOSITORY";
    let value = environment.required(name)?;
    let part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    match value.split_once('/') {
        Some((owner, repository)) if part(owner) && part(repository) => Ok(value),
        _ => Err(EnvironmentError::Malformed { name, expected: "of the form OWNER/REPOSITORY" }),
    }
}

/// The inputs of a workflow that was started by hand; nothing else of the payload is taken.
fn inputs(event: &[u8]) -> Result<Map<String, Value>, EnvironmentError> {
    let wrong = |why: &str| EnvironmentError::Event(why.to_owned());
    let payload = json::value("event", event).map_err(|error| wrong(&error.to_string()))?;
    let inputs = match payload.get("inputs") {
        None | Some(Value::Null) => return Ok(Map::new()),
        Some(Value::Object(inputs)) => inputs,
        Some(_) => return Err(wrong("its inputs are no object")),
    };
    if inputs.len() > MAX_INPUTS {
        return Err(wrong("more than 100 inputs"));
    }
    for (name, value) in inputs {
        let is_plain = match value {
            Value::String(text) => text.len() <= MAX_INPUT,
            Value::Array(_) | Value::Object(_) => false,
            _ => true,
        };
        if !is_plain {
            let shown: String = name.chars().filter(|it| !it.is_control()).take(60).collect();
            return Err(wrong(&format!("the input `{shown}` is no plain value of at most 64 KiB")));
        }
    }
    Ok(inputs.clone())
}
