//! `plimsoll provenance verify`: whether artefacts come from the source and builder demanded.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::hash::{HashAlgorithm, hex};
use plimsoll_supply::provenance::{
    Expectation, Refusal, Verified, verify_artifact, verify_attestation, verify_cloud_build_image,
    verify_package,
};
use plimsoll_supply::trust::TrustedRoot;

use crate::commands::verify::{plain, trusted_root};
use crate::exit::{Outcome, Usage, tell};

/// Check that files come from a source and a builder, by their SLSA provenance
///
/// Flags and rules are those of slsa-verifier. Nothing is fetched: provenance that holds no entry
/// of a log is checked by its certificate, and stderr says that the log's proof is missing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll provenance verify app --provenance-path app.intoto.jsonl \\
    --source-uri github.com/org/app --source-versioned-tag v1.2
  plimsoll provenance verify pkg.tgz --kind npm --provenance-path attestations.json \\
    --source-uri github.com/org/pkg --builder-id https://github.com/actions/runner/github-hosted

Exit codes: 0 verified, 1 refused, 2 wrong usage, 3 a file could not be read.")]
pub(super) struct Verify {
    /// Files, or for an image its digest, `sha256:…` or `name@sha256:…`
    #[arg(value_name = "ARTIFACT", required = true)]
    artifacts: Vec<String>,

    /// The provenance
    #[arg(long, value_name = "FILE", alias = "attestations-path", alias = "attestation-path")]
    provenance_path: PathBuf,

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

    /// Print the verified statement
    #[arg(long)]
    print_provenance: bool,

    /// The authorities and logs to trust, instead of those that are built in
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A file that a generator of slsa-github-generator made provenance for
    #[default]
    Artifact,
    /// A file that GitHub made an attestation for
    GithubAttestation,
    /// An image that Google Cloud Build built
    CloudBuildImage,
    /// An npm package
    Npm,
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let inputs = self.inputs()?;
        let shown = self.provenance_path.display();
        let provenance =
            fs::read(&self.provenance_path).with_context(|| format!("cannot read `{shown}`"))?;
        let root = trusted_root(self.trusted_root.as_deref())?;
        let mut outcome = Outcome::Clean;
        for artifact in &self.artifacts {
            let expected = Expectation {
                digest: digest(artifact, self.kind)?,
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
            let verdict = judge(self.kind, &provenance, &expected, &root);
            print(artifact, &verdict, self.print_provenance)?;
            if verdict.is_err() {
                outcome = Outcome::Gate(1);
            }
        }
        Ok(outcome)
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
        Kind::Artifact => verify_artifact(provenance, expected, root),
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

fn print(
    artifact: &str,
    verdict: &Result<Verified, Refusal>,
    print_provenance: bool,
) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let artifact = plain(artifact);
    match verdict {
        Ok(verified) if print_provenance => {
            out.write_all(&verified.statement)?;
            writeln!(out)?;
        }
        Ok(verified) => {
            writeln!(out, "verified: {artifact} built by {}", plain(&verified.builder_id))?;
        }
        Err(refusal) => writeln!(out, "refused: {artifact}: {}", plain(&refusal.to_string()))?,
    }
    if let Ok(verified) = verdict
        && !verified.logged
        && verified.report.verified
    {
        tell("the provenance holds no entry of a log: the time of the signature is not proven");
    }
    Ok(())
}
