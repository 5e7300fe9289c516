//! A policy, keys, signed messages, and what stands beside a signature of cosign, of any bytes: nothing
//! panics, and nothing is accepted that is not signed.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use plimsoll_model::{ImageName, Timestamp};
use plimsoll_supply::containers_policy::{
    Files, Policy, Scope, SigstoreSignature, Subject, evaluate,
};
use plimsoll_supply::openpgp::Keyring;

/// Files whose content is that of the input.
struct Input<'b>(&'b [u8]);

impl Files for Input<'_> {
    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.to_vec())
    }
}

const POLICY: &[u8] = br#"{"default": [
    {"type": "sigstoreSigned", "rekorPublicKeyPath": "a",
        "fulcio": {"caPath": "a", "oidcIssuer": "i", "subjectEmail": "e"}},
    {"type": "sigstoreSigned", "pki": {"caRootsPath": "a", "caIntermediatesPath": "a", "subjectHostname": "h"}},
    {"type": "sigstoreSigned", "keyPath": "a", "rekorPublicKeyPath": "a"}
]}"#;

fuzz_target!(|bytes: &[u8]| {
    let _ = Policy::parse(bytes);
    let now = Timestamp::from_unix(2_000_000_000);
    let (keys, message) = bytes.split_at(bytes.len() / 2);
    let mut ring = Keyring::default();
    let _ = ring.add(keys);
    let _ = ring.verify(message, now);
    let (Ok(policy), Ok(name)) = (Policy::parse(POLICY), "r.example/app:1".parse::<ImageName>())
    else {
        return;
    };
    let text = String::from_utf8_lossy(message).into_owned();
    let annotations: BTreeMap<String, String> = [
        "dev.cosignproject.cosign/signature",
        "dev.sigstore.cosign/certificate",
        "dev.sigstore.cosign/chain",
        "dev.sigstore.cosign/bundle",
    ]
    .into_iter()
    .map(|name| (name.to_owned(), text.clone()))
    .collect();
    let signature = SigstoreSignature { payload: message.to_vec(), annotations };
    let subject = Subject {
        name: Some(&name),
        scope: &Scope::of_image(&name),
        manifest: b"{}",
        simple: &[],
        sigstore: &[signature],
    };
    assert!(!evaluate(&policy, &subject, &Input(keys), now).verified);
});
