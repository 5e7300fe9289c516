//! Whether the signature is the signer's, and over this artefact.

use super::{Claimed, Run, step};
use crate::artefact::Artefact;
use crate::bundle::Content;
use crate::dsse::{self, Envelope};
use crate::error::Error;
use crate::hash::{HashAlgorithm, from_hex, hex};
use crate::intoto::Statement;
use crate::key::{PublicKey, Scheme};

impl Run<'_> {
    pub(super) fn content(&mut self, claimed: &Claimed<'_>) -> bool {
        match &self.bundle.content {
            Content::Message { signature, digest } => {
                self.message(claimed, signature, digest.as_ref())
            }
            Content::Envelope(envelope) => self.envelope(claimed, envelope),
        }
    }

    fn message(
        &mut self,
        claimed: &Claimed<'_>,
        signature: &[u8],
        digest: Option<&(HashAlgorithm, Vec<u8>)>,
    ) -> bool {
        let Some(artefact) = self.artefact else {
            self.failed(step::ARTEFACT, "the artefact that was signed", "none was given", "");
            return false;
        };
        let same = match digest {
            // Nobody signed this digest; it is compared so that a bundle does not contradict
            // itself.
            Some((hash, digest)) => {
                let own = digest_of(artefact, *hash);
                let same = own.as_ref().is_ok_and(|own| own == digest);
                let expected =
                    own.map_or_else(|error| error.to_string(), |own| written(*hash, &own));
                let found = written(*hash, digest);
                self.settle(same, step::ARTEFACT, expected, found, "messageSignature.messageDigest")
            }
            None => true,
        };
        let valid =
            verify_message(&claimed.key, artefact, signature).map(|scheme| scheme.to_string());
        let expected = format!("a signature by the {}", claimed.key.describe());
        self.outcome(&valid, step::SIGNATURE, expected, "messageSignature.signature") && same
    }

    fn envelope(&mut self, claimed: &Claimed<'_>, envelope: &Envelope) -> bool {
        let message = envelope.pre_authentication_encoding();
        let signature = self.bundle.content.signature();
        let valid = dsse::verify_one(&claimed.key, &message, signature)
            .map(|()| "a signature over type and payload".to_owned());
        let expected = format!("a signature by the {}", claimed.key.describe());
        let signed = self.outcome(&valid, step::SIGNATURE, expected, "dsseEnvelope.signatures[0]");
        let statement = match Statement::of(envelope) {
            Ok(statement) => statement,
            Err(error) => {
                self.failed(step::ARTEFACT, "an in-toto statement", error.to_string(), "payload");
                return false;
            }
        };
        let subject = self.subject(&statement);
        if signed {
            self.report.statement = serde_json::to_value(&statement).ok();
        }
        signed && subject
    }

    /// Whether the artefact is one that the statement is about.
    fn subject(&mut self, statement: &Statement) -> bool {
        let Some(artefact) = self.artefact else { return true };
        let hit = statement.subject.iter().enumerate().find_map(|(at, subject)| {
            let name = subject.digest.iter().find_map(|(name, digest)| {
                let hash = HashAlgorithm::named(name)?;
                let wanted = from_hex(digest)?;
                let own = digest_of(artefact, hash).ok()?;
                (own == wanted).then(|| written(hash, &own))
            })?;
            Some((at, name))
        });
        let expected = artefact.describe();
        if let Some((at, found)) = hit {
            return self.settle(true, step::ARTEFACT, expected, found, format!("subject[{at}]"));
        }
        let found = if statement.subject.is_empty() {
            "no subject".to_owned()
        } else {
            let shown: Vec<String> = statement.subject.iter().take(SHOWN).map(described).collect();
            let more = statement.subject.len().saturating_sub(SHOWN);
            let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
            shown.join(", ") + &tail
        };
        self.settle(false, step::ARTEFACT, expected, found, "subject")
    }
}

/// How many subjects a message names.
const SHOWN: usize = 4;

fn described(subject: &crate::intoto::Subject) -> String {
    let digest = subject.digest.iter().next();
    let digest = digest.map_or_else(String::new, |(name, digest)| format!(" {name}:{digest}"));
    format!("`{}`{digest}", subject.name)
}

fn written(hash: HashAlgorithm, digest: &[u8]) -> String {
    format!("{}:{}", hash.name(), hex(digest))
}

pub(super) fn digest_of(artefact: &Artefact, hash: HashAlgorithm) -> Result<Vec<u8>, Error> {
    match artefact.digest(hash) {
        Ok(Some(digest)) => Ok(digest.to_vec()),
        Ok(None) => {
            Err(Error::unsupported("artefact", format!("its {} is not known", hash.name())))
        }
        Err(error) => Err(Error::malformed("artefact", error.to_string())),
    }
}

/// Checks a signature over the artefact itself, by any scheme that the key's owners use.
fn verify_message(key: &PublicKey, artefact: &Artefact, signature: &[u8]) -> Result<Scheme, Error> {
    let mut last = Error::BadSignature;
    for scheme in key.artefact_schemes() {
        match verify_with(key, *scheme, artefact, signature) {
            Ok(()) => return Ok(*scheme),
            // What cannot be tried says more than that another scheme did not match.
            Err(error) if last == Error::BadSignature => last = error,
            Err(_) => {}
        }
    }
    Err(last)
}

fn verify_with(
    key: &PublicKey,
    scheme: Scheme,
    artefact: &Artefact,
    signature: &[u8],
) -> Result<(), Error> {
    if let Some(content) = artefact.small_content() {
        return key.verify_with(scheme, content, signature);
    }
    match (scheme, scheme.hash()) {
        (Scheme::Ecdsa(_) | Scheme::Ed25519ph, Some(hash)) => {
            key.verify_digest(scheme, &digest_of(artefact, hash)?, signature)
        }
        _ => match artefact.content() {
            Ok(Some(content)) => key.verify_with(scheme, &content, signature),
            Ok(None) => {
                Err(Error::unsupported("signature", format!("{scheme} over a mere digest")))
            }
            Err(error) => Err(Error::malformed("artefact", error.to_string())),
        },
    }
}
