//! A log's answer counts only if it is about what was sent and proven; a log that lies, or a bundle
//! with an honest log's word on something else, is refused by a step that has a name.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::bundle::{self, Bundle, Signer};
use plimsoll_supply::hash::{HashAlgorithm, hex, sha256};
use plimsoll_supply::key::{Curve, NewKey, PrivateKey, Scheme};
use plimsoll_supply::log::merkle;
use plimsoll_supply::sign::bundle::{Content, Identity, NewBundle};
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{Policy, step, verify};
use plimsoll_testkit::{Reply, Request, Server, shared, shared_records};
use plimsoll_witness::Web;
use plimsoll_witness::rekor::{Envelopes, Log, Version, Word, publish};
use serde_json::{Value, json};

const SCHEME: Scheme = Scheme::Ecdsa(HashAlgorithm::Sha256);
const MESSAGE: &[u8] = b"the cargo";
const TIME: i64 = 1_767_323_045;

/// A log of version 1 with two entries in its tree, of which the first is the one that is sent.
struct Keeper {
    key: PrivateKey,
    /// The other entry.
    other: &'static str,
    bend: fn(&mut Value),
}

impl Keeper {
    fn new(bend: fn(&mut Value)) -> Self {
        let key = PrivateKey::generate(NewKey::Ecdsa(Curve::P256)).unwrap();
        Self { key, other: "another", bend }
    }

    fn root(&self) -> TrustedRoot {
        let document = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [{
                "baseUrl": "https://log.test",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": STANDARD.encode(self.key.public().spki_der()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": {"start": "2020-01-01T00:00:00Z"},
                },
                "logId": {"keyId": STANDARD.encode(self.key.public().id())},
            }],
        });
        TrustedRoot::from_json("the test's root", document.to_string().as_bytes()).unwrap()
    }

    /// The answer of the log's interface about `body`.
    fn logged(&self, body: &[u8]) -> Value {
        let id = self.key.public().id();
        let beside = merkle::leaf_hash(self.other.as_bytes());
        let root = sha256(&[&[1], &merkle::leaf_hash(body)[..], &beside].concat());
        let text = format!("log.test\n2\n{}\n", STANDARD.encode(root));
        let signature = self.key.sign(SCHEME, text.as_bytes()).unwrap();
        let line = STANDARD.encode([&id[..4], &signature].concat());
        let promised = json!({
            "body": STANDARD.encode(body), "integratedTime": TIME, "logID": hex(&id), "logIndex": 0,
        });
        let promise = self.key.sign(SCHEME, promised.to_string().as_bytes()).unwrap();
        let mut entry = json!({
            "body": STANDARD.encode(body),
            "integratedTime": TIME,
            "logID": hex(&id),
            "logIndex": 0,
            "verification": {
                "signedEntryTimestamp": STANDARD.encode(promise),
                "inclusionProof": {
                    "checkpoint": format!("{text}\n— log.test {line}\n"),
                    "hashes": [hex(&beside)],
                    "logIndex": 0,
                    "rootHash": hex(&root),
                    "treeSize": 2,
                },
            },
        });
        (self.bend)(&mut entry);
        entry
    }

    fn answer(&self, request: &Request) -> Reply {
        // The body of an entry is what was proposed, without an envelope's text.
        let entry = self.logged(request.body.as_bytes());
        Reply::new(201, json!({"0011": entry}).to_string())
    }
}

/// A signature of `key` over the message, which a log has not seen.
fn signed(key: &PrivateKey) -> NewBundle {
    let digest = sha256(MESSAGE).to_vec();
    let signature = key.sign(SCHEME, MESSAGE).unwrap();
    let content = Content::Message { hash: HashAlgorithm::Sha256, digest, signature };
    NewBundle::new(content, Identity::Key(key.public().clone()))
}

fn send(base: &str, root: &TrustedRoot, bundle: &mut NewBundle) -> Result<Word, String> {
    let log = Log { base, version: Version::V1, envelopes: Envelopes::Dsse };
    let web = Web::new().unwrap();
    publish(&web, log, SCHEME, root, bundle).map_err(|error| error.to_string())
}

/// What is said of a log that answers as `bend` has it.
fn told(bend: fn(&mut Value)) -> Result<Word, String> {
    let keeper = Keeper::new(bend);
    let root = keeper.root();
    let server = Server::start(move |request| keeper.answer(request));
    let mut bundle = signed(&PrivateKey::generate(NewKey::Ecdsa(Curve::P256)).unwrap());
    let told = send(&format!("http://{}", server.host()), &root, &mut bundle);
    assert_eq!(bundle.entries.len(), usize::from(told.is_ok()), "a lie is not kept");
    told
}

#[test]
fn a_log_that_keeps_what_was_sent_is_believed() {
    assert_eq!(told(|_| {}), Ok(Word::Checked));
}

