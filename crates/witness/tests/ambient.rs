//! The tokens that pipelines and clusters have for whoever runs in them.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plimsoll_testkit::{Reply, Server};
use plimsoll_witness::oidc::{Surroundings, Token};
use plimsoll_witness::{Web, WitnessError};

const WORKFLOW: &str = "repo:org/app:ref:refs/heads/main";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

fn jwt(issuer: &str, subject: &str) -> String {
    let claims = format!(r#"{{"iss":"{issuer}","sub":"{subject}","aud":"sigstore"}}"#);
    format!("e30.{}.c2VjcmV0", URL_SAFE_NO_PAD.encode(claims))
}

fn found(set: &[(&str, &str)], file: &Path) -> Result<Option<Token>, WitnessError> {
    let set: BTreeMap<&str, &str> = set.iter().copied().collect();
    let variable = |name: &str| set.get(name).map(|value| (*value).to_owned());
    Surroundings { variable: &variable, projected: file }.token(&Web::new().unwrap())
}

fn subject(found: Result<Option<Token>, WitnessError>) -> Option<String> {
    found.unwrap().map(|token| token.subject().to_owned())
}

const NOWHERE: &str = "/nonexistent/token";

#[test]
fn a_workflow_on_github_asks_for_its_token() {
    let server = Server::start(|request| {
        if request.header("authorization") != Some("Bearer request-secret") {
            return Reply::new(401, r#"{"message":"no"}"#);
        }
        Reply::new(200, format!(r#"{{"count":1,"value":"{}"}}"#, jwt(GITHUB, WORKFLOW)))
    });
    let url = format!("http://{}/token?api-version=2.0", server.host());
    let set = [
        ("GITHUB_ACTIONS", "true"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-secret"),
    ];
    let token = found(&set, Path::new(NOWHERE)).unwrap().unwrap();
    assert_eq!((token.subject(), token.issuer()), (WORKFLOW, GITHUB));
    assert_eq!(server.requests().first().unwrap().path, "/token?api-version=2.0&audience=sigstore");

    let set = [set[0], set[1], ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "other-secret")];
    let refused = found(&set, Path::new(NOWHERE)).unwrap_err().to_string();
    assert!(refused.contains("status 401") && !refused.contains("secret"), "{refused}");
}

#[test]
fn a_job_that_was_not_given_a_token_is_told_how_to_ask_for_one() {
    let nowhere = Path::new(NOWHERE);
    let github = found(&[("GITHUB_ACTIONS", "true")], nowhere).unwrap_err().to_string();
    assert!(github.contains("permissions: id-token: write"), "{github}");
    let gitlab = found(&[("GITLAB_CI", "true")], nowhere).unwrap_err().to_string();
    assert!(gitlab.contains("SIGSTORE_ID_TOKEN: aud: sigstore"), "{gitlab}");
    assert!(found(&[], nowhere).unwrap().is_none(), "a person may log in");
}

#[test]
fn a_job_on_gitlab_and_a_pod_have_theirs_ready() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("oidc-token");
    let pod = "system:serviceaccount:ci:builder";
    std::fs::write(&file, format!("{}\n", jwt("https://kubernetes.default.svc", pod))).unwrap();
    assert_eq!(subject(found(&[], &file)).as_deref(), Some(pod));
    let job = jwt("https://gitlab.com", "project_path:org/app:ref_type:branch:ref:main");
    let set = [("SIGSTORE_ID_TOKEN", job.as_str()), ("GITLAB_CI", "true")];
    let named = "project_path:org/app:ref_type:branch:ref:main";
    assert_eq!(subject(found(&set, &file)).as_deref(), Some(named), "what is named comes first");
    std::fs::write(&file, "no token").unwrap();
    let broken = found(&[], &file).unwrap_err().to_string();
    assert!(broken.contains("three parts"), "{broken}");
}
