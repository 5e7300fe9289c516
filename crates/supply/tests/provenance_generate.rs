//! Provenance made from the environment of CI systems: its form, and that no secret comes into it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::collections::HashMap;

use plimsoll_supply::provenance::generate::checkout::Checkout;
use plimsoll_supply::provenance::generate::{Build, Environment, EnvironmentError, Place, Version};
use serde_json::{Value, json};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn github() -> HashMap<&'static str, &'static str> {
    HashMap::from([
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "octo/app"),
        ("GITHUB_REPOSITORY_ID", "17"),
        ("GITHUB_REPOSITORY_OWNER_ID", "18"),
        ("GITHUB_REF", "refs/tags/v1.2.3"),
        ("GITHUB_SHA", COMMIT),
        ("GITHUB_WORKFLOW_REF", "octo/app/.github/workflows/release.yml@refs/tags/v1.2.3"),
        ("GITHUB_WORKFLOW_SHA", COMMIT),
        ("GITHUB_RUN_ID", "42"),
        ("GITHUB_RUN_ATTEMPT", "2"),
        ("GITHUB_EVENT_NAME", "workflow_dispatch"),
        ("RUNNER_ENVIRONMENT", "github-hosted"),
        ("RUNNER_OS", "Linux"),
        ("RUNNER_ARCH", "X64"),
        // What no statement may ever have.
        ("GITHUB_TOKEN", "ghs_planted_secret"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "planted_secret_id_token"),
        ("NPM_TOKEN", "npm_planted_secret"),
    ])
}

