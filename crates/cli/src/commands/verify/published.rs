//! Attestations of the Python package index: of a file with what is at hand or at the index, or of
//! every file of a version.

use anyhow::Context as _;
use plimsoll_model::Purl;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::hash::HashAlgorithm;
use plimsoll_supply::pypi::{self, Demand, Distribution};
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{Report, step};
use plimsoll_witness::PackageRegistry;

use super::{Verify, trusted_root};
use crate::exit::{Outcome, Usage, tell};
use crate::{clock, package_registry};

/// A distribution and what attests it.
struct Distributed<'d> {
    /// What it is called here.
    shown: &'d str,
    /// The name of its file.
    file: &'d str,
    artefact: Artefact,
    /// Where the attestations are, and they.
    place: String,
    attestations: Option<Vec<u8>>,
}

impl Verify {
    /// Attestations of the Python package index: one that holds is enough for a file.
    pub(super) fn published(&self, demand: &Demand) -> anyhow::Result<Outcome> {
        let root = trusted_root(self.trusted_root.as_deref())?;
        let named = self.only()?.to_string_lossy().into_owned();
        if named.starts_with("pkg:") {
            return self.published_version(&named, &root, demand);
        }
        let (shown, artefact) = self.opened()?;
        let file = self.only()?.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (place, attestations) = if self.evidence.is_given() {
            let (place, bytes) = self.evidence.named()?;
            (place, Some(bytes))
        } else {
            let parsed = Distribution::parse(&file).map_err(|error| {
                Usage(format!(
                    "{error} is of no distribution that the index could be asked about: name the \
                     attestation with --bundle"
                ))
            })?;
            let version = Distribution::written_version(&file).unwrap_or_default();
            let index = self.index()?;
            let place = index.address().to_owned();
            (place, index.python_provenance(&parsed.project, version, &file)?)
        };
        let one = Distributed { shown: &shown, file: &file, artefact, place, attestations };
        let verified = self.judge_distribution(&one, &root, demand)?;
        Ok(if verified { Outcome::Clean } else { Outcome::Gate(1) })
    }

    /// Every file of a version, of which each must be attested.
    fn published_version(
        &self,
        named: &str,
        root: &TrustedRoot,
        demand: &Demand,
    ) -> anyhow::Result<Outcome> {
        let purl: Purl = named.parse().map_err(|error| Usage(format!("{error}")))?;
        if purl.kind != "pypi" || purl.version.is_empty() {
            let why = format!("`{named}` is not of the form pkg:pypi/NAME@VERSION");
            return Err(Usage(why).into());
        }
        if self.evidence.is_given() {
            let why = "`--bundle` is evidence about one file, not about all of a version";
            return Err(Usage(why.into()).into());
        }
        let (project, version) = (&purl.name, &purl.version);
        let index = self.index()?;
        let address = index.address().to_owned();
        let listed = index.python_project(project)?;
        let listed = listed.with_context(|| format!("`{address}` has no project `{project}`"))?;
        let files = pypi::files(&listed, project, version)?;
        if files.is_empty() {
            anyhow::bail!("`{address}` has no wheel or source distribution of {project} {version}");
        }
        let mut outcome = Outcome::Clean;
        for file in files {
            let attestations = index.python_provenance(project, version, &file.name)?;
            if attestations.is_none() && file.is_attested {
                let name = &file.name;
                anyhow::bail!(
                    "`{address}` says that it has attestations of `{name}`, but hands out none, as \
                     mirrors do: name another index with `--index-url`"
                );
            }
            let one = Distributed {
                shown: &file.name,
                file: &file.name,
                artefact: Artefact::digest_only(HashAlgorithm::Sha256, file.sha256.clone()),
                place: address.clone(),
                attestations,
            };
            if !self.judge_distribution(&one, root, demand)? {
                outcome = Outcome::Gate(1);
            }
        }
        Ok(outcome)
    }

    /// The index, unless no connection may be opened.
    fn index(&self) -> anyhow::Result<PackageRegistry> {
        if self.offline {
            let why = "`--offline` asks no index: name the attestation with --bundle FILE";
            return Err(Usage(why.into()).into());
        }
        package_registry::python(self.attested.index())
    }

    /// Whether one of the attestations holds; the report of that one, or of all, is printed.
    fn judge_distribution(
        &self,
        one: &Distributed<'_>,
        root: &TrustedRoot,
        demand: &Demand,
    ) -> anyhow::Result<bool> {
        let Distributed { shown, file, artefact, place, attestations } = one;
        let unreadable =
            |found: &str| Report::unreadable(step::BUNDLE, "an attestation", found, place);
        let reports: Vec<Report> = match attestations.as_deref().map(pypi::read) {
            None => vec![unreadable("the index has none of this file")],
            Some(Err(error)) => vec![unreadable(&error.to_string())],
            Some(Ok(all)) => {
                all.iter().map(|it| it.verify(file, artefact, root, demand, clock::now())).collect()
            }
        };
        if let Some(good) = reports.iter().find(|it| it.verified) {
            self.print(shown, artefact, good)?;
            return Ok(true);
        }
        for report in &reports {
            self.print(shown, artefact, report)?;
        }
        if reports.is_empty() {
            tell(&format!("refused: `{place}` holds no attestation"));
        }
        Ok(false)
    }
}
