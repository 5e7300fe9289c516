//! `plimsoll provenance verify`: whether artefacts come from the source and builder demanded.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use plimsoll_model::{Reference, ReferenceError};
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::git::{Report, Repository, Signers, verify_tag};
use plimsoll_supply::hash::{HashAlgorithm, hex};
use plimsoll_supply::provenance::level::{Assessment, Signature, unverified_statement};
use plimsoll_supply::provenance::{
    Expectation, Refusal, SourceRevision, Verified, verify_artifact, verify_attestation,
    verify_cloud_build_image, verify_image, verify_package,
};
use plimsoll_supply::trust::TrustedRoot;

use super::judged::Judged;
use super::package::Package;
use crate::commands::verify::trusted_root;
use crate::exit::{Outcome, Usage};
use crate::target::{self, Reading};
use crate::{clock, evidence, git};

/// Check that files come from a source and a builder, by their SLSA provenance
///
/// Flags and rules are those of slsa-verifier, and the level of SLSA's build track that the evidence
/// supports is said with it. Nothing is fetched but what hangs on an image, and what the registry says
/// of a package that is named as `pkg:npm/NAME@VERSION`: provenance that holds no entry of a log is
/// checked by its certificate, and stderr says that the log's proof is missing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll provenance verify app --provenance-path app.intoto.jsonl \\
    --source-uri github.com/org/app --source-versioned-tag v1.2
  plimsoll provenance verify pkg.tgz --kind npm --provenance-path attestations.json \\
    --source-uri github.com/org/pkg --builder-id https://github.com/actions/runner/github-hosted
  plimsoll provenance verify pkg:npm/sigstore@2.3.1 --source-uri github.com/sigstore/sigstore-js \\
    --builder-id https://github.com/actions/runner/github-hosted
  plimsoll provenance verify registry.example/app@sha256:… --kind image \
    --source-uri github.com/org/app --format json

Exit codes: 0 verified, 1 refused, 2 wrong usage, 3 a file could not be read.")]
pub(super) struct Verify {
    /// Files, or images: by reference, and those of Cloud Build by digest, `sha256:…` or
    /// `name@sha256:…`. A package of npm's registry: `pkg:npm/NAME@VERSION` or `npm:NAME@VERSION`
    #[arg(value_name = "ARTIFACT", required = true)]
    artifacts: Vec<String>,

    /// The provenance; for `--kind image` what hangs on the image if it is not given
    #[arg(long, value_name = "FILE", alias = "attestations-path", alias = "attestation-path")]
    provenance_path: Option<PathBuf>,

    /// Where the provenance of an image is, if not with the image
    #[arg(long, value_name = "REPOSITORY")]
    provenance_repository: Option<String>,

    /// What kind of artefact it is
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,

    /// The repository that it must come from, such as `github.com/org/repo`
    #[arg(long, value_name = "URI")]
    source_uri: String,

    /// The branch that it must come from
    #[arg(long, value_name = "BRANCH")]
    source_branch: Option<String>,

    /// The tag that it must come from
    #[arg(long, value_name = "TAG", conflicts_with = "source_versioned_tag")]
    source_tag: Option<String>,

    /// The version in the tag; `v1` and `v1.2` stand for every version below
    #[arg(long, value_name = "TAG")]
    source_versioned_tag: Option<String>,

    /// The builder that it must come from, with or without `@version`
    #[arg(long, value_name = "ID")]
    builder_id: Option<String>,

    /// An input of a workflow that was started by hand; several times if wanted
    #[arg(long, value_name = "NAME=VALUE")]
    build_workflow_input: Vec<String>,

    /// The name of the npm package
    #[arg(long, value_name = "NAME")]
    package_name: Option<String>,

    /// The version of the npm package
    #[arg(long, value_name = "VERSION")]
    package_version: Option<String>,

    /// The npm registry that is asked about `pkg:npm/…` [default: as npm is set up here]
    #[arg(long, value_name = "URL")]
    registry: Option<String>,

    /// Print the verified statement
    #[arg(long)]
    print_provenance: bool,

    /// Say what came of it as slsa-verifier does: on stderr, and stdout has statements alone
    #[arg(long, hide = true)]
    as_slsa_verifier: bool,

    /// The authorities and logs to trust, instead of those that are built in
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,

