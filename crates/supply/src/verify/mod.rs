//! Verification: a bundle, an artefact, a trusted root and a policy enter, a report leaves.
//!
//! Nothing is fetched. Every check is a step of the report, also after the first that failed, so
//! that one run shows all that is wrong. Nothing is verified unless each part came to its end.
//! Source: Sigstore's client specification, and `pkg/verify` of sigstore/sigstore-go.

mod content;
mod logged;
mod policy;
mod report;
mod signer;

use plimsoll_model::Timestamp;

use crate::artefact::Artefact;
use crate::bundle::{Bundle, Signer};
use crate::certificate::Certificate;
use crate::error::Error;
use crate::key::PublicKey;
use crate::trust::TrustedRoot;

pub use policy::{IdentityPolicy, Pattern, Policy, SignerPolicy};
pub use report::{Report, SignerSummary, Status, Step, VerifiedTime, step};

/// Checks that `bundle` is the word of the one whom `policy` names about `artefact`.
///
/// `now` counts only where a certificate of one's own authority has no vouched time.
///
/// ```
/// use plimsoll_supply::artefact::Artefact;
/// use plimsoll_supply::bundle::Bundle;
/// use plimsoll_supply::trust::TrustedRoot;
/// use plimsoll_supply::verify::{IdentityPolicy, Policy, verify};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let now = "2026-01-01".parse()?;
/// let policy = Policy::identities(vec![IdentityPolicy::exact(
///     "release@example.com",
///     "https://accounts.example.com",
/// )]);
/// let root = TrustedRoot::public_good()?;
/// if let Ok(bundle) = Bundle::parse(b"{}") {
///     let report = verify(&bundle, &Artefact::bytes("cargo"), &root, &policy, now);
///     assert!(report.verified);
/// }
/// # Ok(())
/// # }
/// ```
pub fn verify(
    bundle: &Bundle,
    artefact: &Artefact,
    root: &TrustedRoot,
    policy: &Policy,
    now: Timestamp,
) -> Report {
    conclude(Run { bundle, artefact: Some(artefact), root, policy, now, report: Report::default() })
}

/// Checks that `bundle` is the word of the one whom `policy` names, whatever the claim in it is
/// about. The caller must compare the statement's subject with the artefact.
pub fn verify_statement(
    bundle: &Bundle,
    root: &TrustedRoot,
    policy: &Policy,
    now: Timestamp,
) -> Report {
    conclude(Run { bundle, artefact: None, root, policy, now, report: Report::default() })
}

fn conclude(mut run: Run<'_>) -> Report {
    let complete = run.all();
    let mut report = run.report;
    report.verified = complete && report.failure().is_none();
    report
}

struct Run<'a> {
    bundle: &'a Bundle,
    artefact: Option<&'a Artefact>,
    root: &'a TrustedRoot,
    policy: &'a Policy,
    now: Timestamp,
    report: Report,
}

/// The one who says to have signed.
struct Claimed<'a> {
    key: PublicKey,
    certificate: Option<&'a Certificate>,
}

impl<'a> Run<'a> {
    /// Whether every part came to its end.
    fn all(&mut self) -> bool {
        let rootless = self.rootless();
        let Some(claimed) = self.claimed() else { return false };
        let signed = self.content(&claimed);
        let logged = self.logs(&claimed);
        let stamped = self.timestamps();
        let certified = self.certificate(&claimed);
        let identified = self.identity(&claimed);
        rootless && signed && logged && stamped && certified && identified
    }

    /// A root is trusted because the verifier has it, never because a bundle brings it.
    fn rootless(&mut self) -> bool {
        let Signer::Certificate(_, more) = &self.bundle.signer else { return true };
        match more.iter().find(|certificate| certificate.is_self_issued()) {
            Some(root) if !self.policy.root_in_bundle => {
                let found = format!("the root `{root}`");
                self.failed(
                    step::BUNDLE,
                    "a chain without its root",
                    found,
                    "x509CertificateChain",
                );
                false
            }
            _ => true,
        }
    }

    /// The signer that the bundle names, if it is of the kind that the policy asks for.
    fn claimed(&mut self) -> Option<Claimed<'a>> {
        let place = "verificationMaterial";
        match (&self.policy.signer, &self.bundle.signer) {
            (SignerPolicy::Key(key), Signer::Key(hint)) => {
                self.report.signer = Some(SignerSummary::of_key(key));
                let found = format!("a key with the hint `{hint}`");
                self.passed(step::SIGNER, key.describe(), found, place);
                Some(Claimed { key: key.clone(), certificate: None })
            }
            // A certificate for the very key that is trusted says nothing against it.
            (SignerPolicy::Key(key), Signer::Certificate(certificate, _)) => {
                let found = certificate.public_key().map_or_else(
                    |error| error.to_string(),
                    |found| format!("a certificate for the {}", found.describe()),
                );
                let same = certificate.spki_der() == key.spki_der();
                self.report.signer = Some(SignerSummary::of_key(key));
                self.settle(same, step::SIGNER, key.describe(), found, place);
                same.then(|| Claimed { key: key.clone(), certificate: Some(certificate) })
            }
            (_, Signer::Key(hint)) => {
                let found = format!("a key with the hint `{hint}`");
                self.failed(step::SIGNER, "a certificate", found, place);
                None
            }
            (_, Signer::Certificate(certificate, _)) => match certificate.public_key() {
                Ok(key) => {
                    let summary = SignerSummary::of_certificate(certificate, &key);
                    self.report.signer = Some(summary);
                    let found = format!("a certificate for the {}", key.describe());
                    self.passed(step::SIGNER, "a certificate", found, place);
                    Some(Claimed { key, certificate: Some(certificate) })
                }
                Err(error) => {
                    self.failed(step::SIGNER, "a certificate", error.to_string(), place);
                    None
                }
            },
        }
    }

    fn passed(
        &mut self,
        name: &'static str,
        expected: impl Into<String>,
        found: impl Into<String>,
        place: impl Into<String>,
    ) {
        self.push(Status::Passed, name, expected.into(), found.into(), place.into());
    }

    fn failed(
        &mut self,
        name: &'static str,
        expected: impl Into<String>,
        found: impl Into<String>,
        place: impl Into<String>,
    ) {
        self.push(Status::Failed, name, expected.into(), found.into(), place.into());
    }

    fn ignored(
        &mut self,
        name: &'static str,
        expected: impl Into<String>,
        found: impl Into<String>,
        place: impl Into<String>,
    ) {
        self.push(Status::Ignored, name, expected.into(), found.into(), place.into());
    }

    /// Records a step that passed or failed, and says which.
    fn settle(
        &mut self,
        ok: bool,
        name: &'static str,
        expected: impl Into<String>,
        found: impl Into<String>,
        place: impl Into<String>,
    ) -> bool {
        let status = if ok { Status::Passed } else { Status::Failed };
        self.push(status, name, expected.into(), found.into(), place.into());
        ok
    }

    /// Records the outcome of a check whose error says what was found.
    fn outcome(
        &mut self,
        result: &Result<String, Error>,
        name: &'static str,
        expected: impl Into<String>,
        place: impl Into<String>,
    ) -> bool {
        match result {
            Ok(found) => self.settle(true, name, expected, found.clone(), place),
            Err(error) => self.settle(false, name, expected, error.to_string(), place),
        }
    }

    fn push(
        &mut self,
        status: Status,
        name: &'static str,
        expected: String,
        found: String,
        place: String,
    ) {
        self.report.steps.push(Step { name, status, expected, found, place });
    }
}
