//! What a certificate of Fulcio says about a workflow of GitHub Actions.
//!
//! Older certificates hold bare texts under other identifiers; where both are there they must
//! agree. Source: <https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md>.

use super::refusal::{Refusal, RefusalKind};
use crate::certificate::{Certificate, Identity, SubjectName};

const GITHUB: &str = "https://github.com/";

/// The issuer of the tokens of GitHub Actions.
pub(super) const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// A run of a workflow.
#[derive(Debug, Clone)]
pub(super) struct Workflow {
    /// The workflow that signed: its address without the reference.
    pub(super) name: String,
    /// The reference of that workflow.
    pub(super) reference: String,
    /// Its commit.
    pub(super) signer_digest: Option<String>,
    /// Whether it ran on a machine of GitHub's (`github-hosted`) or another (`self-hosted`).
    pub(super) runner: Option<String>,
    /// The repository that started it, without the host.
    pub(super) repository: String,
    /// The commit that started it.
    pub(super) commit: String,
    pub(super) source_ref: Option<String>,
    pub(super) repository_id: Option<String>,
    pub(super) owner_id: Option<String>,
    /// The event that started it.
    pub(super) trigger: String,
    /// The path of the workflow that was started.
    pub(super) config_path: Option<String>,
    /// Number and attempt of the run, as `NUMBER/attempts/ATTEMPT`.
    pub(super) run_id: Option<String>,
    /// Who vouched for all this.
    pub(super) issuer: String,
}

impl Workflow {
    pub(super) fn of(certificate: &Certificate) -> Result<Self, Refusal> {
        let identity = Identity::of(certificate)
            .map_err(|error| Refusal::new(RefusalKind::InvalidCertificate, error.to_string()))?;
        let text = |name: &str| identity.extension(name).filter(|it| !it.is_empty());
        let owned = |name: &str| text(name).map(str::to_owned);
        let uri = identity.names.iter().find_map(|name| match name {
            SubjectName::Uri(uri) => Some(uri.as_str()),
            _ => None,
        });
        let uri = uri.ok_or_else(|| format_error("the certificate names no workflow"))?;
        let trigger = agreed("trigger", text("githubWorkflowTrigger"), text("buildTrigger"))?;
        let commit = agreed("commit", text("githubWorkflowSHA"), text("sourceRepositoryDigest"))?;
        agreed("commit", Some(&commit), text("buildConfigDigest"))?;
        let issuer = identity.issuer.clone().unwrap_or_default();
        if issuer.is_empty() {
            return Err(format_error("the certificate names no issuer"));
        }

        let old = text("githubWorkflowRepository");
        let new = text("sourceRepositoryURI");
        if let (Some(old), Some(new)) = (old, new)
            && format!("{GITHUB}{old}") != new
        {
            return Err(format_error(format!("two repositories: `{old}` and `{new}`")));
        }
        let repository = new.map(|uri| uri.strip_prefix(GITHUB).unwrap_or(uri)).or(old);
        let repository = repository.unwrap_or_default().to_owned();
        let config_path = match text("buildConfigURI") {
            Some(uri) => Some(config_path(uri, &repository)?),
            None => None,
        };
        let runs = format!("{GITHUB}{repository}/actions/runs/");
        let run_id = text("runInvocationURI").map(|uri| uri.strip_prefix(&runs).unwrap_or(uri));
        let (name, reference) = split_workflow(uri)?;
        Ok(Self {
            name: name.to_owned(),
            reference: reference.to_owned(),
            signer_digest: owned("buildSignerDigest"),
            runner: owned("runnerEnvironment"),
            repository,
            commit,
            source_ref: owned("sourceRepositoryRef"),
            repository_id: owned("sourceRepositoryIdentifier"),
            owner_id: owned("sourceRepositoryOwnerIdentifier"),
            trigger,
            config_path,
            run_id: run_id.map(str::to_owned),
            issuer,
        })
    }

    /// The path of the workflow that signed, with its reference, without host and leading slash.
    pub(super) fn path_and_ref(&self) -> String {
        let path = self.name.split_once("://").map_or(self.name.as_str(), |(_, rest)| rest);
        let path = path.split_once('/').map_or("", |(_, path)| path);
        format!("{path}@{}", self.reference)
    }

    /// Number and attempt of the run; empty where the certificate does not say.
    pub(super) fn run(&self) -> Result<(&str, &str), Refusal> {
        let Some(id) = &self.run_id else { return Ok(("", "")) };
        let parts: Vec<&str> = id.split('/').collect();
        match parts.as_slice() {
            [number, _, attempt] => Ok((number, attempt)),
            _ => Err(format_error(format!("the run `{id}`"))),
        }
    }
}

/// A claim of which an older and a newer form exist: one of them must be there.
fn agreed(what: &str, old: Option<&str>, new: Option<&str>) -> Result<String, Refusal> {
    match (old, new) {
        (Some(old), Some(new)) if old != new => {
            Err(format_error(format!("two of what should be one {what}: `{old}` and `{new}`")))
        }
        (Some(one), _) | (None, Some(one)) => Ok(one.to_owned()),
        (None, None) => Err(format_error(format!("the certificate names no {what}"))),
    }
}

fn config_path(uri: &str, repository: &str) -> Result<String, Refusal> {
    let prefix = format!("{GITHUB}{repository}/");
    match uri.split_once('@') {
        Some((path, reference)) if !reference.contains('@') => path
            .strip_prefix(&prefix)
            .map(str::to_owned)
            .ok_or_else(|| format_error(format!("`{path}` is not in `{prefix}`"))),
        _ => Err(format_error(format!("the workflow `{uri}`"))),
    }
}

/// Address and reference of `https://github.com/org/repo/path@ref`.
fn split_workflow(uri: &str) -> Result<(&str, &str), Refusal> {
    let path_at = uri.find("://").and_then(|at| uri.get(at + 3..)?.find('/').map(|it| at + 3 + it));
    let path_at = path_at.ok_or_else(|| format_error(format!("the workflow `{uri}`")))?;
    let at = uri.rfind('@').filter(|at| *at > path_at);
    let parts = at.and_then(|at| Some((uri.get(..at)?, uri.get(at + 1..)?)));
    match parts {
        Some((name, reference)) if !reference.is_empty() => Ok((name, reference)),
        _ => {
            let why = format!("the workflow `{uri}` has no reference");
            Err(Refusal::new(RefusalKind::MalformedURI, why))
        }
    }
}

fn format_error(why: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::InvalidFormat, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_is_split_at_its_last_at_sign() {
        let uri = "https://github.com/o/r/.github/workflows/w.yml@refs/heads/main";
        let parts = ("https://github.com/o/r/.github/workflows/w.yml", "refs/heads/main");
        assert_eq!(split_workflow(uri), Ok(parts));
        for wrong in
            ["https://github.com/o/r", "https://user@github.com/o", "mail@host", "https://h/p@"]
        {
            assert!(split_workflow(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn two_forms_of_a_claim_must_agree() {
        assert_eq!(agreed("x", Some("a"), Some("a")).as_deref(), Ok("a"));
        assert_eq!(agreed("x", None, Some("a")).as_deref(), Ok("a"));
        assert!(agreed("x", Some("a"), Some("b")).is_err());
        assert!(agreed("x", None, None).is_err());
    }
}
