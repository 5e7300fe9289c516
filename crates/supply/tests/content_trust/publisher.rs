//! A repository of Docker Content Trust that is made here, whose every part a test can bend.

use std::collections::BTreeMap;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_model::Timestamp;
use plimsoll_supply::content_trust::{Anchors, Request, Source, Verdict, verify};
use plimsoll_supply::hash::{HashAlgorithm, hex, sha256};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData as _,
    date_time_ymd,
};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use serde_json::{Value, json};

pub(crate) const GUN: &str = "r.example/team/app";
/// 2026-01-02.
pub(crate) const NOW: i64 = 1_767_323_045;
pub(crate) const LATER: &str = "2099-01-01T00:00:00.123456789Z";
pub(crate) const BEFORE: &str = "2026-01-01T00:00:00+01:00";

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A key, and how it signs.
/// From a message to its signature.
type Signing = dyn Fn(&[u8]) -> Vec<u8>;

#[derive(Clone)]
pub(crate) struct Key {
    keytype: &'static str,
    pub(crate) public: Vec<u8>,
    method: &'static str,
    sign: Rc<Signing>,
}

impl Key {
    pub(crate) fn ed25519() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        Self {
            keytype: "ed25519",
            public: pair.public_key().as_ref().to_vec(),
            method: "eddsa",
            sign: Rc::new(move |message| pair.sign(message).as_ref().to_vec()),
        }
    }

    pub(crate) fn ecdsa() -> Self {
        let pair = KeyPair::generate().unwrap();
        Self::of_pair(&pair, "ecdsa", pair.subject_public_key_info())
    }

    /// A key in a certificate of its own.
    pub(crate) fn x509(common_name: &str) -> Self {
        Self::certified(common_name, |_| {}, None)
    }

    /// A key in a certificate that is bent, by an authority where there is one.
    pub(crate) fn certified(
        common_name: &str,
        bend: impl Fn(&mut CertificateParams),
        issuer: Option<(&CertificateParams, &KeyPair)>,
    ) -> Self {
        let pair = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        (params.not_before, params.not_after) =
            (date_time_ymd(2025, 1, 1), date_time_ymd(2099, 1, 1));
        bend(&mut params);
        let certificate = match issuer {
            None => params.self_signed(&pair).unwrap(),
            Some((authority, key)) => {
                params.signed_by(&pair, &Issuer::from_params(authority, key)).unwrap()
            }
        };
        Self::of_pair(&pair, "ecdsa-x509", pem(certificate.der()))
    }

    fn of_pair(pair: &KeyPair, keytype: &'static str, public: Vec<u8>) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = pair.serialize_der();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &random).unwrap();
        Self {
            keytype,
            public,
            method: "ecdsa",
            sign: Rc::new(move |message| {
                pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
            }),
        }
    }

    /// The same key without its certificate.
    #[allow(dead_code, reason = "the tests of the program use it")]
    pub(crate) fn bare(&self) -> Self {
        let certificate = plimsoll_supply::certificate::Certificate::from_bytes(&self.public);
        let public = certificate.unwrap().spki_der().to_vec();
        Self { keytype: "ecdsa", public, ..self.clone() }
    }

    pub(crate) fn json(&self) -> Value {
        let public = STANDARD.encode(&self.public);
        json!({"keytype": self.keytype, "keyval": {"private": null, "public": public}})
    }

    pub(crate) fn id(&self) -> String {
        hex(&sha256(self.json().to_string().as_bytes()))
    }
}

/// A certificate as Go writes it.
fn pem(der: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let lines = lines.join("\n");
    format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n").into_bytes()
}

/// An authority for root keys.
pub(crate) fn authority() -> (CertificateParams, KeyPair, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "our authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params.not_before, params.not_after) = (date_time_ymd(2025, 1, 1), date_time_ymd(2099, 1, 1));
    let pem = pem(params.self_signed(&key).unwrap().der());
    (params, key, pem)
}