fn gitlab() -> HashMap<&'static str, &'static str> {
    HashMap::from([
        ("GITLAB_CI", "true"),
        ("CI_PROJECT_URL", "https://gitlab.example/group/app"),
        ("CI_PROJECT_ID", "5"),
        ("CI_COMMIT_SHA", COMMIT),
        ("CI_COMMIT_REF_NAME", "main"),
        ("CI_COMMIT_BRANCH", "main"),
        ("CI_CONFIG_PATH", ".gitlab-ci.yml"),
        ("CI_JOB_NAME", "build image"),
        ("CI_JOB_ID", "99"),
        ("CI_JOB_URL", "https://gitlab.example/group/app/-/jobs/99"),
        ("CI_JOB_STAGE", "build"),
        ("CI_JOB_STARTED_AT", "2024-01-02T03:04:05Z"),
        ("CI_JOB_IMAGE", "docker:27"),
        ("CI_PIPELINE_ID", "7"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("CI_RUNNER_ID", "12"),
        ("CI_RUNNER_VERSION", "17.5.0"),
        ("CI_RUNNER_EXECUTABLE_ARCH", "linux/amd64"),
        ("CI_JOB_TOKEN", "planted_secret_job"),
        (
            "CI_REPOSITORY_URL",
            "https://gitlab-ci-token:planted_secret_url@gitlab.example/group/app.git",
        ),
        ("CI_REGISTRY_PASSWORD", "planted_secret_registry"),
    ])
}

fn of_github(
    variables: &HashMap<&'static str, &'static str>,
    event: Option<&str>,
) -> Result<Build, EnvironmentError> {
    let lookup = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    Build::of_github(&Environment::new(&lookup), event.map(str::as_bytes))
}

#[test]
fn a_run_on_github_is_written_as_githubs_own_attestations_are() {
    let event =
        r#"{"inputs": {"channel": "stable", "dry": false}, "sender": {"token": "planted_secret"}}"#;
    let build = of_github(&github(), Some(event)).unwrap();
    insta::assert_json_snapshot!(build.predicate(Version::V1), @r#"
    {
      "buildDefinition": {
        "buildType": "https://actions.github.io/buildtypes/workflow/v1",
        "externalParameters": {
          "inputs": {
            "channel": "stable",
            "dry": false
          },
          "workflow": {
            "path": ".github/workflows/release.yml",
            "ref": "refs/tags/v1.2.3",
            "repository": "https://github.com/octo/app"
          }
        },
        "internalParameters": {
          "github": {
            "event_name": "workflow_dispatch",
            "repository_id": "17",
            "repository_owner_id": "18",
            "runner_environment": "github-hosted"
          },
          "runner": {
            "arch": "X64",
            "os": "Linux"
          }
        },
        "resolvedDependencies": [
          {
            "digest": {
              "gitCommit": "0123456789abcdef0123456789abcdef01234567"
            },
            "uri": "git+https://github.com/octo/app@refs/tags/v1.2.3"
          }
        ]
      },
      "runDetails": {
        "builder": {
          "id": "https://github.com/octo/app/.github/workflows/release.yml@refs/tags/v1.2.3"
        },
        "metadata": {
          "invocationId": "https://github.com/octo/app/actions/runs/42/attempts/2"
        }
      }
    }
    "#);
}

#[test]
fn version_0_2_names_source_workflow_and_materials() {
    let predicate = of_github(&github(), None).unwrap().predicate(Version::V0_2);
    let source = &predicate["invocation"]["configSource"];
    assert_eq!(source["entryPoint"], ".github/workflows/release.yml");
    assert_eq!(source["digest"], json!({"sha1": COMMIT}));
    assert_eq!(predicate["materials"][0]["uri"], source["uri"]);
    assert_eq!(predicate["metadata"]["completeness"]["materials"], false);
    assert_eq!(predicate["builder"]["id"].as_str().unwrap().matches('@').count(), 1);
}

#[test]
fn a_job_on_gitlab_is_named_by_its_runner() {
    let variables = gitlab();
    let lookup = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    let environment = Environment::new(&lookup);
    assert_eq!(Place::of(&environment), Place::GitLab);
    let predicate = Build::of_gitlab(&environment).unwrap().predicate(Version::V1);
    let definition = &predicate["buildDefinition"];
    assert_eq!(
        definition["externalParameters"],
        json!({
            "source": "https://gitlab.example/group/app", "entryPoint": "build image",
            "ref": "refs/heads/main", "configPath": ".gitlab-ci.yml", "pipelineSource": "push",
            "image": "docker:27",
        })
    );
    assert_eq!(definition["resolvedDependencies"][0]["digest"]["gitCommit"], COMMIT);
    let details = &predicate["runDetails"];
    assert_eq!(details["builder"]["id"], "https://gitlab.example/group/app/-/runners/12");
    assert_eq!(details["metadata"]["startedOn"], "2024-01-02T03:04:05Z");
    assert_eq!(details["metadata"]["invocationId"], "https://gitlab.example/group/app/-/jobs/99");
}

#[test]
fn no_planted_secret_comes_into_a_predicate() {
    let mut all: Vec<Value> = Vec::new();
    let event = r#"{"inputs": {"a": "b"}, "repository": {"hooks": "planted_secret"}}"#;
    let mut variables = github();
    variables.insert("GITHUB_SERVER_URL", "https://me:planted_secret@github.com");
    let build = of_github(&variables, Some(event)).unwrap();
    let mut variables = gitlab();
    variables.insert("CI_PROJECT_URL", "https://me:planted_secret@gitlab.example/group/app");
    variables.insert("CI_CONFIG_PATH", "https://x:planted_secret@host/ci.yml");
    let lookup = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    let job = Build::of_gitlab(&Environment::new(&lookup)).unwrap();
    let checkout = Build::of_checkout(&Checkout {
        commit: COMMIT.into(),
        remote: Some("https://planted_secret@git.example/app.git?token=planted_secret".into()),
        ..Checkout::default()
    });
    for build in [build, job, checkout] {
        all.extend([Version::V1, Version::V0_2].map(|version| build.predicate(version)));
    }
    for predicate in all {
        let text = predicate.to_string();
        assert!(!text.contains("planted_secret"), "{text}");
        assert!(text.contains(COMMIT), "{text}");
    }
}

#[test]
fn a_variable_that_is_not_what_it_should_be_is_named() {
    for (name, value, said) in [
        ("GITHUB_SHA", "main", "`GITHUB_SHA` is not a commit"),
        ("GITHUB_REPOSITORY", "octo/app/../..", "`GITHUB_REPOSITORY` is not of the form"),
        ("GITHUB_WORKFLOW_REF", "other/app/w.yml@main", "`GITHUB_WORKFLOW_REF` is not a workflow"),
        ("GITHUB_SERVER_URL", "javascript:alert(1)", "`GITHUB_SERVER_URL` is not an address"),
        ("GITHUB_RUN_ID", "1/../2", "`GITHUB_RUN_ID` is not a number"),
        ("GITHUB_REF", "", "`GITHUB_REF` is not set"),
    ] {
        let mut variables = github();
        variables.insert(name, value);
        let error = of_github(&variables, None).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn hostile_events_are_refused_with_their_reason() {
    let many: serde_json::Map<String, Value> =
        (0..101).map(|at| (at.to_string(), json!("x"))).collect();
    for (event, said) in [
        ("{".to_owned(), "EOF"),
        (r#"{"inputs": [1]}"#.into(), "its inputs are no object"),
        (r#"{"inputs": {"a": {"b": 1}}}"#.into(), "`a` is no plain value"),
        (r#"{"inputs": {"a": 1}, "inputs": {"a": 2}}"#.into(), "inputs"),
        (json!({"inputs": many}).to_string(), "more than 100 inputs"),
        (json!({"inputs": {"a": "x".repeat(70_000)}}).to_string(), "no plain value"),
        (format!("{}{}", "[".repeat(500), "]".repeat(500)), "recursion"),
    ] {
        let error = of_github(&github(), Some(&event)).unwrap_err().to_string();
        assert!(error.contains(said), "{said}: {error}");
    }
    assert!(of_github(&github(), Some(r#"{"inputs": null}"#)).is_ok());
}

proptest::proptest! {
    #[test]
    fn no_environment_and_no_event_panics(
        name in 0_usize..18, value in "\\PC{0,80}", event in "\\PC{0,120}", form in 0..3,
    ) {
        let mut variables: HashMap<String, String> =
            github().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut names: Vec<String> = variables.keys().cloned().collect();
        names.sort();
        variables.insert(names[name % names.len()].clone(), value);
        let event = match form {
            0 => event,
            1 => format!("{{\"inputs\": {event}}}"),
            _ => json!({"inputs": {"a": event}}).to_string(),
        };
        let lookup = |name: &str| variables.get(name).cloned();
        let environment = Environment::new(&lookup);
        if let Ok(build) = Build::of_github(&environment, Some(event.as_bytes())) {
            for version in [Version::V1, Version::V0_2] {
                proptest::prop_assert!(!build.predicate(version).to_string().contains("planted"));
            }
        }
    }
}
