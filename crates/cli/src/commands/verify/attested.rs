//! `plimsoll verify --repo`: attestations by which GitHub says what a workflow built.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::bundle::{Bundle, Content};
use plimsoll_supply::error::Error;
use plimsoll_supply::github::{Demands, SigningWorkflow};
use plimsoll_supply::intoto::Statement;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{Report, step, verify};

use crate::clock;
use crate::exit::Usage;
use crate::trust::{self, Kept};

/// Where it must have been built.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "GitHub attestations")]
pub(super) struct Flags {
    /// The repository whose workflow must have built it
    #[arg(long, value_name = "OWNER/NAME", conflicts_with_all = ["key", "certificate_chain", "signature"])]
    repo: Option<String>,

    /// The owner of the repository whose workflow must have built it
    #[arg(long, value_name = "OWNER", conflicts_with_all = ["repo", "key", "certificate_chain", "signature"])]
    owner: Option<String>,

    /// The repository of the reusable workflow that signed
    #[arg(long, value_name = "OWNER/NAME", conflicts_with = "signer_workflow")]
    signer_repo: Option<String>,

    /// The workflow that signed
    #[arg(long, value_name = "[HOST/]OWNER/NAME/PATH")]
    signer_workflow: Option<String>,

    /// The commit of the workflow that signed
    #[arg(long, value_name = "SHA")]
    signer_digest: Option<String>,

    /// The reference that it must have been built from, such as `refs/tags/v1`
    #[arg(long, value_name = "REF")]
    source_ref: Option<String>,

    /// The commit that it must have been built from
    #[arg(long, value_name = "SHA")]
    source_digest: Option<String>,

    /// Refuse what was built on a machine of the owner's
    #[arg(long)]
    deny_self_hosted_runners: bool,

    /// GitHub's host
    #[arg(long, value_name = "HOST")]
    hostname: Option<String>,
}

impl Flags {
    /// What is demanded, if anything is.
    pub(super) fn demands(&self) -> Result<Option<Demands>, Usage> {
        let (owner, repository) = match (&self.repo, &self.owner) {
            (Some(repo), _) => {
                let parts = repo.split_once('/').filter(|(owner, name)| {
                    !owner.is_empty() && !name.is_empty() && !name.contains('/')
                });
                let why = || Usage(format!("`{repo}` is not of the form OWNER/NAME"));
                let (owner, name) = parts.ok_or_else(why)?;
                (owner.to_owned(), Some(name.to_owned()))
            }
            (None, Some(owner)) => (owner.clone(), None),
            (None, None) if self.is_given() => {
                let why = "name where it must have been built: --repo OWNER/NAME or --owner OWNER";
                return Err(Usage(why.into()));
            }
            (None, None) => return Ok(None),
        };
        let signer = self.signer_repo.clone().map(SigningWorkflow::Repository);
        let signer = signer.or_else(|| self.signer_workflow.clone().map(SigningWorkflow::Path));
        Ok(Some(Demands {
            owner,
            repository,
            signer,
            host: self.hostname.clone(),
            issuer: None,
            deny_self_hosted: self.deny_self_hosted_runners,
            source_ref: self.source_ref.clone(),
            source_digest: self.source_digest.clone(),
            signer_digest: self.signer_digest.clone(),
        }))
    }

    fn is_given(&self) -> bool {
        self.deny_self_hosted_runners
            || [&self.signer_repo, &self.signer_workflow, &self.signer_digest]
                .into_iter()
                .chain([&self.source_ref, &self.source_digest, &self.hostname])
                .any(Option::is_some)
    }
}

/// The roots that may have certified a workflow: those in `file`, else the default and GitHub's
/// own, which certifies the workflows of private repositories.
pub(super) fn roots(file: Option<&Path>) -> anyhow::Result<Vec<TrustedRoot>> {
    let Some(file) = file else {
        let mut roots = vec![trust::default_root()?];
        roots.extend(Kept::named("github").trusted_root()?);
        return Ok(roots);
    };
    let shown = file.display();
    let bytes = fs::read(file).with_context(|| format!("cannot read `{shown}`"))?;
    TrustedRoot::all_from_json(&format!("`{shown}`"), &bytes).with_context(|| format!("`{shown}`"))
}

/// Judges one bundle under the root that fits it best.
pub(super) fn judge(
    bundle: Result<Bundle, Error>,
    place: &str,
    artefact: &Artefact,
    roots: &[TrustedRoot],
    demands: &Demands,
) -> Report {
    let unreadable =
        |error: &Error| Report::unreadable(step::BUNDLE, "a signature", &error.to_string(), place);
    let bundle = match bundle {
        Ok(bundle) => bundle,
        Err(error) => return unreadable(&error),
    };
    if !matches!(bundle.content, Content::Envelope(_)) {
        return unreadable(&Error::unsupported("attestation", "a signature without a statement"));
    }
    let mut best: Option<Report> = None;
    for root in roots {
        let report = match demands.policy(&bundle, root) {
            Ok(policy) => verify(&bundle, artefact, root, &policy, clock::now()),
            Err(error) => return unreadable(&error),
        };
        if report.verified {
            return report;
        }
        // Of two refusals the one with fewer faults says more.
        let fewer = |other: &Report| report.failures().count() < other.failures().count();
        if best.as_ref().is_none_or(fewer) {
            best = Some(report);
        }
    }
    best.unwrap_or_default()
}

/// The type of a bundle's statement.
pub(super) fn predicate_type(bundle: &Bundle) -> Option<String> {
    match &bundle.content {
        Content::Envelope(envelope) => Some(Statement::of(envelope).ok()?.predicate_type),
        Content::Message { .. } => None,
    }
}
