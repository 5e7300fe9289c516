//! `plimsoll verify`: whether files and images were signed by those who should have.

mod admitted;
mod attested;
mod base_age;
mod cached;
mod candidates;
mod claims;
mod containers;
mod content_trust;
mod evidence;
mod gated;
mod git;
mod image;
mod listed;
mod notation;
mod pin;
mod print;
mod published;
mod rules;
mod scan;
mod signer;
mod state;
mod vex;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use plimsoll_image::attached::Repository;
use plimsoll_model::Reference;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::evidence::artefact as artefact_of;
use plimsoll_supply::git::Certified;
use plimsoll_supply::github::{Demands, SigningWorkflow};
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{Report, step, verify};
use serde_json::json;

use self::candidates::Candidate;
use self::print::Style;
use crate::clock;
use crate::exit::{Outcome, Usage, tell};
use crate::target::{self, Reading};

pub(super) use crate::trust::root as trusted_root;
pub(super) use admitted::Judge;
pub(super) use base_age::{BaseAge, base_age};
pub(super) use gated::{Named, Signers};
pub(crate) use image::predicate_type;
pub(super) use print::plain;
pub(crate) use signer::Wanted;
pub(crate) use state::signature_state;

/// Check who signed a file or images, by key, identity, certificate or policy
///
/// Trust is built in or in `--trusted-root`. For a file nothing is fetched: the evidence is in the
/// bundle, or with `--pypi-publisher` at the index. For an image only its registry is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll verify app.tar --key cosign.pub --bundle app.sigstore.json
  plimsoll verify app.tar --certificate-identity release@example.com \\
    --certificate-oidc-issuer https://accounts.google.com
  plimsoll verify app.tar --certificate-chain our-ca.pem --explain
  plimsoll verify app.tar --key cosign.pub --type slsaprovenance1   # app.tar.intoto.sigstore.json
  plimsoll verify app.tar --bundle sha256:….jsonl --repo org/app --deny-self-hosted-runners
  plimsoll verify app-1.0.tar.gz --bundle app-1.0.tar.gz.provenance \\
    --pypi-publisher https://github.com/org/app
  plimsoll verify pkg:pypi/app@1.0 --pypi-publisher https://github.com/org/app
  plimsoll verify --git-tag v1.2.3 --allowed-signers .github/allowed_signers
  plimsoll verify --git-commit HEAD --certificate-identity release@example.com \\
    --certificate-oidc-issuer https://accounts.google.com   # signed by gitsign
  plimsoll verify registry.example/app:1.2 --notation
  plimsoll verify registry.example/app:1.2 --containers-policy /etc/containers/policy.json
  plimsoll verify registry.example/app:1.2 --dct-root root.pem
  plimsoll verify registry.example/app:1.2 --key cosign.pub -a env=prod
  plimsoll verify registry.example/app:1.2 --key cosign.pub --type spdxjson
  plimsoll verify registry.example/app:1.2 --require 2-of release-keys.pem
  plimsoll verify --policy policies.yaml --images-from images.txt --keep 1h
  plimsoll verify --policy policies.yaml --pin deployment.yaml
  plimsoll verify registry.example/app:1.2 --key cosign.pub --type slsaprovenance \\
    --cel 'predicate.builder.id.startsWith(\"https://ci.example/\")'
  plimsoll verify registry.example/app:1.2 --key cosign.pub --scan --max-age 24h --no-critical

Exit codes: 0 verified, 1 refused or findings over the gate, 2 wrong usage, 3 a file or image could
not be read, 4 the scan or its advisories are too old, 5 denied by a policy.")]
pub(crate) struct Verify {
    /// The file that was signed, or images in a registry or an `oci-dir:` layout
    #[arg(value_name = "FILE|REF", required_unless_present_any = ["images_from", "pin", "git_tag", "git_commit"])]
    artefacts: Vec<PathBuf>,

    /// A file that names images, one a line; `-` is stdin
    #[arg(long, value_name = "FILE")]
    images_from: Option<PathBuf>,

    /// Verify every image that a Kubernetes manifest or a Dockerfile names, and write into it the
    /// digests that were verified; unless all verify, it stays as it is
    #[arg(long, value_name = "FILE", conflicts_with_all = ["artefacts", "images_from"])]
    pin: Option<PathBuf>,

    /// An attestation of this type must hold, and not a signature
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,

    #[command(flatten)]
    claims: claims::Policies,

    #[command(flatten)]
    scan: scan::Gated,

    #[command(flatten)]
    reading: Reading,

    #[command(flatten)]
    evidence: evidence::Given,

    #[command(flatten)]
    signer: Wanted,