    /// The level that the evidence must support, 1 to 3
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(1..=3))]
    require_level: Option<u8>,

    /// How to print the result
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,

    #[command(flatten)]
    reading: Reading,

    #[command(flatten)]
    repository: git::GitSource,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// One object a line for each artefact
    Json,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A file that a generator of slsa-github-generator made provenance for
    #[default]
    Artifact,
    /// A file that GitHub made an attestation for
    GithubAttestation,
    /// An image in a registry or layout, with the provenance that hangs on it
    Image,
    /// An image that Google Cloud Build built
    CloudBuildImage,
    /// An npm package
    Npm,
}

impl Kind {
    /// What slsa-verifier calls it.
    fn noun(self) -> &'static str {
        match self {
            Self::Artifact | Self::GithubAttestation => "artifact",
            Self::Image | Self::CloudBuildImage => "image",
            Self::Npm => "npm package",
        }
    }
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let inputs = self.inputs()?;
        let root = trusted_root(self.trusted_root.as_deref())?;
        let provenance = match &self.provenance_path {
            Some(path) => {
                fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?
            }
            None if self.kind == Kind::Image => Vec::new(),
            None if self.artifacts.iter().all(|it| Package::is_one(it)) => Vec::new(),
            None => {
                return Err(Usage("name the provenance: `--provenance-path FILE`".into()).into());
            }
        };
        let repository =
            if self.repository.is_given() { Some(self.repository.open()?) } else { None };
        let mut outcome = Outcome::Clean;
        for artifact in &self.artifacts {
            let package = self.package(artifact)?;
            let kind = if package.is_some() { Kind::Npm } else { self.kind };
            let mut provenance = Cow::Borrowed(provenance.as_slice());
            let mut expected = Expectation {
                digest: String::new(),
                source_uri: self.source_uri.clone(),
                branch: self.source_branch.clone(),
                tag: self.source_tag.clone(),
                versioned_tag: self.source_versioned_tag.clone(),
                builder_id: self.builder_id.clone(),
                workflow_inputs: inputs.clone(),
                package_name: self.package_name.clone(),
                package_version: self.package_version.clone(),
                testing: false,
            };
            let verdict = if let Some(package) = package {
                let given = (!provenance.is_empty()).then(|| provenance.to_vec());
                match package.published(self.registry.as_deref(), given, &mut expected)? {
                    Ok(attestations) => {
                        provenance = Cow::Owned(attestations);
                        judge(kind, &provenance, &expected, &root)
                    }
                    Err(refusal) => Err(refusal),
                }
            } else if kind == Kind::Image {
                self.image(artifact, &provenance, &mut expected, &root)?
            } else {
                expected.digest = digest(artifact, kind)?;
                judge(kind, &provenance, &expected, &root)
            };
            let assessment = assess(kind, &provenance, &expected.digest, &verdict);
            let source_tag = match (&repository, &verdict) {
                (Some((repository, signers)), Ok(verified)) => {
                    Some(self.source_tag(repository, signers, verified))
                }
                _ => None,
            };
            let artifact = artifact.clone();
            let digest = expected.digest;
            let judged = Judged { artifact, digest, verdict, assessment, source_tag };
            if self.as_slsa_verifier {
                judged.tell(kind.noun(), &self.source_uri, self.print_provenance)?;
            } else {
                judged.print(self.format == Format::Json, self.print_provenance)?;
            }
            let too_low = self.require_level.is_some_and(|level| judged.assessment.level < level);
            if judged.refusal().is_some() || too_low {
                outcome = Outcome::Gate(1);
            }
        }
        Ok(outcome)
    }

    /// The package that an argument names, if it names one.
    fn package(&self, artifact: &str) -> Result<Option<Package>, Usage> {
        let package = Package::named(artifact)?;
        if package.is_some() && !matches!(self.kind, Kind::Artifact | Kind::Npm) {
            return Err(Usage(format!("`{artifact}` is a package of npm's: leave `--kind` out")));
        }
        Ok(package)
    }

    /// Whether the tag that provenance names is signed in the repository, and for its commit.
    fn source_tag(
        &self,
        repository: &Repository,
        signers: &Signers,
        verified: &Verified,
    ) -> Report {
        let place = "the provenance";
        let said = SourceRevision::of(&verified.statement, &self.source_uri);
        let tag = said.as_ref().and_then(|it| it.tag.clone()).or_else(|| self.source_tag.clone());
        match (said, tag) {
            (Some(said), Some(tag)) => {
                let mut report = verify_tag(repository, &tag, signers, clock::now());
                report.demand_commit(&said.commit, place);
                report
            }
            (None, _) => Report::missing("the commit of the source", "none", place),
            (_, None) => Report::missing("a tag of the source", "none", place),
        }
    }

    /// What hangs on an image, or is in the file that was named.
    fn image(
        &self,
        name: &str,
        provenance: &[u8],
        expected: &mut Expectation,
        root: &TrustedRoot,
    ) -> anyhow::Result<Result<Verified, Refusal>> {
        let options = self.reading.options()?;
        let (reference, repository) = target::repository(name, &options)?;
        let pinned = match &reference {
            Reference::Image { name, .. } => name.digest().cloned(),
            _ => None,
        };
        let digest = match pinned {
            Some(digest) => digest,
            None => repository.subject()?.descriptor.digest,
        };
        digest.hex().clone_into(&mut expected.digest);
        if self.provenance_path.is_some() {
            return Ok(verify_artifact(provenance, expected, root));
        }
        let elsewhere = match &self.provenance_repository {
            None => None,
            Some(name) => {
                let reference: Reference =
                    name.parse().map_err(|e: ReferenceError| Usage(e.to_string()))?;
                Some(plimsoll_image::attached::Repository::open(&reference, &options)?)
            }
        };
        let found = evidence::collect(elsewhere.as_ref().unwrap_or(&repository), &digest)?;
        let is_provenance = |it: &evidence::Evidence| {
            it.predicate_type().is_some_and(|uri| uri.starts_with("https://slsa.dev/provenance/"))
        };
        let bundles = found.iter().filter(|it| is_provenance(it)).filter_map(|it| it.bundle().ok());
        Ok(verify_image(bundles.collect(), expected, root))
    }

    fn inputs(&self) -> Result<Vec<(String, String)>, Usage> {
        let pair = |text: &String| {
            let (name, value) = text
                .split_once('=')
                .ok_or_else(|| Usage(format!("`{text}` is not of the form NAME=VALUE")))?;
            Ok((name.to_owned(), value.to_owned()))
        };
        self.build_workflow_input.iter().map(pair).collect()
    }
}

