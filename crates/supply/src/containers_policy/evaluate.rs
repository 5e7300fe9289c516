//! Whether an image meets every requirement that is for it.
//!
//! Source: `signature/policy_eval*.go` of containers/image.

use plimsoll_model::{Digest, ImageName, Timestamp};

use super::identity::SignedIdentity;
use super::payload;
use super::policy::{KeySource, KeyType, Policy, Requirement, Scope, SignedBy, SigstoreSigned};
use crate::hash::HashAlgorithm;
use crate::key::{KeyKind, PublicKey, RsaPadding, Scheme};
use crate::openpgp::Keyring;
use crate::verify::{Report, Status, Step};

/// A signature that cosign keeps under a tag.
#[derive(Debug, Clone)]
pub struct SigstoreSignature {
    /// What was signed.
    pub payload: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// An image and what is signed about it.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// How the user named it; none where it has no name in a registry.
    pub name: Option<&'a ImageName>,
    /// The scopes that it falls under.
    pub scope: &'a Scope,
    /// The bytes of its manifest.
    pub manifest: &'a [u8],
    /// Signed messages of `OpenPGP`.
    pub simple: &'a [Vec<u8>],
    /// Signatures of cosign.
    pub sigstore: &'a [SigstoreSignature],
}

/// Reads the files that a policy names.
pub trait Files {
    /// The bytes of a file, or why there are none.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// Judges an image.
pub fn evaluate(
    policy: &Policy,
    subject: &Subject<'_>,
    files: &dyn Files,
    now: Timestamp,
) -> Report {
    let (requirements, place) = policy.requirements(subject.scope);
    let run = Run { subject, files, now };
    let mut report = Report::default();
    for (at, requirement) in requirements.iter().enumerate() {
        let (expected, result) = run.judge(requirement);
        let status = if result.is_ok() { Status::Passed } else { Status::Failed };
        let place = format!("{place}[{at}]");
        let found = result.unwrap_or_else(|why| why);
        report.steps.push(Step { name: requirement.name(), status, expected, found, place });
    }
    report.verified = !report.steps.is_empty() && report.failure().is_none();
    report
}

struct Run<'a> {
    subject: &'a Subject<'a>,
    files: &'a dyn Files,
    now: Timestamp,
}

