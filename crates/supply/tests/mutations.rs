//! Bundles that verify, bent in one place: none may verify any more, and each is refused by a
//! step that has a name.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_model::Timestamp;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::bundle::Bundle;
use plimsoll_supply::key::PublicKey;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{IdentityPolicy, Policy, Report, verify};
use plimsoll_testkit::{shared, shared_records};
use serde_json::Value;

/// How many bent bundles are tried.
const MUTATIONS: usize = 10_000;

/// What a bundle says that nobody signs, and why it does no harm.
const UNSIGNED: &[(&str, &str)] = &[
    ("/mediaType", "which version of the format the rest is read by"),
    ("/verificationMaterial/publicKey/hint", "which key the verifier might look for"),
    ("/dsseEnvelope/signatures/0/keyid", "the same"),
];

/// One bundle that verifies, with all that is needed to do so.
struct Subject {
    name: String,
    bundle: Value,
    artefact: Vec<u8>,
    root: TrustedRoot,
    policy: Policy,
}

impl Subject {
    fn judge(&self, bundle: &Bundle) -> Report {
        let artefact = Artefact::bytes(self.artefact.clone());
        verify(bundle, &artefact, &self.root, &self.policy, Timestamp::from_unix(0))
    }
}

fn subjects() -> Vec<Subject> {
    let file =
        |path: &str| -> PathBuf { shared(&format!("sign/conformance/{path}")).expect("shared") };
    let read = |path: &str| fs::read(file(path)).expect("readable");
    shared_records("sign/conformance/cases.jsonl")
        .iter()
        .filter(|case| case["expect"] == "pass")
        .map(|case| Subject {
            name: case["id"].as_str().expect("id").to_owned(),
            bundle: serde_json::from_slice(&read(case["bundle"].as_str().expect("bundle")))
                .expect("JSON"),
            artefact: read(case["artifact"].as_str().expect("artefact")),
            root: match case["trusted_root"].as_str() {
                Some(path) => TrustedRoot::from_json("the case's root", &read(path)).expect("root"),
                None => TrustedRoot::public_good().expect("root"),
            },
            policy: match case["key"].as_str() {
                Some(path) => Policy::key(PublicKey::from_bytes(&read(path)).expect("key")),
                None => Policy::identities(vec![IdentityPolicy::exact(
                    case["identity"].as_str().expect("identity"),
                    case["issuer"].as_str().expect("issuer"),
                )]),
            },
        })
        .collect()
}

/// A generator of numbers that is the same on every run: SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ (bits >> 31)) % limit as u64).expect("in range")
    }
}

/// The pointers to every text and number of a document.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| leaves(value, &format!("{at}/{key}"), found));
        }
        Value::Array(list) => {
            let items = list.iter().enumerate();
            items.for_each(|(index, value)| leaves(value, &format!("{at}/{index}"), found));
        }
        _ => found.push(at.to_owned()),
    }
}

/// Where a value may be bent so that it counts: behind what nobody signs.
fn signed_parts(pointer: &str, bytes: &[u8]) -> Vec<usize> {
    if pointer.ends_with("/signedTimestamp") {
        // The status is outside of what the service signs; the `ContentInfo` begins behind it.
        let content = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
        let at = bytes.windows(content.len()).position(|window| window == content);
        return (at.expect("signed data")..bytes.len()).collect();
    }
    if pointer.ends_with("/checkpoint/envelope") {
        // Lines of witnesses that nobody knows are passed over, so only text and own line count.
        let note = std::str::from_utf8(bytes).expect("text");
        let log = note.split([' ', '\n']).next().expect("a name");
        let (start, end) = own_line(note, log);
        let text = note.find("\n\n").expect("a blank line");
        return (0..text).chain(start..end).collect();
    }
    (0..bytes.len()).collect()
}

fn own_line(note: &str, log: &str) -> (usize, usize) {
    let start = note.find(&format!("\n— {log} ")).expect("the log's line") + 1;
    let length = note[start..].find('\n').expect("an end");
    (start, start + length)
}

/// Bends one bit of one value; says where.
fn bend(bundle: &mut Value, pointers: &[String], random: &mut Random) -> String {
    let pointer = pointers[random.below(pointers.len())].clone();
    let value = bundle.pointer_mut(&pointer).expect("a leaf");
    let text = match &*value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let decoded = STANDARD.decode(text.replace('\n', "")).ok().filter(|it| it.len() > 8);
    let mut bytes = decoded.clone().unwrap_or_else(|| text.into_bytes());
    let places = signed_parts(&pointer, &bytes);
    let at = places[random.below(places.len())];
    bytes[at] ^= 1 << random.below(if decoded.is_some() { 8 } else { 6 });
    *value = Value::String(match decoded {
        Some(_) => STANDARD.encode(&bytes),
        None => String::from_utf8_lossy(&bytes).into_owned(),
    });
    format!("{pointer} at byte {at}")
}

#[test]
fn of_ten_thousand_bent_bundles_none_verifies() {
    let subjects = subjects();
    if subjects.is_empty() {
        return;
    }
    let threads = 4;
    let accepted = std::sync::Mutex::new(Vec::new());
    let tried = std::sync::atomic::AtomicUsize::new(0);
    let steps = std::sync::Mutex::new(std::collections::BTreeMap::<&str, usize>::new());
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (subjects, accepted, tried, steps) = (&subjects, &accepted, &tried, &steps);
            scope.spawn(move || {
                let mut random = Random(thread);
                for round in 0..MUTATIONS / 4 {
                    let subject = &subjects[(round + random.below(3)) % subjects.len()];
                    let mut pointers = Vec::new();
                    leaves(&subject.bundle, "", &mut pointers);
                    pointers.retain(|it| !UNSIGNED.iter().any(|(path, _)| it == path));
                    let mut bent = subject.bundle.clone();
                    let place = bend(&mut bent, &pointers, &mut random);
                    tried.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let step = match Bundle::parse(bent.to_string().as_bytes()) {
                        Err(_) => "bundle",
                        Ok(bundle) => {
                            let report = subject.judge(&bundle);
                            let failed = report.failure().map(|step| step.name);
                            if report.verified || failed.is_none() {
                                accepted.lock().unwrap().push(format!("{}{place}", subject.name));
                            }
                            failed.unwrap_or("none")
                        }
                    };
                    *steps.lock().unwrap().entry(step).or_default() += 1;
                }
            });
        }
    });
    let accepted = accepted.into_inner().unwrap();
    println!("{tried:?} bent bundles, refused by {:?}", steps.into_inner().unwrap());
    assert!(accepted.is_empty(), "{} accepted:\n{}", accepted.len(), accepted.join("\n"));
}

#[test]
fn the_unbent_bundles_verify_also_when_written_anew() {
    for subject in subjects() {
        let text = serde_json::to_vec_pretty(&subject.bundle).unwrap();
        let report = subject.judge(&Bundle::parse(&text).unwrap());
        assert!(report.verified, "{}: {:#?}", subject.name, report.steps);
    }
}

#[test]
fn a_key_that_is_there_twice_makes_a_bundle_unreadable() {
    for subject in subjects() {
        let text = subject.bundle.to_string();
        for key in ["mediaType", "rawBytes", "tlogEntries", "canonicalizedBody"] {
            let Some(at) = text.find(&format!("\"{key}\":")) else { continue };
            let twice = format!("{}\"{key}\":null,{}", &text[..at], &text[at..]);
            let error = Bundle::parse(twice.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("twice"), "{key}: {error}");
        }
    }
}
