//! `slsa-verifier`, which is `plimsoll provenance verify`.
//!
//! Source: <https://github.com/slsa-framework/slsa-verifier>.

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use super::words::Words;
use super::{Absent, NEAR, Tool, cosign, scanned};
use crate::exit::{Codes, Outcome, tell};

pub(super) const TOOL: Tool = Tool {
    name: "slsa-verifier",
    release: "2.7.1",
    own: "`plimsoll provenance verify --help`",
    variables: None,
    has_go_switches: true,
    has_single_dashes: false,
    codes: Codes { usage: 1, failed: 1, partial: 1 },
    command: Verifier::command,
    others: &[],
    ours: &[],
    absent: ABSENT,
    settings: None,
    run: |matches: &ArgMatches| Verifier::from_arg_matches(matches)?.run(),
};

const ABSENT: &[Absent] = &[
    Absent::new("completion", "`plimsoll completions SHELL`"),
    Absent::new("help", "`--help` behind a command"),
];

#[derive(Debug, clap::Parser)]
#[command(about = "slsa-verifier's command line, answered by Plimsoll", subcommand_required = true)]
struct Verifier {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Images
    VerifyImage(Asked),
    /// Files
    VerifyArtifact(Asked),
    /// npm packages
    VerifyNpmPackage(Asked),
    /// Files that GitHub attested
    VerifyGithubAttestation(Asked),
    /// A verification summary that somebody else signed
    VerifyVsa(Summary),
    /// Which release this is
    Version,
}

#[derive(Debug, clap::Args)]
struct Asked {
    /// What must have provenance; a tag is resolved, and stderr says to which digest
    #[arg(value_name = "ARTIFACT", required = true, help_heading = NEAR)]
    artifacts: Vec<String>,

    /// The provenance
    #[arg(long, value_name = "FILE", alias = "attestations-path", alias = "attestation-path")]
    provenance_path: Option<String>,

    /// Where the provenance of an image is
    #[arg(long, value_name = "REPOSITORY")]
    provenance_repository: Option<String>,

    /// The repository that it must come from
    #[arg(long, value_name = "URI")]
    source_uri: String,

    /// The branch
    #[arg(long, value_name = "BRANCH")]
    source_branch: Option<String>,

    /// The tag
    #[arg(long, value_name = "TAG")]
    source_tag: Option<String>,

    /// The version in the tag
    #[arg(long, value_name = "TAG")]
    source_versioned_tag: Option<String>,

    /// The builder
    #[arg(long, value_name = "ID")]
    builder_id: Option<String>,

    /// An input of a workflow that was started by hand
    #[arg(long, value_name = "NAME=VALUE")]
    build_workflow_input: Vec<String>,

    /// The name of the npm package
    #[arg(long, value_name = "NAME")]
    package_name: Option<String>,

    /// Its version
    #[arg(long, value_name = "VERSION")]
    package_version: Option<String>,

    /// Print the verified statement
    #[arg(long, alias = "print-attestation")]
    print_provenance: bool,
}

/// What a summary must say.
#[derive(Debug, clap::Args)]
struct Summary {
    /// A digest of what was verified, `ALGORITHM:VALUE`
    #[arg(long, value_name = "DIGEST", required = true)]
    subject_digest: Vec<String>,

    /// The signed summary
    #[arg(long, value_name = "FILE")]
    attestation_path: String,

    /// Who verified it
    #[arg(long, value_name = "ID")]
    verifier_id: String,

    /// What was verified
    #[arg(long, value_name = "URI")]
    resource_uri: String,

    /// A level that was reached
    #[arg(long, value_name = "LEVEL")]
    verified_level: Vec<String>,

    /// The verifier's public key
    #[arg(long, value_name = "FILE")]
    public_key_path: String,

    /// What the signature calls the key
    #[arg(long, value_name = "ID")]
    public_key_id: Option<String>,

    /// Print the verified statement
    #[arg(long)]
    print_attestation: bool,
}

impl Summary {
    fn run(&self) -> anyhow::Result<Outcome> {
        let outcome = Words::of(&["provenance", "summary"])
            .options("--subject-digest", &self.subject_digest)
            .option("--attestation-path", Some(&self.attestation_path))
            .option("--verifier-id", Some(&self.verifier_id))
            .option("--resource-uri", Some(&self.resource_uri))
            .options("--verified-level", &self.verified_level)
            .option("--public-key-path", Some(&self.public_key_path))
            .option("--public-key-id", self.public_key_id.as_deref())
            .switch("--print-attestation", self.print_attestation)
            .switch("--as-slsa-verifier", true)
            .run()?;
        Ok(concluded(outcome))
    }
}

/// Says how it went in slsa-verifier's words.
fn concluded(outcome: Outcome) -> Outcome {
    tell(match outcome {
        Outcome::Clean => "PASSED: SLSA verification passed",
        _ => "FAILED: SLSA verification failed",
    });
    outcome
}

impl Verifier {
    fn run(self) -> anyhow::Result<Outcome> {
        match self.action {
            Action::VerifyImage(asked) => {
                for image in asked.artifacts.iter().filter(|image| !image.contains('@')) {
                    tell(&format!(
                        "note: slsa-verifier: `{}` is a tag, which slsa-verifier itself refuses: what it \
                         stands for now is judged, so name the digest",
                        image.escape_debug()
                    ));
                }
                let is_cloud = asked
                    .builder_id
                    .as_deref()
                    .is_some_and(|id| id.contains("cloudbuild.googleapis.com"));
                asked.run(if is_cloud { "cloud-build-image" } else { "image" })
            }
            Action::VerifyArtifact(asked) => asked.run("artifact"),
            Action::VerifyNpmPackage(asked) => asked.run("npm"),
            Action::VerifyGithubAttestation(asked) => asked.run("github-attestation"),
            Action::VerifyVsa(summary) => summary.run(),
            Action::Version => TOOL.print_version("GitVersion:    v"),
        }
    }
}

impl Asked {
    fn run(&self, kind: &str) -> anyhow::Result<Outcome> {
        let hosts = self.artifacts.iter().filter_map(|it| cosign::host(it));
        let here: Vec<String> = hosts.filter(|it| scanned::is_here(it)).collect();
        let outcome = Words::of(&["provenance", "verify"])
            .option("--kind", Some(kind))
            .option("--provenance-path", self.provenance_path.as_deref())
            .option("--provenance-repository", self.provenance_repository.as_deref())
            .option("--source-uri", Some(&self.source_uri))
            .option("--source-branch", self.source_branch.as_deref())
            .option("--source-tag", self.source_tag.as_deref())
            .option("--source-versioned-tag", self.source_versioned_tag.as_deref())
            .option("--builder-id", self.builder_id.as_deref())
            .options("--build-workflow-input", &self.build_workflow_input)
            .option("--package-name", self.package_name.as_deref())
            .option("--package-version", self.package_version.as_deref())
            .options("--insecure-registry", &here)
            .switch("--print-provenance", self.print_provenance)
            .switch("--as-slsa-verifier", true)
            .last(&self.artifacts)
            .run()?;
        Ok(concluded(outcome))
    }
}