    #[command(flatten)]
    attested: attested::Flags,

    #[command(flatten)]
    git: git::Git,

    #[command(flatten)]
    notation: notation::ByPolicy,

    #[command(flatten)]
    containers: containers::Containers,

    #[command(flatten)]
    content_trust: content_trust::ContentTrust,

    /// The authorities, logs and timestamp services to trust, instead of those of Sigstore's
    /// public instance that are built in
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,

    /// Keep which images passed, and for that long do not verify one again whose digest,
    /// signatures, trusted root, keys and policy are the same: 90s, 15m, 1h
    #[arg(long, value_name = "TIME")]
    keep: Option<String>,

    /// Open no connection; an image must be in a layout then
    #[arg(long)]
    offline: bool,

    /// Print every check, not only those that failed
    #[arg(long)]
    explain: bool,

    /// How to print the result
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
}

/// Flags about the certificate of a signer, which tags and commits have as well.
const CERTIFICATES: [&str; 4] =
    ["certificate_identity", "certificate_identity_regexp", "certificate_chain", "trusted_root"];

/// The other flags that say who must have signed, which mean nothing to a policy of another scheme,
/// a tag or a commit.
const SIGSTORE: [&str; 15] = [
    "key",
    "kind",
    "bundle",
    "signature",
    "repo",
    "owner",
    "pypi_publisher",
    "npm_package",
    "require",
    "policy",
    "annotations",
    "images_from",
    "pin",
    "cel",
    "scan",
];

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// Every check, the signer and the statement; of several images one line each
    Json,
}

impl Verify {
    pub(crate) fn run(mut self) -> anyhow::Result<Outcome> {
        self.signer.policy = self.claims.of_images()?;
        self.signer.alone()?;
        let certified = || -> anyhow::Result<Option<Certified>> {
            if !self.signer.by_certificate() {
                return Ok(None);
            }
            let root = trusted_root(self.trusted_root.as_deref())?;
            Ok(Some(Certified { root, policy: self.signer.policy()? }))
        };
        if let Some((name, report)) = self.git.verify(certified)? {
            match self.format {
                Format::Text => git::text(&name, &report, self.explain)?,
                Format::Json => git::json(&name, &report)?,
            }
            return Ok(if report.verified { Outcome::Clean } else { Outcome::Gate(1) });
        }
        if let Some(outcome) = self.tag()? {
            return Ok(outcome);
        }
        if let Some(demand) = self.attested.publisher()? {
            return self.published(&demand);
        }
        if let Some(package) = self.attested.package()? {
            let (shown, artefact) = self.opened()?;
            let (place, said) = self.evidence.named()?;
            let report = attested::judge_package(&said, &place, &artefact, &package);
            self.print(&shown, &artefact, &report)?;
            return Ok(if report.verified { Outcome::Clean } else { Outcome::Gate(1) });
        }
        if let Some(demands) = self.attested.demands()? {
            return self.attestation(demands);
        }
        if self.notation.is_asked() {
            return self.by_notation();
        }
        if self.containers.is_asked() {
            let (reference, repository) = self.repository()?;
            let subject = repository.subject()?;
            let done = self.containers.verify(&reference, &repository, &subject, self.offline)?;
            return self.conclude(&[done]);
        }
        if self.offline && self.signer.asks_a_server() {
            let why = "`--offline` asks no server for a key: name a file, which `plimsoll key public` \
                       writes";
            return Err(Usage(why.into()).into());
        }
        let root = trusted_root(self.trusted_root.as_deref())?;
        match self.artefacts.as_slice() {
            [file]
                if self.images_from.is_none() && (file.is_file() || self.evidence.is_given()) =>
            {
                self.file(file, &root)
            }
            _ if self.evidence.is_given() => {
                let why = "`--bundle` and `--signature` are evidence about one file";
                Err(Usage(why.into()).into())
            }
            _ if self.scan.scan => self.scan(&self.signer.policy()?, &root),
            _ if self.claims.is_given() => self.claimed(&root),
            _ => self.images(&root),
        }
    }

    /// The one artefact that some flags are about.
    fn only(&self) -> Result<&Path, Usage> {
        match (self.artefacts.as_slice(), &self.images_from, &self.pin) {
            ([one], None, None) => Ok(one),
            _ => Err(Usage("these flags are about one file or image: name just one".into())),
        }
    }

    /// The one file that some flags are about, and what it is called.
    fn opened(&self) -> anyhow::Result<(String, Artefact)> {
        let file = self.only()?;
        let shown = file.display().to_string();
        let artefact = Artefact::open(file).with_context(|| format!("cannot read `{shown}`"))?;
        Ok((shown, artefact))
    }

