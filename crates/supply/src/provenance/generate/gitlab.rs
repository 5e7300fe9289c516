//! A job in GitLab CI/CD. The fields are those of GitLab's own provenance where it has them; the
//! kind of build is our own, because GitLab's promises all variables, and values of variables are
//! what must not be published.
//!
//! Source: <https://docs.gitlab.com/ci/pipeline_security/slsa/provenance_v1>.

use serde_json::{Map, Value};

use super::environment::{Environment, EnvironmentError};
use super::{BUILD_TYPES, Build, source};
use crate::provenance::generate::uri::without_credentials;

pub(super) fn build(environment: &Environment<'_>) -> Result<Build, EnvironmentError> {
    let project = environment.address("CI_PROJECT_URL")?;
    let commit = environment.commit("CI_COMMIT_SHA")?;
    let job = environment.required("CI_JOB_NAME")?;
    let runner = environment
        .number("CI_RUNNER_ID")
        .ok_or(EnvironmentError::Malformed { name: "CI_RUNNER_ID", expected: "a number" })?;
    let reference = reference(environment);
    let mut external = Map::new();
    external.insert("source".into(), project.clone().into());
    external.insert("entryPoint".into(), job.clone().into());
    if !reference.is_empty() {
        external.insert("ref".into(), reference.clone().into());
    }
    let config = environment.get("CI_CONFIG_PATH").unwrap_or_else(|| ".gitlab-ci.yml".into());
    let config = if config.contains("://") { without_credentials(&config) } else { config };
    external.insert("configPath".into(), config.clone().into());
    texts(
        environment,
        &mut external,
        &[("pipelineSource", "CI_PIPELINE_SOURCE"), ("image", "CI_JOB_IMAGE")],
    );
    let mut about = Map::from_iter([("id".to_owned(), Value::from(runner.clone()))]);
    texts(
        environment,
        &mut about,
        &[("version", "CI_RUNNER_VERSION"), ("architecture", "CI_RUNNER_EXECUTABLE_ARCH")],
    );
    let mut internal = Map::from_iter([("runner".to_owned(), Value::Object(about))]);
    texts(
        environment,
        &mut internal,
        &[
            ("job", "CI_JOB_ID"),
            ("stage", "CI_JOB_STAGE"),
            ("pipeline", "CI_PIPELINE_ID"),
            ("project", "CI_PROJECT_ID"),
        ],
    );
    let mut build = Build {
        build_type: format!("{BUILD_TYPES}/gitlab-ci-v1.md"),
        builder_id: format!("{project}/-/runners/{runner}"),
        external,
        internal,
        dependencies: vec![source(&project, &reference, &commit)],
        invocation_id: environment.address("CI_JOB_URL").ok(),
        started: environment.get("CI_JOB_STARTED_AT").and_then(|time| time.parse().ok()),
        entry_point: format!("{config}:{job}"),
        ..Build::default()
    };
    if let Some(version) = environment.get("CI_RUNNER_VERSION") {
        build.builder_version.insert("gitlab-runner".into(), version);
    }
    Ok(build)
}

fn texts(
    environment: &Environment<'_>,
    into: &mut Map<String, Value>,
    names: &[(&str, &'static str)],
) {
    for (field, name) in names {
        if let Some(value) = environment.get(name) {
            into.insert((*field).to_owned(), value.into());
        }
    }
}

/// The full name of what is built.
fn reference(environment: &Environment<'_>) -> String {
    if let Some(tag) = environment.get("CI_COMMIT_TAG") {
        return format!("refs/tags/{tag}");
    }
    if let Some(path) = environment.get("CI_MERGE_REQUEST_REF_PATH") {
        return path;
    }
    let branch =
        environment.get("CI_COMMIT_BRANCH").or_else(|| environment.get("CI_COMMIT_REF_NAME"));
    branch.map(|branch| format!("refs/heads/{branch}")).unwrap_or_default()
}
