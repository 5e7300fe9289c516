//! Several signers under certificates of one's own: a name is one signer whatever keys he has, and
//! a key is one whatever names it has.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_model::{Digest, Timestamp};
use plimsoll_supply::certificate::{Authority, Certificate};
use plimsoll_supply::cosign;
use plimsoll_supply::evidence::{Evidence, Form};
use plimsoll_supply::key::pem;
use plimsoll_supply::quorum::{self, Context, Judgement, NoConditions, Requirements, judge};
use plimsoll_supply::sign::simple;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{IdentityPolicy, Pattern, Policy};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};

/// An authority of one's own, and an image.
struct House {
    issuer: Issuer<'static, KeyPair>,
    root: Certificate,
    image: Digest,
}

impl House {
    fn new() -> Self {
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        root.not_before = date_time_ymd(2026, 1, 1);
        root.not_after = date_time_ymd(2026, 12, 31);
        let key = KeyPair::generate().unwrap();
        let der = root.self_signed(&key).unwrap().der().to_vec();
        let root_certificate = Certificate::from_der(&der).unwrap();
        let image = Digest::sha256(&[7; 32]);
        Self { issuer: Issuer::new(root, key), root: root_certificate, image }
    }

    /// A signature by the holder of `key`, whom the authority calls `name`.
    fn signed(&self, key: &KeyPair, name: &str) -> Evidence {
        let mut leaf = CertificateParams::default();
        leaf.subject_alt_names = vec![SanType::Rfc822Name(name.try_into().unwrap())];
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        leaf.not_before = date_time_ymd(2026, 1, 1);
        leaf.not_after = date_time_ymd(2026, 12, 31);
        let leaf = leaf.signed_by(key, &self.issuer).unwrap();
        let payload = simple::payload("app", &self.image, &BTreeMap::new());
        let random = SystemRandom::new();
        let scheme = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pair = EcdsaKeyPair::from_pkcs8(scheme, &key.serialize_der(), &random).unwrap();
        let signature = STANDARD.encode(pair.sign(&random, &payload).unwrap());
        Evidence {
            manifest: Digest::sha256(&[8; 32]),
            tag: Some("sig".into()),
            form: Form::Simple,
            bytes: payload,
            annotations: BTreeMap::from([
                (cosign::SIGNATURE.into(), signature),
                (cosign::CERTIFICATE.into(), pem::encode("CERTIFICATE", leaf.der())),
            ]),
        }
    }

    /// Two of those whom the authority calls anything at all, by two authorities of a policy.
    fn two(&self, evidence: &[Evidence]) -> Judgement {
        let anybody = IdentityPolicy {
            subject: Some(Pattern::regex("@example.com$").unwrap()),
            ..IdentityPolicy::default()
        };
        let authority = Authority { roots: vec![self.root.clone()], intermediates: Vec::new() };
        let policy = Policy::own_authority(authority, vec![anybody]);
        let signer = |name| quorum::Authority::signer(name, policy.clone());
        let requirements = Requirements::of(vec![signer("first"), signer("second")], 2);
        let root = TrustedRoot::default();
        let now: Timestamp = "2026-06-01".parse().unwrap();
        let context = Context { root: &root, now, conditions: &NoConditions };
        judge(evidence, &self.image, &requirements, &context)
    }
}

#[test]
fn names_and_keys_of_one_signer_do_not_make_two_of_him() {
    let house = House::new();
    let (one, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let alice = house.signed(&one, "alice@example.com");
    let bob = house.signed(&other, "bob@example.com");
    assert!(house.two(&[alice.clone(), bob.clone()]).verified);
    let counted = |evidence: &[Evidence]| {
        let judgement = house.two(evidence);
        assert!(!judgement.verified);
        judgement.groups[0].counted
    };
    assert_eq!(counted(&[alice.clone(), alice.clone()]), 1, "the same signature twice");
    assert_eq!(counted(&[alice.clone(), house.signed(&other, "alice@example.com")]), 1, "new key");
    assert_eq!(counted(&[alice.clone(), house.signed(&one, "carol@example.com")]), 1, "new name");
    assert_eq!(counted(&[]), 0);
}

#[test]
fn a_pass_that_rests_on_the_clock_says_so() {
    let house = House::new();
    let keys = [KeyPair::generate().unwrap(), KeyPair::generate().unwrap()];
    let both = [house.signed(&keys[0], "a@example.com"), house.signed(&keys[1], "b@example.com")];
    let judgement = house.two(&both);
    assert!(judgement.verified && judgement.rests_on_clock);
}

#[test]
fn nothing_asked_for_is_nothing_verified() {
    let root = TrustedRoot::default();
    let now: Timestamp = "2026-06-01".parse().unwrap();
    let context = Context { root: &root, now, conditions: &NoConditions };
    let image = Digest::sha256(&[7; 32]);
    assert!(!judge(&[], &image, &Requirements::default(), &context).verified);
}
