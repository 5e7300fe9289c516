//! Commits that are signed as gitsign signs them, made here: a certificate of an authority of our own,
//! and in the signature the promise of a log of our own.
//!
//! Skipped where `git` is not there.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_model::Timestamp;
use plimsoll_supply::git::{Certified, Report, Repository, Signers, verify_commit};
use plimsoll_supply::hash::{hex, sha256};
use plimsoll_supply::key::pem;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{IdentityPolicy, Policy};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _, SanType, date_time_ymd,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use serde_json::json;
use tempfile::TempDir;

const EMAIL: &str = "alice@example.com";
const TOKENS: &str = "https://tokens.example";
/// Noon of the day at which the certificate counts.
const NOON: i64 = 1_704_110_400;

/// Distinguished encoding.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let digits: Vec<u8> =
                length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
            out.push(0x80 | u8::try_from(digits.len()).unwrap());
            out.extend(digits);
        }
    }
    out.extend(content);
    out
}

/// A field of a protocol buffer.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [varint(u64::from(number << 3 | 2)), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let bits = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            out.push(bits);
            return out;
        }
        out.push(bits | 0x80);
    }
}

fn sign(key: &KeyPair, message: &[u8]) -> Vec<u8> {
    let random = SystemRandom::new();
    let der = key.serialize_der();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der, &random).unwrap();
    pair.sign(&random, message).unwrap().as_ref().to_vec()
}

const SIGNED_DATA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const DATA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const SHA256: &[u8] = &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const ECDSA_SHA256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const CONTENT_TYPE: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
const MESSAGE_DIGEST: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
const LOG_ENTRY: &[u8] = &[6, 10, 0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 3, 1];

struct Service {
    root: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
    log: KeyPair,
}

impl Service {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        (params.not_before, params.not_after) =
            (date_time_ymd(2020, 1, 1), date_time_ymd(2045, 1, 1));
        let root = params.self_signed(&key).unwrap().der().to_vec();
        let log = KeyPair::generate().unwrap();
        Self { root, issuer: Issuer::new(params, key), log }
    }

    fn log_id(&self) -> [u8; 32] {
        sha256(&self.log.subject_public_key_info())
    }

    fn trusted(&self) -> TrustedRoot {
        let start = json!({"start": "2020-01-01T00:00:00Z"});
        let root = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [{
                "baseUrl": "https://log.example", "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": STANDARD.encode(self.log.subject_public_key_info()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": start,
                },
                "logId": {"keyId": STANDARD.encode(self.log_id())},
            }],
            "certificateAuthorities": [{
                "subject": {"organization": "o", "commonName": "authority"},
                "uri": "https://authority.example",
                "certChain": {"certificates": [{"rawBytes": STANDARD.encode(&self.root)}]},
                "validFor": start,
            }],
            "ctlogs": [], "timestampAuthorities": [],
        });
        TrustedRoot::from_json("a test", root.to_string().as_bytes()).unwrap()
    }

    /// A signature over `payload`, as gitsign makes it.
    fn signature(&self, payload: &[u8], time: i64, is_logged: bool) -> String {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        (params.not_before, params.not_after) =
            (date_time_ymd(2024, 1, 1), date_time_ymd(2024, 1, 2));
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        params.subject_alt_names = vec![SanType::Rfc822Name(EMAIL.try_into().unwrap())];
        let issuer = der(0x0c, &[TOKENS.as_bytes()]);
        params.custom_extensions =
            vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, 8], issuer)];
        params.serial_number = Some(7_u64.into());
        let leaf = params.signed_by(&key, &self.issuer).unwrap().der().to_vec();
        let attributes = [
            der(0x30, &[CONTENT_TYPE, &der(0x31, &[DATA])]),
            der(0x30, &[MESSAGE_DIGEST, &der(0x31, &[&der(4, &[&sha256(payload)])])]),
        ]
        .concat();
        let message = der(0x31, &[&attributes]);
        let signature = sign(&key, &message);
        let unsigned = if is_logged {
            let entry = self.entry(&message, &signature, &leaf, time);
            let entry = der(0x30, &[LOG_ENTRY, &der(0x31, &[&der(4, &[&entry])])]);
            der(0xa1, &[&entry])
        } else {
            Vec::new()
        };
        let name = {
            // The issuer's name, of one part.
            let part = der(0x30, &[&[6, 3, 0x55, 4, 3], &der(0x0c, &[b"authority"])]);
            der(0x30, &[&der(0x31, &[&part])])
        };
        let sha = der(0x30, &[SHA256]);
        let signer = der(
            0x30,
            &[
                &[2, 1, 1],
                &der(0x30, &[&name, &[2, 1, 7]]),
                &sha,
                &der(0xa0, &[&attributes]),
                &der(0x30, &[ECDSA_SHA256]),
                &der(4, &[&signature]),
                &unsigned,
            ],
        );
        let data = der(
            0x30,
            &[
                &[2, 1, 1],
                &der(0x31, &[&sha]),
                &der(0x30, &[DATA]),
                &der(0xa0, &[&leaf]),
                &der(0x31, &[&signer]),
            ],
        );
        let whole = der(0x30, &[SIGNED_DATA, &der(0xa0, &[&data])]);
        pem::encode("SIGNED MESSAGE", &whole)
    }

    fn entry(&self, message: &[u8], signature: &[u8], leaf: &[u8], time: i64) -> Vec<u8> {
        let body = json!({
            "apiVersion": "0.0.1", "kind": "hashedrekord",
            "spec": {
                "data": {"hash": {"algorithm": "sha256", "value": hex(&sha256(message))}},
                "signature": {
                    "content": STANDARD.encode(signature),
                    "publicKey": {"content": STANDARD.encode(pem::encode("CERTIFICATE", leaf))},
                },
            },
        });
        let promised = json!({
            "body": STANDARD.encode(body.to_string()), "integratedTime": time,
            "logID": hex(&self.log_id()), "logIndex": 9,
        });
        let promise = sign(&self.log, promised.to_string().as_bytes());
        [
            vec![0x08, 9],
            field(2, &field(1, &self.log_id())),
            field(3, &[field(1, b"hashedrekord"), field(2, b"0.0.1")].concat()),
            [vec![0x20], varint(u64::try_from(time).unwrap())].concat(),
            field(5, &field(1, &promise)),
        ]
        .concat()
    }
}

