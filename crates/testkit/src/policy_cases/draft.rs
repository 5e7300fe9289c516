//! Authorities, logs and signers, and a signature before it is made.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _, SanType,
    date_time_ymd,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(super) const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
pub(super) const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
pub(super) const CHAIN: &str = "dev.sigstore.cosign/chain";
pub(super) const PROMISE: &str = "dev.sigstore.cosign/bundle";

pub(super) const TOKENS: &str = "https://tokens.example";
pub(super) const EMAIL: &str = "release@example.com";
/// Noon of the one day in 2024 at which certificates of the short kind count.
pub(super) const NOON: i64 = 1_704_110_400;

/// Who there is.
pub(super) struct World {
    pub(super) root: Party,
    pub(super) between: Party,
    pub(super) stranger: Party,
    pub(super) log: KeyPair,
    pub(super) other_log: KeyPair,
    pub(super) ed25519_log: KeyPair,
    pub(super) signer: KeyPair,
    pub(super) other_signer: KeyPair,
}

/// An authority: its certificate in PEM, and what it issues with.
pub(super) struct Party {
    pub(super) pem: String,
    pub(super) issuer: Issuer<'static, KeyPair>,
}

impl Party {
    pub(super) fn root(name: &str, bend: impl Fn(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = authority(name);
        bend(&mut params);
        let pem = certificate_pem(&params.self_signed(&key).unwrap());
        Self { pem, issuer: Issuer::new(params, key) }
    }

    pub(super) fn below(&self, name: &str, bend: impl Fn(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = authority(name);
        bend(&mut params);
        let pem = certificate_pem(&params.signed_by(&key, &self.issuer).unwrap());
        Self { pem, issuer: Issuer::new(params, key) }
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2045, 1, 1);
    params
}

impl World {
    pub(super) fn new() -> Self {
        let key = || KeyPair::generate().unwrap();
        let root = Party::root("root", |_| {});
        Self {
            between: root.below("between", |_| {}),
            stranger: Party::root("stranger", |_| {}),
            root,
            log: key(),
            other_log: key(),
            ed25519_log: KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap(),
            signer: key(),
            other_signer: key(),
        }
    }
}

/// A signature before it is made, for a case to bend.
pub(super) struct Draft<'w> {
    pub(super) reference: String,
    pub(super) digest: String,
    /// Whose certificate it is under, if any.
    pub(super) leaf: Option<CertificateParams>,
    pub(super) by: &'w Party,
    pub(super) chain: Vec<String>,
    /// The key that signs, where it is not that of the certificate.
    pub(super) key: &'w KeyPair,
    /// The log, and when it took the signature.
    pub(super) log: Option<(&'w KeyPair, i64)>,
    pub(super) entry: fn(&mut Value),
    pub(super) annotations: fn(&mut BTreeMap<String, String>),
}

impl<'w> Draft<'w> {
    pub(super) fn new(world: &'w World, reference: String, digest: &str) -> Self {
        Self {
            reference,
            digest: digest.to_owned(),
            leaf: None,
            by: &world.root,
            chain: Vec::new(),
            key: &world.signer,
            log: None,
            entry: |_| {},
            annotations: |_| {},
        }
    }

    /// The parameters of the certificate.
    pub(super) fn leaf(&mut self) -> &mut CertificateParams {
        self.leaf.as_mut().unwrap()
    }

    pub(super) fn names(&mut self, names: Vec<SanType>) {
        self.leaf().subject_alt_names = names;
    }

    pub(super) fn issuers(&mut self, first: Option<&str>, second: Option<&str>) {
        let mut extensions = Vec::new();
        if let Some(first) = first {
            extensions.push(fulcio(1, first.as_bytes().to_vec()));
        }
        if let Some(second) = second {
            extensions.push(fulcio(8, utf8(second)));
        }
        self.leaf().custom_extensions = extensions;
    }

    pub(super) fn make(self, world: &World) -> (Vec<u8>, BTreeMap<String, String>) {
        let payload = json!({
            "critical": {
                "type": "cosign container image signature",
                "image": {"docker-manifest-digest": self.digest},
                "identity": {"docker-reference": self.reference},
            },
            "optional": null,
        })
        .to_string()
        .into_bytes();
        let signature = sign(self.key, &payload);
        let mut annotations = BTreeMap::from([(SIGNATURE.into(), STANDARD.encode(&signature))]);
        let mut signer = public_pem(self.key);
        if let Some(leaf) = self.leaf {
            signer = certificate_pem(&leaf.signed_by(&world.signer, &self.by.issuer).unwrap());
            annotations.insert(CERTIFICATE.into(), signer.clone());
        }
        if !self.chain.is_empty() {
            annotations.insert(CHAIN.into(), self.chain.concat());
        }
        if let Some((log, time)) = self.log {
            let mut entry = json!({
                "apiVersion": "0.0.1",
                "kind": "hashedrekord",
                "spec": {
                    "data": {"hash": {"algorithm": "sha256", "value": hex(&payload)}},
                    "signature": {
                        "content": STANDARD.encode(&signature),
                        "publicKey": {"content": STANDARD.encode(&signer)},
                    },
                },
            });
            (self.entry)(&mut entry);
            let promised = json!({
                "body": STANDARD.encode(entry.to_string()),
                "integratedTime": time,
                "logID": hex(log.public_key_raw()),
                "logIndex": 7,
            });
            let promise = json!({
                "SignedEntryTimestamp": STANDARD.encode(sign(log, promised.to_string().as_bytes())),
                "Payload": promised,
            });
            annotations.insert(PROMISE.into(), promise.to_string());
        }
        (self.annotations)(&mut annotations);
        (payload, annotations)
    }
}

fn sign(key: &KeyPair, message: &[u8]) -> Vec<u8> {
    let random = SystemRandom::new();
    let der = key.serialize_der();
    match EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der, &random) {
        Ok(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
        Err(_) => ring::signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)
            .unwrap()
            .sign(message)
            .as_ref()
            .to_vec(),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn fulcio(arc: u64, content: Vec<u8>) -> CustomExtension {
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, arc], content)
}

fn utf8(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    [&[0x0c, length], text.as_bytes()].concat()
}

pub(super) fn email(name: &str) -> SanType {
    SanType::Rfc822Name(name.try_into().unwrap())
}

pub(super) fn host(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

pub(super) fn data(pem: &str) -> Value {
    json!(STANDARD.encode(pem))
}

pub(super) fn leaf() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    params
}

/// A certificate as text.
pub(super) fn certificate_pem(certificate: &Certificate) -> String {
    pem("CERTIFICATE", certificate.der())
}

/// A key's public half as text.
pub(super) fn public_pem(key: &KeyPair) -> String {
    pem("PUBLIC KEY", &key.subject_public_key_info())
}

fn pem(label: &str, bytes: &[u8]) -> String {
    let body = STANDARD.encode(bytes);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