/// `signed` with the signatures of `keys`. Our values are plain, so that `serde_json`'s compact
/// form with its ordered keys is the canonical one.
pub(crate) fn sign(signed: &Value, keys: &[Key]) -> Vec<u8> {
    let message = signed.to_string();
    let signature = |key: &Key| {
        let sig = STANDARD.encode((key.sign)(message.as_bytes()));
        json!({"keyid": key.id(), "method": key.method, "sig": sig})
    };
    let signatures: Vec<Value> = keys.iter().map(signature).collect();
    json!({"signed": signed, "signatures": signatures}).to_string().into_bytes()
}

pub(crate) fn meta(bytes: &[u8]) -> Value {
    let digest = |hash: HashAlgorithm| STANDARD.encode(hash.digest(bytes));
    json!({"length": bytes.len(), "hashes": {
        "sha256": digest(HashAlgorithm::Sha256), "sha512": digest(HashAlgorithm::Sha512)}})
}

/// A role that another handed on to.
pub(crate) struct Delegated {
    pub(crate) name: &'static str,
    pub(crate) keys: Vec<Key>,
    pub(crate) signers: Vec<Key>,
    pub(crate) threshold: usize,
    pub(crate) paths: Vec<&'static str>,
    pub(crate) tags: Vec<(&'static str, &'static [u8])>,
}

impl Delegated {
    pub(crate) fn new(name: &'static str, tags: &[(&'static str, &'static [u8])]) -> Self {
        let key = Key::ecdsa();
        Self {
            name,
            keys: vec![key.clone()],
            signers: vec![key],
            threshold: 1,
            paths: vec![""],
            tags: tags.to_vec(),
        }
    }
}

pub(crate) struct Repo {
    pub(crate) root: Vec<Key>,
    /// Who signs the root beside its own keys.
    pub(crate) before: Vec<Key>,
    pub(crate) root_threshold: usize,
    pub(crate) root_version: u64,
    pub(crate) timestamp: Key,
    pub(crate) snapshot: Key,
    pub(crate) targets: Key,
    pub(crate) version: u64,
    pub(crate) expires: BTreeMap<&'static str, &'static str>,
    pub(crate) tags: Vec<(&'static str, &'static [u8])>,
    pub(crate) delegated: Vec<Delegated>,
    pub(crate) files: Files,
}

impl Source for Place<'_> {
    fn fetch(&mut self, name: &str, _: Option<&str>, _: u64) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(name).cloned())
    }
}

/// Files as a place where metadata is.
pub(crate) struct Place<'f>(pub(crate) &'f Files);

impl Repo {
    /// One tag in the top role, `1`; one in `targets/releases` that `targets/alice` signed as
    /// well, `2`; one that only she signed, `3`.
    pub(crate) fn new() -> Self {
        let mut repo = Self {
            root: vec![Key::x509(GUN)],
            before: Vec::new(),
            root_threshold: 1,
            root_version: 1,
            timestamp: Key::ed25519(),
            snapshot: Key::ed25519(),
            targets: Key::ecdsa(),
            version: 1,
            expires: BTreeMap::new(),
            tags: vec![("1", b"one")],
            delegated: vec![
                Delegated::new("targets/releases", &[("2", b"two")]),
                Delegated::new("targets/alice", &[("2", b"two"), ("3", b"three"), ("1", b"other")]),
            ],
            files: Files::new(),
        };
        repo.publish();
        repo
    }