/// A repository with one commit, signed by what `signature` makes of its content.
fn committed(signature: impl Fn(&[u8]) -> String) -> Option<(TempDir, String)> {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str], input: &str| {
        let mut child = Command::new("git")
            .args(arguments)
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        child.stdin.take()?.write_all(input.as_bytes()).ok()?;
        let output = child.wait_with_output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    git(&["init", "-q"], "")?;
    let tree = git(&["mktree"], "")?;
    let person = "A <alice@example.com> 1704110400 +0000";
    let head = format!("tree {tree}\nauthor {person}\ncommitter {person}\n");
    let payload = format!("{head}\nmessage\n");
    let armour = signature(payload.as_bytes());
    let indented = armour.trim_end().replace('\n', "\n ");
    let commit = format!("{head}gpgsig {indented}\n\nmessage\n");
    let id = git(&["hash-object", "-t", "commit", "-w", "--stdin"], &commit)?;
    Some((folder, id))
}

fn judged(service: &Service, identity: (&str, &str), made: &(TempDir, String)) -> Report {
    let mut policy = Policy::identities(vec![IdentityPolicy::exact(identity.0, identity.1)]);
    policy.certificate_logs = 0;
    let certified = Some(Certified { root: service.trusted(), policy });
    let signers = Signers { certified, ..Signers::default() };
    let repository = Repository::open(made.0.path()).unwrap();
    verify_commit(&repository, &made.1, &signers, Timestamp::from_unix(2_000_000_000))
}

#[test]
fn a_commit_by_gitsign_is_judged_by_identity_log_and_authority() {
    let service = Service::new();
    let Some(good) = committed(|payload| service.signature(payload, NOON, true)) else {
        return println!("skipped: `git` is not there");
    };
    let report = judged(&service, (EMAIL, TOKENS), &good);
    assert!(report.verified, "{:#?}", report.steps);
    let signer = report.signer.unwrap();
    assert_eq!((signer.scheme, signer.names.as_slice()), ("x509", &[EMAIL.to_owned()][..]));

    let refused = |report: Report, step: &str| {
        assert!(!report.verified && report.signer.is_none());
        assert!(report.failures().any(|it| it.name == step), "{step}: {:#?}", report.steps);
    };
    refused(judged(&service, ("bob@example.com", TOKENS), &good), "identity");
    refused(judged(&service, (EMAIL, "https://other.example"), &good), "issuer");
    refused(judged(&Service::new(), (EMAIL, TOKENS), &good), "certificate");
    let late = committed(|payload| service.signature(payload, NOON + 100_000, true)).unwrap();
    refused(judged(&service, (EMAIL, TOKENS), &late), "certificate");
    let elsewhere = committed(|payload| service.signature(payload, NOON, false)).unwrap();
    let report = judged(&service, (EMAIL, TOKENS), &elsewhere);
    assert!(report.failures().any(|it| it.found.contains("gitsign.rekorMode")));
    refused(report, "log count");
    let other = committed(|_| service.signature(b"another commit", NOON, true)).unwrap();
    refused(judged(&service, (EMAIL, TOKENS), &other), "signature");
}

#[test]
fn no_bent_byte_of_a_signature_makes_another_that_holds() {
    let service = Service::new();
    let bent = |at: usize| {
        committed(|payload| {
            let armour = service.signature(payload, NOON, true);
            let mut bytes = pem::only_block(&armour).unwrap().bytes;
            let at = at % bytes.len();
            bytes[at] ^= 0x01;
            pem::encode("SIGNED MESSAGE", &bytes)
        })
    };
    if bent(0).is_none() {
        return println!("skipped: `git` is not there");
    }
    for at in (0..1600).step_by(23) {
        let report = judged(&service, (EMAIL, TOKENS), &bent(at).unwrap());
        assert!(!report.verified, "byte {at}: {:#?}", report.steps);
    }
}