impl Run<'_> {
    fn judge(&self, requirement: &Requirement) -> (String, Result<String, String>) {
        match requirement {
            Requirement::InsecureAcceptAnything {} => {
                ("nothing".into(), Ok("accepted without a signature".into()))
            }
            Requirement::Reject {} => {
                ("an image that the policy allows".into(), Err("the policy rejects it".into()))
            }
            Requirement::SignedBaseLayer { .. } => {
                let why = "no program checks base layers, so that none is allowed";
                ("a signed base layer".into(), Err(why.into()))
            }
            Requirement::SignedBy(it) => {
                let expected = self.expected("OpenPGP", it.signed_identity.as_ref());
                (expected, self.signed_by(it))
            }
            Requirement::SigstoreSigned(it) => {
                let expected = self.expected("Sigstore", it.signed_identity.as_ref());
                (expected, self.sigstore_signed(it))
            }
        }
    }

    fn expected(&self, what: &str, identity: Option<&SignedIdentity>) -> String {
        let default = SignedIdentity::default();
        let name = self.subject.name.map(|name| identity.unwrap_or(&default).expected(name));
        format!("a signature ({what}) of {}", name.unwrap_or_default())
    }

    fn signed_by(&self, requirement: &SignedBy) -> Result<String, String> {
        if requirement.key_type != KeyType::GPGKeys {
            return Err("no program knows this `keyType` but `GPGKeys`".into());
        }
        let mut ring = Keyring::default();
        for source in requirement.keys() {
            let bytes = self.key(source)?;
            ring.add(&bytes).map_err(|error| format!("{}: {error}", shown(source)))?;
        }
        if ring.keys().is_empty() {
            return Err(format!("no key that is read: {}", ring.skipped.join("; ")));
        }
        let identity = requirement.signed_identity.clone().unwrap_or_default();
        any(self.subject.simple, |message| {
            let signed = ring.verify(message, self.now).map_err(|error| error.to_string())?;
            self.accept(&signed.content, payload::ATOMIC, &identity)?;
            let name = signed.name.map(|name| format!(" ({name})")).unwrap_or_default();
            Ok(format!("signed by {}{name}", signed.fingerprint))
        })
    }

    fn sigstore_signed(&self, requirement: &SigstoreSigned) -> Result<String, String> {
        if requirement.fulcio.is_some() || requirement.pki.is_some() || requirement.wants_log() {
            return Err("`fulcio`, `pki` and `rekorPublicKey` are not judged here: \
                        `plimsoll verify --certificate-identity` does"
                .into());
        }
        let mut keys = Vec::new();
        for source in requirement.keys() {
            let bytes = self.key(source)?;
            let key = PublicKey::from_bytes(&bytes);
            keys.push(key.map_err(|error| format!("{}: {error}", shown(source)))?);
        }
        let identity = requirement.signed_identity.clone().unwrap_or_default();
        any(self.subject.sigstore, |signature| {
            let made = |key: &&PublicKey| {
                key.verify_with(scheme(key), &signature.payload, &signature.signature).is_ok()
            };
            let key = keys.iter().find(made).ok_or("signed by none of the keys")?;
            self.accept(&signature.payload, payload::COSIGN, &identity)?;
            Ok(format!("signed by the {}", key.describe()))
        })
    }

    /// Whether a payload whose signature holds is about this image.
    fn accept(&self, content: &[u8], kind: &str, identity: &SignedIdentity) -> Result<(), String> {
        let payload = payload::read(content, kind).map_err(|error| error.to_string())?;
        let digest: Digest = payload.digest.parse().map_err(|_| {
            format!("the signature is about `{}`, which is no digest", payload.digest)
        })?;
        let hash = HashAlgorithm::named(digest.algorithm().name());
        let manifest = hash.map(|hash| crate::hash::hex(&hash.digest(self.subject.manifest)));
        if manifest.as_deref() != Some(digest.hex()) {
            return Err(format!("the signature is about another manifest, {digest}"));
        }
        let Some(name) = self.subject.name else {
            return Err("an image without a name in a registry has no signed name".into());
        };
        if identity.accepts(name, &payload.reference) {
            Ok(())
        } else {
            Err(format!("the signature is about `{}`", payload.reference))
        }
    }

    fn key(&self, source: KeySource<'_>) -> Result<Vec<u8>, String> {
        match source {
            KeySource::Data(bytes) => Ok(bytes.to_vec()),
            KeySource::File(path) => {
                self.files.read(path).map_err(|why| format!("cannot read `{path}`: {why}"))
            }
        }
    }
}

/// One signature that is accepted is enough.
fn any<T>(
    signatures: &[T],
    accept: impl Fn(&T) -> Result<String, String>,
) -> Result<String, String> {
    let mut refusals = Vec::new();
    for signature in signatures {
        match accept(signature) {
            Ok(found) => return Ok(found),
            Err(why) => refusals.push(why),
        }
    }
    if refusals.is_empty() { Err("no signature".into()) } else { Err(refusals.join("; ")) }
}

/// As cosign signs with any key: SHA-256, but with Ed25519 the bytes themselves.
fn scheme(key: &PublicKey) -> Scheme {
    match key.kind() {
        KeyKind::Ecdsa(_) => Scheme::Ecdsa(HashAlgorithm::Sha256),
        KeyKind::Ed25519 => Scheme::Ed25519,
        KeyKind::Rsa => Scheme::Rsa(RsaPadding::Pkcs1v15, HashAlgorithm::Sha256),
    }
}

fn shown(source: KeySource<'_>) -> String {
    match source {
        KeySource::File(path) => format!("`{path}`"),
        KeySource::Data(_) => "`keyData`".into(),
    }
}
