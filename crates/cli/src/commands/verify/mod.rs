//! `plimsoll verify`: whether a file or an image was signed by the one who should have.

mod attested;
mod containers;
mod evidence;
mod git;
mod image;
mod notation;
mod print;
mod signer;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use plimsoll_image::attached::Repository;
use plimsoll_model::Reference;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::github::{Demands, SigningWorkflow};
use plimsoll_supply::pypi;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{Policy, Report, step, verify};

use crate::clock;
use crate::exit::{Outcome, Usage, tell};
use crate::target::{self, Reading};
use crate::trust;

pub(super) use print::plain;

/// Check who signed a file or an image, by key, identity or certificate
///
/// Trust is built in or in `--trusted-root`. For a file nothing is fetched: the evidence is in the
/// bundle. For an image only its registry is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll verify app.tar --key cosign.pub --bundle app.sigstore.json
  plimsoll verify app.tar --certificate-identity release@example.com \\
    --certificate-oidc-issuer https://accounts.google.com
  plimsoll verify app.tar --certificate-chain our-ca.pem --explain
  plimsoll verify app.tar --key cosign.pub --type slsaprovenance1   # app.tar.intoto.sigstore.json
  plimsoll verify registry.example/app:1.2 --key cosign.pub
  plimsoll verify registry.example/app:1.2 --key cosign.pub --type spdxjson
  plimsoll verify app.tar --bundle sha256:….jsonl --repo org/app --deny-self-hosted-runners
  plimsoll verify app-1.0.tar.gz --bundle app-1.0.tar.gz.provenance \\
    --pypi-publisher https://github.com/org/app
  plimsoll verify registry.example/app:1.2 --notation
  plimsoll verify --git-tag v1.2.3 --allowed-signers .github/allowed_signers
  plimsoll verify registry.example/app:1.2 --containers-policy /etc/containers/policy.json

Exit codes: 0 verified, 1 refused, 2 wrong usage, 3 a file could not be read.")]
pub(crate) struct Verify {
    /// The file that was signed, or an image in a registry or an `oci-dir:` layout
    #[arg(value_name = "FILE|REF", required_unless_present_any = ["git_tag", "git_commit"])]
    artefact: Option<PathBuf>,

    /// An attestation of this type must hold, and not a signature
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,

    #[command(flatten)]
    reading: Reading,

    #[command(flatten)]
    evidence: evidence::Given,

    #[command(flatten)]
    signer: signer::Wanted,

    #[command(flatten)]
    attested: attested::Flags,

    #[command(flatten)]
    notation: notation::Notation,

    #[command(flatten)]
    containers: containers::Containers,

    #[command(flatten)]
    git: git::Git,

    /// The authorities, logs and timestamp services to trust, instead of those of Sigstore's
    /// public instance that are built in
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,

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

/// Flags that say who must have signed in Sigstore's way, and mean nothing to other schemes.
const SIGSTORE: [&str; 8] = [
    "key",
    "certificate_identity",
    "certificate_identity_regexp",
    "certificate_chain",
    "kind",
    "bundle",
    "signature",
    "trusted_root",
];

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// Every check, the signer and the statement
    Json,
}

impl Verify {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        if let Some((name, report)) = self.git.verify()? {
            match self.format {
                Format::Text => git::text(&name, &report, self.explain)?,
                Format::Json => git::json(&name, &report)?,
            }
            return Ok(if report.verified { Outcome::Clean } else { Outcome::Gate(1) });
        }
        if let Some(demand) = self.attested.publisher()? {
            return self.published(&demand);
        }
        if let Some(package) = self.attested.package()? {
            let shown = self.artefact().display().to_string();
            let artefact = Artefact::open(self.artefact())
                .with_context(|| format!("cannot read `{shown}`"))?;
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
        let policy = self.signer.policy()?;
        let root = trusted_root(self.trusted_root.as_deref())?;
        if !self.artefact().is_file() && !self.evidence.is_given() {
            return self.image(&policy, &root);
        }
        let shown = self.artefact().display().to_string();
        let artefact =
            Artefact::open(self.artefact()).with_context(|| format!("cannot read `{shown}`"))?;
        let kind = image::wanted(self.kind.as_deref())?;
        let evidence = self.evidence.read(self.artefact(), &self.signer, kind.is_some())?;
        let report = match evidence {
            Ok(bundle) => {
                let mut report = verify(&bundle, &artefact, &root, &policy, clock::now());
                if let Some(kind) = &kind {
                    report.demand_predicate(kind);
                }
                report
            }
            Err((place, error)) => {
                Report::unreadable(step::BUNDLE, "a signature", &error.to_string(), &place)
            }
        };
        self.print(&shown, &artefact, &report)?;
        Ok(if report.verified { Outcome::Clean } else { Outcome::Gate(1) })
    }