#[test]
fn a_log_that_nobody_knows_is_told_and_its_proof_checked() {
    let keeper = Keeper::new(|_| {});
    let id = hex(&keeper.key.public().id());
    let server = Server::start(move |request| keeper.answer(request));
    let mut bundle = signed(&PrivateKey::generate(NewKey::Ecdsa(Curve::P256)).unwrap());
    let root = TrustedRoot::public_good().unwrap();
    let told = send(&format!("http://{}", server.host()), &root, &mut bundle);
    assert_eq!(told, Ok(Word::Unknown(id)));
}

/// What is made of an answer.
type Lie = fn(&mut Value);

#[test]
fn a_log_that_lies_is_not_believed() {
    let lies: [(&str, Lie); 6] = [
        ("the path leads to the root", |entry| {
            let proof = &mut entry["verification"]["inclusionProof"];
            proof["hashes"][0] = json!("00".repeat(32));
        }),
        ("it is of 2 entries with the root", |entry| {
            // A proof that is sound in itself, beside a checkpoint of another tree.
            let other = Keeper { key: Keeper::new(|_| {}).key, other: "third", bend: |_| {} };
            let body = STANDARD.decode(entry["body"].as_str().unwrap()).unwrap();
            let view = other.logged(&body);
            let proof = &mut entry["verification"]["inclusionProof"];
            proof["checkpoint"] = view["verification"]["inclusionProof"]["checkpoint"].clone();
        }),
        ("does not match", |entry| {
            let promise = &mut entry["verification"]["signedEntryTimestamp"];
            *promise = json!(STANDARD.encode([0x30, 6, 2, 1, 1, 2, 1, 1]));
        }),
        ("does not match", |entry| entry["integratedTime"] = json!(TIME + 1)),
        ("another signature", |entry| {
            // An entry that the log really has, of somebody else.
            let key = PrivateKey::generate(NewKey::Ecdsa(Curve::P256)).unwrap();
            let bundle = signed(&key);
            let body = STANDARD.decode(entry["body"].as_str().unwrap()).unwrap();
            let mut body: Value = serde_json::from_slice(&body).unwrap();
            body["spec"]["signature"]["content"] =
                json!(STANDARD.encode(bundle.content.signature()));
            *entry = Keeper::new(|_| {}).logged(body.to_string().as_bytes());
        }),
        ("other content", |entry| {
            let body = STANDARD.decode(entry["body"].as_str().unwrap()).unwrap();
            let mut body: Value = serde_json::from_slice(&body).unwrap();
            body["spec"]["data"]["hash"]["value"] = json!("00".repeat(32));
            *entry = Keeper::new(|_| {}).logged(body.to_string().as_bytes());
        }),
    ];
    for (words, lie) in lies {
        let told = told(lie).unwrap_err();
        assert!(told.contains("cannot be used") && told.contains(words), "{words}: {told}");
    }
}

/// The step that refuses a bundle of `key` about the message.
fn refused_by(bundle: &NewBundle, key: &PrivateKey, root: &TrustedRoot) -> Option<&'static str> {
    let read = Bundle::parse(bundle.to_json().to_string().as_bytes()).unwrap();
    let mut policy = Policy::key(key.public().clone());
    policy.log_entries = Some(1);
    let report =
        verify(&read, &Artefact::bytes(MESSAGE), root, &policy, "2026-06-01".parse().unwrap());
    assert_eq!(report.verified, report.failure().is_none());
    report.failure().map(|step| step.name)
}

/// The bundle's signature with an entry of `keeper`, which has signed all that it says.
fn published(keeper: Keeper, bundle: &NewBundle) -> NewBundle {
    let root = keeper.root();
    let mut bundle = bundle.clone();
    let server = Server::start(move |request| keeper.answer(request));
    send(&format!("http://{}", server.host()), &root, &mut bundle).unwrap();
    bundle
}

#[test]
fn two_trees_of_one_size_are_a_split_view() {
    let keeper = Keeper::new(|_| {});
    let root = keeper.root();
    let key = PrivateKey::generate(NewKey::Ecdsa(Curve::P256)).unwrap();
    let bundle = signed(&key);
    let honest = published(Keeper { key: copy(&keeper.key), ..Keeper::new(|_| {}) }, &bundle);
    assert_eq!(refused_by(&honest, &key, &root), None);

    // Both trees are signed by the log, each is proven; the second entry is told apart by its index.
    let other = Keeper { key: copy(&keeper.key), other: "shown to somebody else", bend: |_| {} };
    let mut second = published(other, &bundle).entries.remove(0);
    second["logIndex"] = json!("7");
    second.as_object_mut().unwrap().remove("inclusionPromise");
    let mut split = honest.clone();
    split.entries.push(second);
    assert_eq!(refused_by(&split, &key, &root), Some(step::CHECKPOINT));
}

