//! `plimsoll verify`: whether a file was signed by the one who should have.

mod evidence;
mod print;
mod signer;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{Report, step, verify};

use crate::clock;
use crate::exit::Outcome;

pub(super) use print::plain;

/// Check who signed a file, by key, identity or certificate
///
/// Nothing is fetched: the evidence is in the bundle, the trust is built in or in `--trusted-root`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll verify app.tar --key cosign.pub --bundle app.sigstore.json
  plimsoll verify app.tar --certificate-identity release@example.com \\
    --certificate-oidc-issuer https://accounts.google.com
  plimsoll verify app.tar --certificate-chain our-ca.pem --explain

Exit codes: 0 verified, 1 refused, 2 wrong usage, 3 a file could not be read.")]
pub(crate) struct Verify {
    /// The file that was signed
    #[arg(value_name = "FILE")]
    artefact: PathBuf,

    #[command(flatten)]
    evidence: evidence::Given,

    #[command(flatten)]
    signer: signer::Wanted,

    /// The authorities, logs and timestamp services to trust, instead of those of Sigstore's
    /// public instance that are built in
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,

    /// Open no connection; there is none in any case, so this only says so
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
        let policy = self.signer.policy()?;
        let shown = self.artefact.display().to_string();
        let artefact =
            Artefact::open(&self.artefact).with_context(|| format!("cannot read `{shown}`"))?;
        let root = trusted_root(self.trusted_root.as_deref())?;
        let report = match self.evidence.read(&self.artefact, &self.signer)? {
            Ok(bundle) => verify(&bundle, &artefact, &root, &policy, clock::now()),
            Err((place, error)) => {
                Report::unreadable(step::BUNDLE, "a signature", &error.to_string(), &place)
            }
        };
        match self.format {
            Format::Text => print::text(&shown, &artefact, &report, self.explain)?,
            Format::Json => print::json(&shown, &artefact, &report)?,
        }
        Ok(if report.verified { Outcome::Clean } else { Outcome::Gate(1) })
    }
}

/// The trusted root in a file, else the one that is built in.
pub(super) fn trusted_root(file: Option<&std::path::Path>) -> anyhow::Result<TrustedRoot> {
    let Some(file) = file else { return Ok(TrustedRoot::public_good()?) };
    let shown = file.display();
    let bytes = std::fs::read(file).with_context(|| format!("cannot read `{shown}`"))?;
    TrustedRoot::from_json(format!("`{shown}`"), &bytes).with_context(|| format!("`{shown}`"))
}
