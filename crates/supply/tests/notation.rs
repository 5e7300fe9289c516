//! Envelopes that `notation` made: each verifies, and none does with one byte bent.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_model::{Digest, Timestamp};
use plimsoll_supply::hash::sha256;
use plimsoll_supply::notation::{
    COSE_MEDIA_TYPE, Envelope, JWS_MEDIA_TYPE, NoLists, Request, StoreKind, TargetArtifact,
    TrustPolicy, TrustStores, step, verify,
};
use plimsoll_supply::verify::{Report, Status};
use proptest::prelude::*;

const KEYS: [&str; 6] = ["rsa-2048", "rsa-3072", "rsa-4096", "ec-256", "ec-384", "ec-521"];
const FORMS: [(&str, &str); 2] = [("jws", JWS_MEDIA_TYPE), ("cose", COSE_MEDIA_TYPE)];

fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sample/notation");
    std::fs::read(folder.join(name)).expect("sample")
}

struct Bench {
    policy: TrustPolicy,
    stores: TrustStores,
    subject: TargetArtifact,
    now: Timestamp,
}

impl Bench {
    fn new(verification: &str, identity: &str) -> Self {
        let policy = format!(
            r#"{{"version": "1.0", "trustPolicies": [{{"name": "p", "registryScopes": ["*"],
            "signatureVerification": {verification}, "trustStores": ["ca:test"],
            "trustedIdentities": ["{identity}"]}}]}}"#
        );
        let mut stores = TrustStores::default();
        stores.add(StoreKind::Ca, "test", Ok(vec![("root.pem".into(), sample("root.pem"))]));
        let manifest = sample("manifest.json");
        let subject = TargetArtifact {
            media_type: "application/vnd.oci.image.manifest.v1+json".into(),
            digest: Digest::sha256(&sha256(&manifest)),
            size: manifest.len() as u64,
            annotations: BTreeMap::new(),
        };
        let policy = TrustPolicy::parse(policy.as_bytes()).expect("policy");
        Self { policy, stores, subject, now: "2030-01-01".parse().expect("date") }
    }

    fn judge(&self, media_type: &str, envelope: &[u8]) -> Report {
        self.judge_with(media_type, envelope, &[])
    }

    fn judge_with(
        &self,
        media_type: &str,
        envelope: &[u8],
        metadata: &[(String, String)],
    ) -> Report {
        verify(&Request {
            media_type,
            envelope,
            subject: &self.subject,
            metadata,
            statement: self.policy.statement_for("r.example/app").expect("statement"),
            stores: &self.stores,
            lists: &NoLists,
            now: self.now,
        })
    }
}

const STRICT: &str = r#"{"level": "strict"}"#;
const EXAMPLE: &str = "x509.subject: C=US, ST=WA, O=Example";

fn failed(report: &Report) -> Vec<&'static str> {
    report.failures().map(|step| step.name).collect()
}

#[test]
fn every_key_and_form_verifies() {
    let bench = Bench::new(STRICT, EXAMPLE);
    for key in KEYS {
        for (form, media_type) in FORMS {
            let report = bench.judge(media_type, &sample(&format!("{key}.{form}")));
            assert!(report.verified, "{key} {form}: {:?}", failed(&report));
            let steps: Vec<_> = report.steps.iter().map(|step| step.name).collect();
            assert_eq!(steps.len(), 11, "{steps:?}");
            let signer = report.signer.expect("signer");
            assert!(signer.names[0].as_str().starts_with(&format!("CN={key},")));
        }
    }
}

