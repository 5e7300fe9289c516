//! A judgement that was passed and may be used again for a while.
//!
//! Only a pass is kept, never a refusal, and none that rests on what time it was. It is found by
//! everything that it rests on, so another image, signature, key, root or policy never finds it.

use std::collections::BTreeSet;

use plimsoll_model::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

use super::fingerprint::Fields;
use crate::hash::hex;

/// Raised whenever the same evidence may be judged otherwise.
const VERSION: &str = concat!("1 ", env!("CARGO_PKG_VERSION"));

/// By what a pass is found: the image, all evidence that there was, the trusted root and what was
/// asked for.
pub fn key(
    image: &Digest,
    evidence: &BTreeSet<Digest>,
    root: &[u8; 32],
    requirements: &[[u8; 32]],
) -> String {
    let mut fields = Fields::default();
    fields.add(VERSION);
    fields.add(image.to_string());
    fields.add(root);
    fields.add((requirements.len() as u64).to_be_bytes());
    for digest in requirements {
        fields.add(digest);
    }
    for digest in evidence {
        fields.add(digest.to_string());
    }
    hex(&fields.digest())
}

/// A judgement that was passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Passed {
    /// By what it is found.
    pub key: String,
    /// When it was passed, in seconds since 1970.
    pub verified_at: i64,
    /// Who signed, for people.
    pub signers: Vec<String>,
}

impl Passed {
    /// Whether it may be used now for what has that key, where a pass lives `life` seconds. One
    /// from the future may not: somebody set a clock.
    pub fn holds(&self, key: &str, now: Timestamp, life: i64) -> bool {
        let age = now.as_unix().checked_sub(self.verified_at);
        self.key == key && age.is_some_and(|age| (0..life).contains(&age))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Authority, Requirements};
    use super::*;
    use crate::key::PublicKey;
    use crate::verify::{IdentityPolicy, Policy};

    #[test]
    fn a_pass_lives_for_its_time_and_never_before_it() {
        let passed = Passed { key: "k".into(), verified_at: 1000, signers: Vec::new() };
        let holds = |key: &str, now| passed.holds(key, Timestamp::from_unix(now), 60);
        assert!(holds("k", 1000) && holds("k", 1059));
        assert!(!holds("k", 1060) && !holds("k", 999) && !holds("other", 1000));
        assert!(!passed.holds("k", Timestamp::from_unix(1000), 0));
    }

    #[test]
    fn whatever_a_pass_rests_on_is_in_its_key() {
        let digest = |byte: u8| Digest::sha256(&[byte; 32]);
        let all = |bytes: &[u8]| bytes.iter().map(|byte| digest(*byte)).collect::<BTreeSet<_>>();
        let of = |image, evidence: &[u8], root, requirements: &[[u8; 32]]| {
            key(&digest(image), &all(evidence), &[root; 32], requirements)
        };
        let keys = BTreeSet::from([
            of(1, &[2], 3, &[[4; 32]]),
            of(9, &[2], 3, &[[4; 32]]),
            of(1, &[9], 3, &[[4; 32]]),
            of(1, &[2, 9], 3, &[[4; 32]]),
            of(1, &[2], 9, &[[4; 32]]),
            of(1, &[2], 3, &[[9; 32]]),
            of(1, &[2], 3, &[[4; 32], [4; 32]]),
        ]);
        assert_eq!(keys.len(), 7);
    }

    #[test]
    fn another_thing_asked_for_is_another_digest() {
        let identity = |subject: &str| IdentityPolicy::exact(subject, "https://issuer.example");
        let policy = Policy::identities(vec![identity("a")]);
        let of = |policy: &Policy| {
            Requirements::of(vec![Authority::signer("x", policy.clone())], 1).digest()
        };
        let mut others = vec![
            Policy::identities(vec![identity("b")]),
            Policy::identities(vec![identity("a"), identity("b")]),
            Policy { log_entries: Some(0), ..policy.clone() },
            Policy { times: 2, ..policy.clone() },
            Policy { certificate_logs: 0, ..policy.clone() },
        ];
        let spki = "MCowBQYDK2VwAyEA";
        for last in ["A", "B"] {
            let body = format!("{spki}{}{last}", "A".repeat(42));
            let bytes = crate::Bytes::decode(&format!("{body}=")).or(crate::Bytes::decode(&body));
            if let Some(key) = bytes.and_then(|der| PublicKey::from_spki_der(&der.0).ok()) {
                others.push(Policy::key(key));
            }
        }
        let mut digests: BTreeSet<[u8; 32]> = others.iter().map(of).collect();
        digests.insert(of(&policy));
        let mut two = Requirements::of(vec![Authority::signer("x", policy)], 1);
        two.annotations.insert("env".into(), "prod".into());
        digests.insert(two.digest());
        assert_eq!(digests.len(), others.len() + 2);
    }
}
