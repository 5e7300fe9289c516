//! Signatures under one's own authority: no log, no identity provider, no network.

use plimsoll_model::Timestamp;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::bundle::{Bundle, Content, Signer};
use plimsoll_supply::certificate::{Authority, Certificate};
use plimsoll_supply::key::PublicKey;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{
    IdentityPolicy, Pattern, Policy, Report, SignerPolicy, step, verify,
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};

const MESSAGE: &[u8] = b"the cargo";

struct Made {
    authority: Certificate,
    leaf: Certificate,
    key: KeyPair,
}

fn certificate(der: &[u8]) -> Certificate {
    Certificate::from_der(der).expect("certificate")
}

/// An authority and a signer of 2026, each bent by the caller.
fn made(bend: impl Fn(&mut CertificateParams, &mut CertificateParams)) -> Made {
    let (from, to) = (date_time_ymd(2026, 1, 1), date_time_ymd(2026, 12, 31));
    let mut root = CertificateParams::default();
    root.distinguished_name.push(DnType::CommonName, "our authority");
    root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let mut leaf = CertificateParams::default();
    leaf.distinguished_name.push(DnType::CommonName, "release");
    leaf.subject_alt_names =
        vec![SanType::Rfc822Name("release@example.com".try_into().expect("name"))];
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    for params in [&mut root, &mut leaf] {
        params.not_before = from;
        params.not_after = to;
    }
    bend(&mut root, &mut leaf);
    let root_key = KeyPair::generate().expect("key");
    let authority = certificate(root.self_signed(&root_key).expect("root").der());
    let key = KeyPair::generate().expect("key");
    let issuer = Issuer::new(root, root_key);
    let leaf = certificate(leaf.signed_by(&key, &issuer).expect("leaf").der());
    Made { authority, leaf, key }
}

impl Made {
    fn bundle(&self) -> Bundle {
        let random = SystemRandom::new();
        let key = self.key.serialize_der();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key, &random);
        let signature = pair.expect("pair").sign(&random, MESSAGE).expect("signature");
        Bundle {
            version: "bare",
            content: Content::Message { signature: signature.as_ref().to_vec(), digest: None },
            signer: Signer::Certificate(Box::new(self.leaf.clone()), Vec::new()),
            entries: Vec::new(),
            timestamps: Vec::new(),
            envelope_bytes: None,
        }
    }

    fn policy(&self, identities: Vec<IdentityPolicy>) -> Policy {
        let roots = vec![self.authority.clone()];
        Policy::own_authority(Authority { roots, intermediates: Vec::new() }, identities)
    }

    fn judge(&self, policy: &Policy, at: &str) -> Report {
        let root = TrustedRoot::default();
        let at: Timestamp = at.parse().expect("time");
        verify(&self.bundle(), &Artefact::bytes(MESSAGE), &root, policy, at)
    }
}

fn refused_by(report: &Report) -> Option<&'static str> {
    assert_eq!(report.verified, report.failure().is_none());
    report.failure().map(|step| step.name)
}

#[test]
fn the_holder_of_our_certificate_verifies_without_any_log_or_name() {
    let made = made(|_, _| {});
    assert_eq!(refused_by(&made.judge(&made.policy(Vec::new()), "2026-06-01")), None);
    let of = |name: &str| IdentityPolicy {
        subject: Some(Pattern::Exact(name.into())),
        ..IdentityPolicy::default()
    };
    let policy = made.policy(vec![of("other@example.com"), of("release@example.com")]);
    assert_eq!(refused_by(&made.judge(&policy, "2026-06-01")), None, "any of those named will do");
    let policy = made.policy(vec![of("other@example.com")]);
    assert_eq!(refused_by(&made.judge(&policy, "2026-06-01")), Some(step::IDENTITY));
    let policy = made.policy(vec![IdentityPolicy::default()]);
    assert_eq!(refused_by(&made.judge(&policy, "2026-06-01")), Some(step::IDENTITY));
}

#[test]
fn a_certificate_counts_at_no_other_time() {
    let made = made(|_, _| {});
    let policy = made.policy(Vec::new());
    for (at, what) in [("2025-12-31", "not yet valid"), ("2027-01-01", "expired")] {
        let report = made.judge(&policy, at);
        assert_eq!(refused_by(&report), Some(step::CERTIFICATE));
        let found = &report.failure().expect("a failure").found;
        assert!(found.contains(what), "{found}");
    }
}

#[test]
fn another_authority_with_the_same_name_is_another() {
    let (ours, theirs) = (made(|_, _| {}), made(|_, _| {}));
    let report = theirs.judge(&ours.policy(Vec::new()), "2026-06-01");
    assert_eq!(refused_by(&report), Some(step::CERTIFICATE));
    let found = &report.failure().expect("a failure").found;
    assert!(found.contains("did not sign"), "{found}");
}

#[test]
fn who_may_not_sign_or_issue_does_not() {
    let bends: &[(&str, fn(&mut CertificateParams, &mut CertificateParams))] = &[
        ("no authority", |root, _| root.is_ca = IsCa::ExplicitNoCa),
        ("may not issue", |root, _| root.key_usages = vec![KeyUsagePurpose::CrlSign]),
        ("may not sign", |_, leaf| leaf.key_usages = vec![KeyUsagePurpose::KeyEncipherment]),
        ("is not for codeSigning", |_, leaf| {
            leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        }),
        ("is not for codeSigning", |root, _| {
            root.extended_key_usages = vec![ExtendedKeyUsagePurpose::TimeStamping];
        }),
    ];
    for (why, bend) in bends {
        let made = made(bend);
        let report = made.judge(&made.policy(Vec::new()), "2026-06-01");
        assert_eq!(refused_by(&report), Some(step::CERTIFICATE), "{why}");
        let found = &report.failure().expect("a failure").found;
        assert!(found.contains(why), "{found}");
    }
}

#[test]
fn a_key_is_trusted_whatever_certificate_comes_with_it() {
    let made = made(|_, _| {});
    let key = PublicKey::from_spki_der(made.leaf.spki_der()).expect("key");
    assert_eq!(refused_by(&made.judge(&Policy::key(key), "2040-01-01")), None);
    let other = PublicKey::from_spki_der(made.authority.spki_der()).expect("key");
    assert_eq!(refused_by(&made.judge(&Policy::key(other), "2026-06-01")), Some(step::SIGNER));
    let public_good = Policy::identities(vec![IdentityPolicy::exact("release@example.com", "x")]);
    let report = made.judge(&public_good, "2026-06-01");
    assert!(!report.verified, "without a log nothing proves the time");
    assert!(matches!(public_good.signer, SignerPolicy::Identities(_)));
}