#[test]
fn what_does_not_hold_is_named_by_its_step() {
    let envelope = sample("ec-256.jws");
    let judge = |bench: &Bench| failed(&bench.judge(JWS_MEDIA_TYPE, &envelope));
    let mut other = Bench::new(STRICT, EXAMPLE);
    other.subject.size += 1;
    assert_eq!(judge(&other), [step::ARTEFACT]);
    other = Bench::new(STRICT, "x509.subject: C=US, ST=WA, O=Another");
    assert_eq!(judge(&other), [step::IDENTITY]);
    other = Bench::new(STRICT, "*");
    other.stores.add(StoreKind::Ca, "test", Err("no such folder".into()));
    assert_eq!(judge(&other), [step::AUTHENTICITY]);
    other.now = "2500-01-01".parse().expect("date");
    assert_eq!(judge(&other), [step::AUTHENTICITY, step::TIMESTAMP]);
    other.now = Timestamp::from_unix(0);
    assert_eq!(judge(&other), [step::AUTHENTICITY, step::TIMESTAMP]);
    assert_eq!(failed(&other.judge(COSE_MEDIA_TYPE, &envelope)), [step::ENVELOPE]);

    let bench = Bench::new(STRICT, EXAMPLE);
    let pair = |value: &str| [("env".to_owned(), value.to_owned())];
    assert!(bench.judge_with(JWS_MEDIA_TYPE, &envelope, &pair("prod")).verified);
    let report = bench.judge_with(JWS_MEDIA_TYPE, &envelope, &pair("test"));
    assert_eq!(failed(&report), [step::METADATA]);
}

#[test]
fn a_level_decides_what_is_only_told() {
    let envelope = sample("ec-384.cose");
    let judge = |level: &str, now: &str, identity: &str| {
        let mut bench = Bench::new(level, identity);
        bench.now = now.parse().expect("date");
        bench.judge(COSE_MEDIA_TYPE, &envelope)
    };
    let other = "x509.subject: C=US, ST=WA, O=Another";
    let late = judge(r#"{"level": "permissive"}"#, "2500-01-01", EXAMPLE);
    assert!(late.verified);
    let told: Vec<_> = late.steps.iter().filter(|it| it.status == Status::Ignored).collect();
    assert_eq!(told.iter().map(|it| it.name).collect::<Vec<_>>(), [step::TIMESTAMP]);
    assert!(!judge(r#"{"level": "permissive"}"#, "2030-01-01", other).verified);
    assert!(judge(r#"{"level": "audit"}"#, "2500-01-01", other).verified);
    let custom = r#"{"level": "audit", "override": {"authenticity": "enforce"}}"#;
    assert!(!judge(custom, "2030-01-01", other).verified);
}

#[test]
fn no_bent_envelope_verifies() {
    let bench = Bench::new(STRICT, EXAMPLE);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % u64::from(u32::MAX)).expect("a word")
    };
    for key in KEYS {
        for (form, media_type) in FORMS {
            let original = sample(&format!("{key}.{form}"));
            // The program that signed says its name unsigned: whatever stands there changes nothing.
            let agent = original
                .windows(12)
                .position(|part| part == b"signingAgent")
                .expect("signing agent");
            let agent = agent - 15..agent + 90;
            let (mut refused, mut steps) = (0, BTreeMap::new());
            while refused < 1000 {
                let (at, bit) = (next() % original.len(), next() % 255 + 1);
                if agent.contains(&at) {
                    continue;
                }
                let mut bent = original.clone();
                bent[at] ^= u8::try_from(bit).expect("a byte");
                let report = bench.judge(media_type, &bent);
                assert!(!report.verified, "{key} {form}: byte {at}");
                *steps.entry(report.failure().expect("a step").name).or_insert(0) += 1;
                refused += 1;
            }
            assert!(steps.contains_key(step::SIGNATURE), "{steps:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 0_usize..3000) {
        for (form, media_type) in FORMS {
            prop_assert!(Envelope::parse(media_type, &bytes).is_err());
            let original = sample(&format!("ec-256.{form}"));
            let cut = cut % original.len();
            prop_assert!(Envelope::parse(media_type, &original[..cut]).is_err());
            let spliced = [&original[..cut], &bytes, &original[cut..]].concat();
            let _ = Envelope::parse(media_type, &spliced);
        }
        let _ = TrustPolicy::parse(&bytes);
    }
}

#[test]
fn huge_and_deep_envelopes_are_refused_at_once() {
    assert!(Envelope::parse(JWS_MEDIA_TYPE, &[b'['; 100_000]).is_err());
    assert!(Envelope::parse(JWS_MEDIA_TYPE, &vec![b' '; 5 << 20]).is_err());
    assert!(Envelope::parse(COSE_MEDIA_TYPE, &[0x81; 100_000]).is_err());
    assert!(
        Envelope::parse(COSE_MEDIA_TYPE, &[0xd2, 0x9b, 255, 255, 255, 255, 0, 0, 0, 0]).is_err()
    );
    assert!(Envelope::parse("text/plain", b"{}").is_err());
}