    /// The predicate type that is asked for, if one is.
    fn wanted(&self) -> Result<Option<String>, Usage> {
        self.kind.as_deref().map(predicate_type).transpose()
    }

    fn file(&self, file: &Path, root: &TrustedRoot) -> anyhow::Result<Outcome> {
        self.signer.only_for_files()?;
        let policy = self.signer.policy()?;
        let policies = self.claims.load()?;
        let (name, artefact) = self.opened()?;
        if self.scan.scan {
            return Err(scan::no_file(&name).into());
        }
        let kind = self.wanted()?;
        let (report, statement) = match self.evidence.read(file, &self.signer, kind.is_some())? {
            Ok(bundle) => {
                let mut report = verify(&bundle, &artefact, root, &policy, clock::now());
                if let Some(kind) = &kind {
                    report.demand_predicate(kind);
                }
                (report, claims::statement(&bundle).map(<[u8]>::to_vec))
            }
            Err((place, error)) => {
                let found = error.to_string();
                (Report::unreadable(step::BUNDLE, "a signature", &found, &place), None)
            }
        };
        let candidate = Candidate { name, artefact, report, statement };
        if candidate.report.verified && !policies.is_empty() {
            return self.print_judged(&candidate, &policies);
        }
        self.conclude(&[candidate])
    }

    /// An attestation of a workflow: one that holds is enough.
    fn attestation(&self, mut demands: Demands) -> anyhow::Result<Outcome> {
        if let Some(name) = self.signer.subject()? {
            demands.signer = Some(SigningWorkflow::Name(name));
        }
        demands.issuer = self.signer.issuer();
        let wanted = self.wanted()?;
        let roots = attested::roots(self.trusted_root.as_deref())?;
        let file = self.only()?;
        let name = file.display().to_string();
        let (place, artefact, bundles) = if file.is_file() {
            let (_, artefact) = self.opened()?;
            let (place, bundles) = self.evidence.bundles(file)?;
            (place, artefact, bundles)
        } else {
            let (_, repository) = self.repository()?;
            let subject = repository.subject()?.descriptor.digest;
            let place = format!("{}@{subject}", repository.name());
            (place, artefact_of(&subject), image::bundles(&repository, &subject)?)
        };
        let count = bundles.len();
        let mut refused = Vec::new();
        for bundle in bundles {
            let kind = bundle.as_ref().ok().and_then(attested::predicate_type);
            if wanted.is_some() && kind != wanted {
                continue;
            }
            let report = attested::judge(bundle, &place, &artefact, &roots, &demands);
            if report.verified {
                self.print(&name, &artefact, &report)?;
                return Ok(Outcome::Clean);
            }
            refused.push(report);
        }
        for report in &refused {
            self.print(&name, &artefact, report)?;
        }
        if refused.is_empty() {
            tell(&format!(
                "refused: of {count} attestations in {place} none is of the type asked for"
            ));
        }
        Ok(Outcome::Gate(1))
    }

    fn by_notation(&self) -> anyhow::Result<Outcome> {
        let (reference, repository) = self.repository()?;
        let subject = repository.subject()?;
        tell(&format!("{}@{}", repository.name(), subject.descriptor.digest));
        match self.notation.verify(&reference, &repository, &subject, self.offline)? {
            notation::Verdict::Judged(done) => self.conclude(&done),
            notation::Verdict::Skipped(it) => {
                tell("warning: nothing was verified: the trust policy's level is `skip`");
                self.print(&it.name, &it.artefact, &it.report)?;
                Ok(Outcome::Clean)
            }
        }
    }

    /// The place where the one image is that some flags are about.
    fn repository(&self) -> anyhow::Result<(Reference, Repository)> {
        let name = self.only()?.to_string_lossy();
        let (reference, repository) = target::repository(&name, &self.reading.options()?)?;
        if self.offline && !matches!(reference, Reference::Path { .. }) {
            let why = format!("`{name}` is no file here, and `--offline` asks no registry");
            return Err(Usage(why).into());
        }
        Ok((reference, repository))
    }

    fn print(&self, name: &str, artefact: &Artefact, report: &Report) -> anyhow::Result<()> {
        match self.format {
            Format::Text => Ok(print::text(name, artefact, report, self.explain)?),
            Format::Json => print::json(name, artefact, report, &json!({})),
        }
    }

    fn style(&self, one_of_many: bool) -> Style<'_> {
        Style {
            explain: self.explain,
            format: self.format,
            one_of_many,
            one_signer: self.signer.is_one(),
            wanted: self.kind.as_deref().unwrap_or("signature"),
        }
    }
}
