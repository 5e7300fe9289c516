//! Whether the certificate of a signature counts, and is for the one who was expected.

use plimsoll_model::Timestamp;

use super::verify::{Report, Signer};
use super::x509;
use crate::certificate::{Purpose, SubjectName, allows};
use crate::trust::TrustedRoot;
use crate::verify::{Policy, SignerPolicy, Status, Step, step, verify};

/// Who may sign under a certificate: an identity that Sigstore certified, or somebody of one's own
/// authority.
#[derive(Debug, Clone)]
pub struct Certified {
    /// The authorities and logs that are trusted.
    pub root: TrustedRoot,
    /// What is asked for.
    pub policy: Policy,
}

impl Certified {
    /// What is asked for, in words.
    pub(super) fn expected(&self) -> &'static str {
        match self.policy.signer {
            SignerPolicy::OwnAuthority(..) => "a certificate of one's own authority",
            _ => "a certificate of Sigstore's for the identity",
        }
    }
}

/// Judges a signature over `payload`; the steps go into the report, and the signer if all of them hold.
pub(super) fn judge(
    report: &mut Report,
    payload: &[u8],
    armour: &[u8],
    (certified, demanded): (Option<&Certified>, Option<&str>),
    now: Timestamp,
    place: &str,
) {
    let expected = "an X.509 signature of what is there";
    let signed = match x509::read(armour, payload) {
        Ok(signed) => signed,
        Err(error) => {
            report.push(step::SIGNATURE, false, expected, error.to_string(), place);
            return;
        }
    };
    let certificate = &signed.certificate;
    report.push(step::SIGNATURE, true, expected, certificate.to_string(), place);
    let Some(certified) = certified else {
        let found = format!("`{certificate}`, and no authority or identity to judge it by");
        report.push(step::SIGNER, false, "a certificate that is trusted", found, place);
        return;
    };
    let mut policy = certified.policy.clone();
    // People sign with the certificate that they sign mail with.
    let mails = allows(certificate, Purpose::EmailProtection).unwrap_or_default()
        && !allows(certificate, Purpose::CodeSigning).unwrap_or_default();
    if mails {
        policy.purpose = Purpose::EmailProtection;
    }
    let judged = verify(&signed.bundle, &signed.message, &certified.root, &policy, now);
    let mut steps = judged.steps;
    if signed.bundle.entries.is_empty() {
        // gitsign keeps the entry elsewhere unless it is told otherwise.
        let hint = "none in the signature: gitsign writes one with `gitsign.rekorMode` `offline`";
        let count = steps.iter_mut().filter(|it| it.name == step::LOG_COUNT);
        count.filter(|it| it.status == Status::Failed).for_each(|it| it.found = hint.into());
    }
    report.steps.extend(steps.into_iter().map(|it| Step { place: placed(place, &it.place), ..it }));
    let names: Vec<String> = match judged.signer {
        Some(found) if !found.names.is_empty() => {
            found.names.iter().map(|name| name.as_str().to_owned()).collect()
        }
        _ => vec![SubjectName::Directory(certificate.subject()).as_str().to_owned()],
    };
    if let Some(wanted) = demanded.filter(|wanted| !names.iter().any(|name| name == wanted)) {
        report.push(step::SIGNER, false, wanted, names.join(", "), place);
        return;
    }
    if judged.verified {
        report.push(step::SIGNER, true, certified.expected(), names.join(", "), place);
        report.signer = Some(Signer {
            scheme: "x509",
            names,
            key: format!("certificate SHA256:{}", certificate.fingerprint()),
            certificate: Some(format!("issued by {}", certificate.issuer())),
        });
    }
}

fn placed(object: &str, inside: &str) -> String {
    if inside.is_empty() { object.to_owned() } else { format!("{object}, {inside}") }
}