fn copy(key: &PrivateKey) -> PrivateKey {
    PrivateKey::from_pem(&key.to_encrypted_pem(b"").unwrap(), || {
        Some(zeroize::Zeroizing::new(Vec::new()))
    })
    .unwrap()
}

#[test]
fn an_entry_is_not_replayed_for_another_signature_of_the_same_content() {
    let keeper = Keeper::new(|_| {});
    let root = keeper.root();
    let key = PrivateKey::generate(NewKey::Ecdsa(Curve::P256)).unwrap();
    let honest = published(keeper, &signed(&key));
    // Somebody with another key, whom the verifier trusts as well, takes the entry over.
    let thief = PrivateKey::generate(NewKey::Ecdsa(Curve::P256)).unwrap();
    let mut stolen = signed(&thief);
    stolen.entries.clone_from(&honest.entries);
    assert_eq!(refused_by(&stolen, &thief, &root), Some(step::LOG_ENTRY));
}

#[test]
fn entries_that_the_public_log_really_gave_are_read_and_checked() {
    let mut kinds = std::collections::BTreeMap::new();
    for case in shared_records("sign/conformance/cases.jsonl") {
        if case["expect"] != "pass" {
            continue;
        }
        let read = |name: &str| {
            let path = shared(&format!("sign/conformance/{}", case[name].as_str()?)).unwrap();
            Some(fs::read(path).unwrap())
        };
        let original: Value = serde_json::from_slice(&read("bundle").unwrap()).unwrap();
        let entry = original["verificationMaterial"]["tlogEntries"][0].clone();
        if entry["inclusionPromise"].is_null() {
            continue;
        }
        let root = match read("trusted_root") {
            Some(bytes) => TrustedRoot::from_json("the case's root", &bytes).unwrap(),
            None => TrustedRoot::public_good().unwrap(),
        };
        let bundle = Bundle::parse(original.to_string().as_bytes()).unwrap();
        let identity = match &bundle.signer {
            Signer::Certificate(certificate, _) => {
                Identity::Certificate(certificate.der().to_vec())
            }
            Signer::Key(_) => Identity::Key(
                plimsoll_supply::key::PublicKey::from_bytes(&read("key").unwrap()).unwrap(),
            ),
        };
        let artefact = read("artifact").unwrap();
        let content = match &bundle.content {
            bundle::Content::Message { signature, .. } => Content::Message {
                hash: HashAlgorithm::Sha256,
                digest: sha256(&artefact).to_vec(),
                signature: signature.clone(),
            },
            bundle::Content::Envelope(envelope) => Content::Envelope {
                payload_type: envelope.payload_type.clone(),
                payload: envelope.payload.0.clone(),
                signature: bundle.content.signature().to_vec(),
            },
        };
        let recorded = recorded(&entry);
        let server = Server::start(move |_| Reply::new(201, recorded.clone()));
        let mut again = NewBundle::new(content, identity);
        let told = send(&format!("http://{}", server.host()), &root, &mut again);
        assert_eq!(told, Ok(Word::Checked), "{}", case["id"]);
        assert_eq!(again.entries[0]["canonicalizedBody"], entry["canonicalizedBody"]);
        *kinds.entry(entry["kindVersion"]["kind"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        let sent: Value = serde_json::from_str(&server.requests()[0].body).unwrap();
        assert_eq!(sent["kind"], entry["kindVersion"]["kind"], "{}", case["id"]);
    }
    if !kinds.is_empty() {
        assert_eq!(kinds["hashedrekord"], 5, "{kinds:?}");
        assert_eq!(kinds["dsse"], 1, "{kinds:?}");
    }
}

/// An entry of a bundle as the log's interface gives it.
fn recorded(entry: &Value) -> String {
    let number = |value: &Value| value.as_str().unwrap().parse::<i64>().unwrap();
    let hexed = |value: &Value| hex(&STANDARD.decode(value.as_str().unwrap()).unwrap());
    let proof = &entry["inclusionProof"];
    let hashes: Vec<String> = proof["hashes"].as_array().unwrap().iter().map(hexed).collect();
    json!({"108e9186e8c5677a": {
        "body": entry["canonicalizedBody"],
        "integratedTime": number(&entry["integratedTime"]),
        "logID": hexed(&entry["logId"]["keyId"]),
        "logIndex": number(&entry["logIndex"]),
        "verification": {
            "signedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            "inclusionProof": {
                "checkpoint": proof["checkpoint"]["envelope"],
                "hashes": hashes,
                "logIndex": number(&proof["logIndex"]),
                "rootHash": hexed(&proof["rootHash"]),
                "treeSize": number(&proof["treeSize"]),
            },
        },
    }})
    .to_string()
}