fn judge(
    kind: Kind,
    provenance: &[u8],
    expected: &Expectation,
    root: &TrustedRoot,
) -> Result<Verified, Refusal> {
    match kind {
        Kind::Artifact | Kind::Image => verify_artifact(provenance, expected, root),
        Kind::GithubAttestation => verify_attestation(provenance, expected, root),
        Kind::CloudBuildImage => verify_cloud_build_image(provenance, expected),
        Kind::Npm => verify_package(provenance, expected, root),
    }
}

fn digest(artifact: &str, kind: Kind) -> anyhow::Result<String> {
    if kind == Kind::CloudBuildImage {
        let digest = artifact.rsplit('@').next().unwrap_or(artifact);
        let digits = digest.strip_prefix("sha256:").filter(|digits| digits.len() == 64);
        let why = || Usage(format!("`{artifact}` does not end with the image's `sha256:…`"));
        return Ok(digits.ok_or_else(why)?.to_owned());
    }
    let hash = if kind == Kind::Npm { HashAlgorithm::Sha512 } else { HashAlgorithm::Sha256 };
    let file = Artefact::open(Path::new(artifact));
    let digest = file.and_then(|file| Ok(file.digest(hash)?.map(hex)));
    let digest = digest.with_context(|| format!("cannot read `{artifact}`"))?;
    Ok(digest.unwrap_or_default())
}

/// The level that the evidence supports. What was refused is judged by what it claims to be.
fn assess(
    kind: Kind,
    provenance: &[u8],
    digest: &str,
    verdict: &Result<Verified, Refusal>,
) -> Assessment {
    match verdict {
        Ok(verified) => {
            let signature = match kind {
                Kind::CloudBuildImage => Signature::CloudBuild,
                _ => Signature::Holds(&verified.report),
            };
            Assessment::of(&verified.statement, digest, signature)
        }
        Err(refusal) => {
            let statement = unverified_statement(provenance).unwrap_or_default();
            Assessment::of(&statement, digest, Signature::Refused(refusal))
        }
    }
}
