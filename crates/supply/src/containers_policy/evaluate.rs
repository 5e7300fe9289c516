//! Whether an image meets every requirement that is for it.
//!
//! Source: `signature/policy_eval*.go` of containers/image.

use std::collections::BTreeMap;

use plimsoll_model::{Digest, ImageName, Timestamp};

use super::identity::SignedIdentity;
use super::policy::{KeySource, KeyType, Policy, Requirement, Scope, SignedBy};
use super::promise::{self, Signed};
use super::sigstore::{Fulcio, Pki, SigstoreSigned};
use super::{certified, payload};
use crate::certificate::{Authority, Certificate};
use crate::cosign;
use crate::hash::HashAlgorithm;
use crate::json::Bytes;
use crate::key::{KeyKind, PublicKey, RsaPadding, Scheme};
use crate::openpgp::Keyring;
use crate::verify::{Report, Status, Step};

/// A signature that cosign keeps under a tag.
#[derive(Debug, Clone)]
pub struct SigstoreSignature {
    /// What was signed.
    pub payload: Vec<u8>,
    /// What is said of it beside it: the signature, the certificates, the log's promise.
    pub annotations: BTreeMap<String, String>,
}

impl SigstoreSignature {
    fn annotation(&self, name: &str) -> Result<&str, String> {
        let found = self.annotations.get(name).map(String::as_str);
        found.ok_or_else(|| format!("the signature has no annotation `{name}`"))
    }
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
        let trust = Trust {
            signers: self.signers(requirement)?,
            logs: self.logs(requirement)?,
            now: self.now,
        };
        let identity = requirement.signed_identity.clone().unwrap_or_default();
        any(self.subject.sigstore, |it| {
            let signature = Bytes::decode(it.annotation(cosign::SIGNATURE)?)
                .ok_or("the signature is no base64")?
                .0;
            let (keys, found) = trust.keys(it, &signature)?;
            let made =
                |key: &&PublicKey| key.verify_with(scheme(key), &it.payload, &signature).is_ok();
            let key = keys.iter().find(made).ok_or("signed by none of the keys")?;
            self.accept(&it.payload, payload::COSIGN, &identity)?;
            Ok(format!("signed by the {}{found}", key.describe()))
        })
    }

    fn signers<'r>(&self, requirement: &'r SigstoreSigned) -> Result<Signers<'r>, String> {
        let authority = |roots, between| -> Result<Authority, String> {
            let roots = self.read(roots, certified::roots)?.unwrap_or_default();
            let intermediates = self.read(between, certified::all)?.unwrap_or_default();
            Ok(Authority { roots, intermediates })
        };
        if let Some(fulcio) = &requirement.fulcio {
            return Ok(Signers::Fulcio(fulcio, authority(fulcio.authority(), None)?));
        }
        if let Some(pki) = &requirement.pki {
            return Ok(Signers::Pki(pki, authority(pki.roots(), pki.intermediates())?));
        }
        Ok(Signers::Keys(self.public_keys(&requirement.keys())?))
    }

    fn logs(&self, requirement: &SigstoreSigned) -> Result<Option<Vec<PublicKey>>, String> {
        let sources = requirement.logs();
        let keys = self.public_keys(&sources)?;
        let ecdsa = |key: &PublicKey| matches!(key.kind(), KeyKind::Ecdsa(_));
        match keys.iter().find(|key| !ecdsa(key)) {
            Some(key) => Err(format!("the key of a log is {}, not ECDSA", key.describe())),
            None => Ok((!sources.is_empty()).then_some(keys)),
        }
    }

    fn public_keys(&self, sources: &[KeySource<'_>]) -> Result<Vec<PublicKey>, String> {
        let read = |source: &KeySource<'_>| {
            let key = PublicKey::from_bytes(&self.key(*source)?);
            key.map_err(|error| format!("{}: {error}", shown(*source)))
        };
        sources.iter().map(read).collect()
    }

    fn read<T>(
        &self,
        source: Option<KeySource<'_>>,
        with: fn(&[u8]) -> Result<T, crate::Error>,
    ) -> Result<Option<T>, String> {
        let Some(source) = source else { return Ok(None) };
        let read = with(&self.key(source)?);
        read.map(Some).map_err(|error| format!("{}: {error}", shown(source)))
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

/// Who may sign by a requirement.
enum Signers<'r> {
    Keys(Vec<PublicKey>),
    Fulcio(&'r Fulcio, Authority),
    Pki(&'r Pki, Authority),
}

/// What a requirement trusts.
struct Trust<'r> {
    signers: Signers<'r>,
    logs: Option<Vec<PublicKey>>,
    now: Timestamp,
}

impl Trust<'_> {
    /// The keys that this signature may be of, and what was found out on the way to them.
    fn keys(
        &self,
        it: &SigstoreSignature,
        signature: &[u8],
    ) -> Result<(Vec<PublicKey>, String), String> {
        let payload = it.payload.as_slice();
        let promised = |signer: &[u8]| {
            let logs = self.logs.as_deref().unwrap_or_default();
            let bytes = it.annotation(cosign::BUNDLE)?.as_bytes();
            promise::verify(logs, bytes, Signed { signer, signature, payload })
                .map_err(|error| error.to_string())
        };
        match &self.signers {
            Signers::Keys(keys) if self.logs.is_none() => Ok((keys.clone(), String::new())),
            Signers::Keys(keys) => {
                let mut refusals = Vec::new();
                for key in keys {
                    match promised(key.spki_der()) {
                        Ok(time) => return Ok((vec![key.clone()], format!(", logged {time}"))),
                        Err(why) => refusals.push(why),
                    }
                }
                Err(refusals.join("; "))
            }
            Signers::Fulcio(fulcio, authority) => {
                let pem = it.annotation(cosign::CERTIFICATE)?;
                let der = promise::only_block(pem.as_bytes()).map_err(|it| it.to_string())?;
                let time = promised(&der)?;
                let more = it.annotations.get(cosign::CHAIN);
                let (leaf, authority) = certified(pem, more, authority)?;
                let issuer = &fulcio.oidc_issuer;
                fulcio.accepts(&leaf, &authority, time).map_err(|error| error.to_string())?;
                let found = format!(" of {}, {issuer}, logged {time}", fulcio.subject_email);
                Ok((vec![leaf_key(&leaf)?], found))
            }
            Signers::Pki(pki, authority) => {
                let pem = it.annotation(cosign::CERTIFICATE)?;
                let more = it.annotations.get(cosign::CHAIN);
                let (leaf, authority) = certified(pem, more, authority)?;
                pki.accepts(&leaf, &authority, self.now).map_err(|error| error.to_string())?;
                let names = [&pki.subject_email, &pki.subject_hostname];
                let names: Vec<&str> =
                    names.into_iter().map(String::as_str).filter(|it| !it.is_empty()).collect();
                Ok((vec![leaf_key(&leaf)?], format!(" of {}", names.join(", "))))
            }
        }
    }
}

/// The signer's certificate, and the authority with what the signature offers for the way to it.
fn certified(
    pem: &str,
    more: Option<&String>,
    authority: &Authority,
) -> Result<(Certificate, Authority), String> {
    let read = || {
        let mut authority = authority.clone();
        if let Some(more) = more {
            authority.intermediates.extend(certified::offered(more.as_bytes())?);
        }
        Ok((certified::leaf(pem.as_bytes())?, authority))
    };
    read().map_err(|error: crate::Error| error.to_string())
}

fn leaf_key(leaf: &Certificate) -> Result<PublicKey, String> {
    leaf.public_key().map_err(|error| error.to_string())
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
        KeySource::Data(_) => "data in the policy".into(),
    }
}