    /// An attestation of a workflow: one that holds is enough.
    fn attestation(&self, mut demands: Demands) -> anyhow::Result<Outcome> {
        if let Some(name) = self.signer.subject()? {
            demands.signer = Some(SigningWorkflow::Name(name));
        }
        demands.issuer = self.signer.issuer();
        let wanted = image::wanted(self.kind.as_deref())?;
        let roots = attested::roots(self.trusted_root.as_deref())?;
        let name = self.artefact().display().to_string();
        let (place, artefact, bundles) = if self.artefact().is_file() {
            let artefact =
                Artefact::open(self.artefact()).with_context(|| format!("cannot read `{name}`"))?;
            let (place, bundles) = self.evidence.bundles(self.artefact())?;
            (place, artefact, bundles)
        } else {
            let (reference, repository) = target::repository(&name, &self.reading.options()?)?;
            if self.offline && !matches!(reference, Reference::Path { .. }) {
                let why = format!("`{name}` is no file here, and `--offline` asks no registry");
                return Err(Usage(why).into());
            }
            let subject = repository.subject()?.descriptor.digest;
            let place = format!("{}@{subject}", repository.name());
            (place, image::artefact(&subject), image::bundles(&repository, &subject)?)
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

    /// Attestations of the Python package index: one that holds is enough.
    fn published(&self, demand: &pypi::Demand) -> anyhow::Result<Outcome> {
        let root = trusted_root(self.trusted_root.as_deref())?;
        let shown = self.artefact().display().to_string();
        let artefact =
            Artefact::open(self.artefact()).with_context(|| format!("cannot read `{shown}`"))?;
        let file = self.artefact().file_name().unwrap_or_default().to_string_lossy();
        let (place, bytes) = self.evidence.named()?;
        let reports: Vec<Report> = match pypi::read(&bytes) {
            Ok(all) => all
                .iter()
                .map(|it| it.verify(&file, &artefact, &root, demand, clock::now()))
                .collect(),
            Err(error) => {
                vec![Report::unreadable(step::BUNDLE, "an attestation", &error.to_string(), &place)]
            }
        };
        if let Some(good) = reports.iter().find(|it| it.verified) {
            self.print(&shown, &artefact, good)?;
            return Ok(Outcome::Clean);
        }
        for report in &reports {
            self.print(&shown, &artefact, report)?;
        }
        if reports.is_empty() {
            tell(&format!("refused: `{place}` holds no attestation"));
        }
        Ok(Outcome::Gate(1))
    }

    fn image(&self, policy: &Policy, root: &TrustedRoot) -> anyhow::Result<Outcome> {
        let wanted = image::wanted(self.kind.as_deref())?;
        let (_, repository) = self.repository()?;
        let subject = repository.subject()?.descriptor.digest;
        tell(&format!("{}@{subject}", repository.name()));
        let done = image::candidates(&repository, &subject, wanted.as_deref(), policy, root)?;
        self.conclude(&done)
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

    /// What is verified; every scheme but Git's needs it.
    fn artefact(&self) -> &Path {
        self.artefact.as_deref().unwrap_or(Path::new(""))
    }

    fn repository(&self) -> anyhow::Result<(Reference, Repository)> {
        let name = self.artefact().to_string_lossy();
        let (reference, repository) = target::repository(&name, &self.reading.options()?)?;
        if self.offline && !matches!(reference, Reference::Path { .. }) {
            let why = format!("`{name}` is no file here, and `--offline` asks no registry");
            return Err(Usage(why).into());
        }
        Ok((reference, repository))
    }

    /// One that holds is enough; where none does, all are shown.
    fn conclude(&self, done: &[image::Candidate]) -> anyhow::Result<Outcome> {
        if let Some(good) = done.iter().find(|it| it.report.verified) {
            self.print(&good.name, &good.artefact, &good.report)?;
            return Ok(Outcome::Clean);
        }
        for bad in done {
            self.print(&bad.name, &bad.artefact, &bad.report)?;
        }
        if done.is_empty() {
            let what = self.kind.as_deref().unwrap_or("signature");
            tell(&format!(
                "refused: no {what} hangs on it; `plimsoll download list` shows what does"
            ));
        }
        Ok(Outcome::Gate(1))
    }

    fn print(&self, name: &str, artefact: &Artefact, report: &Report) -> anyhow::Result<()> {
        match self.format {
            Format::Text => Ok(print::text(name, artefact, report, self.explain)?),
            Format::Json => print::json(name, artefact, report),
        }
    }
}

/// The trusted root in a file, else the one that is built in.
pub(super) fn trusted_root(file: Option<&Path>) -> anyhow::Result<TrustedRoot> {
    let Some(file) = file else { return trust::default_root() };
    let shown = file.display();
    let bytes = std::fs::read(file).with_context(|| format!("cannot read `{shown}`"))?;
    TrustedRoot::from_json(format!("`{shown}`"), &bytes).with_context(|| format!("`{shown}`"))
}
