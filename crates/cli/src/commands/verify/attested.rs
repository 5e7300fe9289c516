//! `plimsoll verify --repo`: attestations by which GitHub says what a workflow built.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::bundle::{Bundle, Content};
use plimsoll_supply::error::Error;
use plimsoll_supply::github::{Demands, SigningWorkflow};
use plimsoll_supply::intoto::Statement;
use plimsoll_supply::npm;
use plimsoll_supply::pypi;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{Report, Status, Step, step, verify};

use crate::clock;
use crate::exit::Usage;
use crate::trust::{self, Kept};

/// Where it must have been built.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "GitHub attestations")]
pub(super) struct Flags {
    /// The repository whose workflow must have built it
    #[arg(long, value_name = "OWNER/NAME", conflicts_with_all = ["key", "certificate_chain", "signature", "require", "annotations"])]
    repo: Option<String>,

    /// The owner of the repository whose workflow must have built it
    #[arg(long, value_name = "OWNER", conflicts_with_all = ["repo", "key", "certificate_chain", "signature", "require", "annotations"])]
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

    /// The publisher on the Python package index who must attest it: a repository's address on
    /// github.com or gitlab.com, or a service account's; the bundle is an attestation or
    /// provenance of PEP 740, and without one the index is asked. Instead of a file,
    /// `pkg:pypi/NAME@VERSION` stands for all files of a version
    #[arg(long, value_name = "URL|EMAIL", conflicts_with_all = ["repo", "owner", "key", "certificate_chain", "signature", "require", "annotations"])]
    pypi_publisher: Option<String>,

    /// The Python index that is asked [default: as pip is set up here]
    #[arg(long, value_name = "URL", requires = "pypi_publisher")]
    index_url: Option<String>,

    /// The version of an npm package that the registry must have signed; the bundle is what the
    /// registry says at `/NAME`
    #[arg(long, value_name = "NAME@VERSION", conflicts_with_all = ["pypi_publisher", "repo", "owner", "key", "certificate_chain", "signature", "require", "annotations"])]
    npm_package: Option<String>,

    /// The registry's keys, as it lists them at `/-/npm/v1/keys`, instead of npmjs.org's that are
    /// built in
    #[arg(long, value_name = "FILE", requires = "npm_package")]
    npm_keys: Option<PathBuf>,

    /// GitHub's host
    #[arg(long, value_name = "HOST")]
    hostname: Option<String>,
}

impl Flags {
    /// Who must have published it on the Python package index, if anybody must.
    pub(super) fn publisher(&self) -> Result<Option<pypi::Demand>, Usage> {
        let Some(name) = &self.pypi_publisher else { return Ok(None) };
        let known = ["https://github.com/", "https://gitlab.com/"];
        match name.as_str() {
            name if known.iter().any(|host| name.starts_with(host)) => {
                Ok(Some(pypi::Demand::Repository(name.to_owned())))
            }
            name if name.contains('@') && !name.contains('/') => {
                Ok(Some(pypi::Demand::Account(name.to_owned())))
            }
            name => Err(Usage(format!(
                "`{name}` is neither below {} nor an address of an account",
                known.join(" or ")
            ))),
        }
    }

    /// The Python index that is named.
    pub(super) fn index(&self) -> Option<&str> {
        self.index_url.as_deref()
    }

    /// The npm package that must be signed, and the registry's keys.
    pub(super) fn package(&self) -> anyhow::Result<Option<(String, String, npm::Keys)>> {
        let Some(package) = &self.npm_package else { return Ok(None) };
        // The name of a package in a scope begins with `@`.
        let parts = package.rsplit_once('@').filter(|(name, _)| !name.is_empty());
        let why = || Usage(format!("`{package}` is not of the form NAME@VERSION"));
        let (name, version) = parts.ok_or_else(why)?;
        let keys = match &self.npm_keys {
            None => npm::Keys::built_in()?,
            Some(file) => {
                let shown = file.display();
                let bytes = fs::read(file).with_context(|| format!("cannot read `{shown}`"))?;
                npm::Keys::parse(&bytes).with_context(|| format!("`{shown}`"))?
            }
        };
        Ok(Some((name.to_owned(), version.to_owned(), keys)))
    }

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

/// Judges what a registry says of a package's version.
pub(super) fn judge_package(
    said: &[u8],
    place: &str,
    artefact: &Artefact,
    (name, version, keys): &(String, String, npm::Keys),
) -> Report {
    let expected = format!("{name}@{version}, signed by the registry");
    let found = npm::Version::parse(said, Some(version)).and_then(|found| {
        if found.name == *name {
            return found.verify(artefact, keys);
        }
        Err(Error::malformed("npm package", format!("it is of `{}`", found.name)))
    });
    match found {
        Err(error) => Report::unreadable(step::SIGNATURE, &expected, &error.to_string(), place),
        Ok(keys) => Report {
            verified: true,
            steps: vec![Step {
                name: step::SIGNATURE,
                status: Status::Passed,
                expected,
                found: format!("a signature by {}", keys.join(", ")),
                place: place.to_owned(),
            }],
            ..Report::default()
        },
    }
}

/// The type of a bundle's statement.
pub(super) fn predicate_type(bundle: &Bundle) -> Option<String> {
    match &bundle.content {
        Content::Envelope(envelope) => Some(Statement::of(envelope).ok()?.predicate_type),
        Content::Message { .. } => None,
    }
}
