//! `plimsoll provenance summary`: a verification that somebody else made and signed.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use plimsoll_supply::key::PublicKey;
use plimsoll_supply::provenance::{SummaryExpectation, verify_summary};

use crate::commands::verify::plain;
use crate::exit::{Outcome, tell};
use crate::output;

/// Check a verification summary (VSA) that somebody else signed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 verified, 1 refused, 2 wrong usage, 3 a file could not be read."
)]
pub(super) struct Summary {
    /// The signed summary
    #[arg(long, value_name = "FILE")]
    attestation_path: PathBuf,

    /// A digest of what was verified, `ALGORITHM:VALUE`; several times if wanted
    #[arg(long, value_name = "DIGEST", required = true)]
    subject_digest: Vec<String>,

    /// Who verified it
    #[arg(long, value_name = "ID")]
    verifier_id: String,

    /// What was verified
    #[arg(long, value_name = "URI")]
    resource_uri: String,

    /// A level that was reached, such as `SLSA_BUILD_LEVEL_2`; several times if wanted
    #[arg(long, value_name = "LEVEL")]
    verified_level: Vec<String>,

    /// The verifier's public key
    #[arg(long, value_name = "FILE")]
    public_key_path: PathBuf,

    /// What the signature calls the key
    #[arg(long, value_name = "ID")]
    public_key_id: Option<String>,

    /// Print the verified statement
    #[arg(long)]
    print_attestation: bool,

    /// Say what came of it as slsa-verifier does: on stderr, and stdout has the statement alone
    #[arg(long, hide = true)]
    as_slsa_verifier: bool,
}

impl Summary {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let read = |file: &PathBuf| {
            fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))
        };
        let attestation = read(&self.attestation_path)?;
        let key = PublicKey::from_bytes(&read(&self.public_key_path)?)
            .with_context(|| format!("`{}`", self.public_key_path.display()))?;
        let expected = SummaryExpectation {
            subject_digests: self.subject_digest,
            verifier_id: self.verifier_id,
            resource_uri: self.resource_uri,
            verified_levels: self.verified_level,
        };
        let key_id = self.public_key_id.as_deref();
        let verdict = verify_summary(&attestation, &key, key_id, &expected);
        let shown = plain(&self.attestation_path.display().to_string());
        let mut out = output::stdout();
        match verdict {
            Ok(statement) if self.print_attestation => {
                serde_json::to_writer(&mut out, &statement)?;
                writeln!(out)?;
            }
            Ok(_) if self.as_slsa_verifier => {}
            Ok(_) => writeln!(out, "verified: {shown} by {}", plain(&expected.verifier_id))?,
            Err(refusal) if self.as_slsa_verifier => {
                tell(&format!("Verifying VSA: FAILED: {}\n", plain(&refusal.to_string())));
                return Ok(Outcome::Gate(1));
            }
            Err(refusal) => {
                writeln!(out, "refused: {shown}: {}", plain(&refusal.to_string()))?;
                return Ok(Outcome::Gate(1));
            }
        }
        if self.as_slsa_verifier {
            tell("Verifying VSA: PASSED\n");
        }
        Ok(Outcome::Clean)
    }
}
