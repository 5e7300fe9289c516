//! `plimsoll verify`: whether a file or an image was signed by the one who should have.

mod attested;
mod claims;
mod evidence;
mod image;
mod print;
mod scan;
mod signer;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;
use plimsoll_image::attached::Repository;
use plimsoll_model::Reference;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::github::{Demands, SigningWorkflow};
use plimsoll_supply::pypi;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{Policy, Report, step, verify};
use serde_json::json;

use self::image::{Candidate, Which};
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
  plimsoll verify registry.example/app:1.2 --key cosign.pub --type slsaprovenance \\
    --cel 'predicate.builder.id.startsWith(\"https://ci.example/\")'
  plimsoll verify registry.example/app:1.2 --key cosign.pub --scan --max-age 24h --no-critical

Exit codes: 0 verified, 1 refused or findings over the gate, 2 wrong usage, 3 a file could not be
read, 4 the scan or its advisories are too old, 5 denied by a policy.")]
pub(crate) struct Verify {
    /// The file that was signed, or an image in a registry or an `oci-dir:` layout
    #[arg(value_name = "FILE|REF")]
    artefact: PathBuf,

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
    signer: signer::Wanted,

    #[command(flatten)]
    attested: attested::Flags,

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
        if let Some(demand) = self.attested.publisher()? {
            return self.published(&demand);
        }
        if let Some(package) = self.attested.package()? {
            let shown = self.artefact.display().to_string();
            let artefact =
                Artefact::open(&self.artefact).with_context(|| format!("cannot read `{shown}`"))?;
            let (place, said) = self.evidence.named()?;
            let report = attested::judge_package(&said, &place, &artefact, &package);
            self.print(&shown, &artefact, &report)?;
            return Ok(if report.verified { Outcome::Clean } else { Outcome::Gate(1) });
        }
        if let Some(demands) = self.attested.demands()? {
            return self.attestation(demands);
        }
        let policy = self.signer.policy()?;
        let root = trusted_root(self.trusted_root.as_deref())?;
        let is_image = !self.artefact.is_file() && !self.evidence.is_given();
        let shown = self.artefact.display().to_string();
        match (is_image, self.scan.scan) {
            (true, true) => return self.scan(&policy, &root),
            (true, false) => return self.image(&policy, &root),
            (false, true) => return Err(scan::no_file(&shown).into()),
            (false, false) => {}
        }
        let policies = self.claims.load()?;
        let artefact =
            Artefact::open(&self.artefact).with_context(|| format!("cannot read `{shown}`"))?;
        let kind = image::wanted(self.kind.as_deref())?;
        let evidence = self.evidence.read(&self.artefact, &self.signer, kind.is_some())?;
        let (report, statement) = match evidence {
            Ok(bundle) => {
                let mut report = verify(&bundle, &artefact, &root, &policy, clock::now());
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
        let candidate = Candidate { name: shown, artefact, report, statement };
        Ok(if candidate.report.verified && !policies.is_empty() {
            self.print_judged(&candidate, &policies)?
        } else {
            self.print(&candidate.name, &candidate.artefact, &candidate.report)?;
            if candidate.report.verified { Outcome::Clean } else { Outcome::Gate(1) }
        })
    }

    /// An attestation of a workflow: one that holds is enough.
    fn attestation(&self, mut demands: Demands) -> anyhow::Result<Outcome> {
        if let Some(name) = self.signer.subject()? {
            demands.signer = Some(SigningWorkflow::Name(name));
        }
        demands.issuer = self.signer.issuer();
        let wanted = image::wanted(self.kind.as_deref())?;
        let roots = attested::roots(self.trusted_root.as_deref())?;
        let name = self.artefact.display().to_string();
        let (place, artefact, bundles) = if self.artefact.is_file() {
            let artefact =
                Artefact::open(&self.artefact).with_context(|| format!("cannot read `{name}`"))?;
            let (place, bundles) = self.evidence.bundles(&self.artefact)?;
            (place, artefact, bundles)
        } else {
            let (_, repository) = self.repository()?;
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
        let shown = self.artefact.display().to_string();
        let artefact =
            Artefact::open(&self.artefact).with_context(|| format!("cannot read `{shown}`"))?;
        let file = self.artefact.file_name().unwrap_or_default().to_string_lossy();
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

    /// The place where the image is.
    fn repository(&self) -> anyhow::Result<(Reference, Repository)> {
        let name = self.artefact.to_string_lossy();
        let (reference, repository) = target::repository(&name, &self.reading.options()?)?;
        if self.offline && !matches!(reference, Reference::Path { .. }) {
            let why = format!("`{name}` is no file here, and `--offline` asks no registry");
            return Err(Usage(why).into());
        }
        Ok((reference, repository))
    }

    fn image(&self, policy: &Policy, root: &TrustedRoot) -> anyhow::Result<Outcome> {
        let wanted = image::wanted(self.kind.as_deref())?;
        let policies = self.claims.load()?;
        if wanted.is_none() && !policies.is_empty() {
            let why = "a policy is about attestations: name which with `--type`, as `--type vuln`";
            return Err(Usage(why.into()).into());
        }
        let (_, repository) = self.repository()?;
        let subject = repository.subject()?.descriptor.digest;
        tell(&format!("{}@{subject}", repository.name()));
        // A policy must hold of every attestation of the type, as in cosign: else whoever may
        // write to the registry chooses which one is judged.
        let which = if policies.is_empty() { Which::FirstThatHolds } else { Which::All };
        let wanted = wanted.as_deref();
        let done = image::candidates(&repository, &subject, wanted, policy, root, which)?;
        if !policies.is_empty() && done.iter().any(|it| it.report.verified) {
            let mut outcome = Outcome::Clean;
            for good in done.iter().filter(|it| it.report.verified) {
                outcome = outcome.or(self.print_judged(good, &policies)?);
            }
            return Ok(outcome);
        }
        if let Some(good) = done.iter().find(|it| it.report.verified) {
            self.print(&good.name, &good.artefact, &good.report)?;
            return Ok(Outcome::Clean);
        }
        for bad in &done {
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
            Format::Json => print::json(name, artefact, report, &json!({})),
        }
    }

    /// Prints a verified attestation and what the policies say of it.
    fn print_judged(&self, of: &Candidate, policies: &[claims::Loaded]) -> anyhow::Result<Outcome> {
        let Some(statement) = &of.statement else {
            let why = format!("`{}` is signed itself, and policies are about statements", of.name);
            return Err(Usage(why).into());
        };
        let verdict = claims::judge(policies, statement)?;
        match self.format {
            Format::Text => {
                print::text(&of.name, &of.artefact, &of.report, self.explain)?;
                print::reasons(&verdict)?;
            }
            Format::Json => {
                print::json(&of.name, &of.artefact, &of.report, &json!({"policy": verdict}))?;
            }
        }
        Ok(if verdict.allowed { Outcome::Clean } else { Outcome::Gate(5) })
    }
}

/// The trusted root in a file, else the one that is built in.
pub(super) fn trusted_root(file: Option<&std::path::Path>) -> anyhow::Result<TrustedRoot> {
    let Some(file) = file else { return trust::default_root() };
    let shown = file.display();
    let bytes = std::fs::read(file).with_context(|| format!("cannot read `{shown}`"))?;
    TrustedRoot::from_json(format!("`{shown}`"), &bytes).with_context(|| format!("`{shown}`"))
}