    fn until(&self, role: &str) -> &'static str {
        self.expires.get(role).copied().unwrap_or(LATER)
    }

    fn delegations(&self, parent: &str) -> Value {
        let below = |it: &&Delegated| it.name.rsplit_once('/').is_some_and(|it| it.0 == parent);
        let all: Vec<&Delegated> = self.delegated.iter().filter(below).collect();
        let keys: BTreeMap<String, Value> =
            all.iter().flat_map(|it| &it.keys).map(|key| (key.id(), key.json())).collect();
        let roles: Vec<Value> = all
            .iter()
            .map(|it| {
                let ids: Vec<String> = it.keys.iter().map(Key::id).collect();
                json!({"name": it.name, "paths": it.paths, "keyids": ids, "threshold": it.threshold})
            })
            .collect();
        json!({"keys": keys, "roles": roles})
    }

    fn targets(&self, role: &str, tags: &[(&'static str, &'static [u8])]) -> Value {
        let tags: BTreeMap<_, _> = tags.iter().map(|(tag, bytes)| (*tag, meta(bytes))).collect();
        json!({"_type": "Targets", "version": self.version, "expires": self.until(role),
            "targets": tags, "delegations": self.delegations(role)})
    }

    pub(crate) fn root_metadata(&self) -> Value {
        let online = [&self.timestamp, &self.snapshot, &self.targets];
        let keys: BTreeMap<String, Value> =
            self.root.iter().chain(online).map(|key| (key.id(), key.json())).collect();
        let ids: Vec<String> = self.root.iter().map(Key::id).collect();
        let one = |key: &Key| json!({"keyids": [key.id()], "threshold": 1});
        json!({"_type": "Root", "version": self.root_version, "expires": self.until("root"),
            "consistent_snapshot": false, "keys": keys, "roles": {
                "root": {"keyids": ids, "threshold": self.root_threshold},
                "timestamp": one(&self.timestamp), "snapshot": one(&self.snapshot),
                "targets": one(&self.targets)}})
    }

    /// Signs and publishes all anew.
    pub(crate) fn publish(&mut self) {
        let signers = [self.root.clone(), self.before.clone()].concat();
        let root = sign(&self.root_metadata(), &signers);
        self.files.insert(format!("{}.root", self.root_version), root.clone());
        let targets =
            sign(&self.targets("targets", &self.tags), std::slice::from_ref(&self.targets));
        let mut listed = json!({"root": meta(&root), "targets": meta(&targets)});
        self.files.insert("root".into(), root);
        self.files.insert("targets".into(), targets);
        for at in 0..self.delegated.len() {
            let it = &self.delegated[at];
            let bytes = sign(&self.targets(it.name, &it.tags), &it.signers);
            listed[it.name] = meta(&bytes);
            self.files.insert(it.name.into(), bytes);
        }
        self.publish_snapshot(&listed);
    }

    pub(crate) fn publish_snapshot(&mut self, listed: &Value) {
        let snapshot = json!({"_type": "Snapshot", "version": self.version,
            "expires": self.until("snapshot"), "meta": listed});
        let snapshot = sign(&snapshot, std::slice::from_ref(&self.snapshot));
        let timestamp = json!({"_type": "Timestamp", "version": self.version,
            "expires": self.until("timestamp"), "meta": {"snapshot": meta(&snapshot)}});
        let timestamp = sign(&timestamp, std::slice::from_ref(&self.timestamp));
        self.files.insert("snapshot".into(), snapshot);
        self.files.insert("timestamp".into(), timestamp);
    }

    /// New root keys, which the ones before sign for.
    pub(crate) fn rotate(&mut self, keys: Vec<Key>) {
        self.before = std::mem::replace(&mut self.root, keys);
        self.root_version += 1;
        self.version += 1;
        self.publish();
    }

    pub(crate) fn verify(&self, tag: &str) -> Verdict {
        self.asked(tag, &[], &self.trusted(), &mut Files::new())
    }

    /// The anchors of whoever knows the root keys of now.
    pub(crate) fn trusted(&self) -> Anchors {
        let mut anchors = Anchors::default();
        for key in &self.root {
            anchors.trust(&key.public).unwrap();
        }
        anchors
    }

    pub(crate) fn asked(
        &self,
        tag: &str,
        roles: &[&str],
        anchors: &Anchors,
        store: &mut Files,
    ) -> Verdict {
        let roles: Vec<String> = roles.iter().map(|it| (*it).to_owned()).collect();
        let now = Timestamp::from_unix(NOW);
        let request = Request { gun: GUN, tag, roles: &roles, anchors, now };
        verify(&request, &mut Place(&self.files), store).unwrap()
    }
}

/// `role: found`, `refused by step (place)`.
pub(crate) fn said(verdict: &Verdict) -> String {
    match (&verdict.target, verdict.report.failure()) {
        (Some(target), None) => {
            let signers = target.signers.join(",");
            format!("{} {} [{signers}]", target.role, &hex(&target.sha256)[..8])
        }
        (None, Some(step)) => format!("{} ({})", step.name, step.place),
        other => panic!("{other:?}"),
    }
}
