//! An envelope and a trust policy of any bytes: nothing panics, and nobody is trusted.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use plimsoll_model::{Digest, Timestamp};
use plimsoll_supply::certificate::crl::RevocationList;
use plimsoll_supply::notation::{
    COSE_MEDIA_TYPE, JWS_MEDIA_TYPE, NoLists, Request, TargetArtifact, TrustPolicy, TrustStores,
    verify,
};

const POLICY: &[u8] = br#"{"version": "1.0", "trustPolicies": [{"name": "p",
    "registryScopes": ["*"], "signatureVerification": {"level": "strict"},
    "trustStores": ["ca:test"], "trustedIdentities": ["*"]}]}"#;

fuzz_target!(|bytes: &[u8]| {
    let _ = TrustPolicy::parse(bytes);
    let _ = RevocationList::from_bytes(bytes);
    let Ok(policy) = TrustPolicy::parse(POLICY) else { return };
    let Ok(statement) = policy.statement_for("r.example/app") else { return };
    let subject = TargetArtifact {
        media_type: String::new(),
        digest: Digest::sha256(&[0; 32]),
        size: 0,
        annotations: BTreeMap::new(),
    };
    for media_type in [JWS_MEDIA_TYPE, COSE_MEDIA_TYPE] {
        let report = verify(&Request {
            media_type,
            envelope: bytes,
            subject: &subject,
            metadata: &[],
            statement,
            stores: &TrustStores::default(),
            lists: &NoLists,
            now: Timestamp::from_unix(0),
        });
        assert!(!report.verified && report.failure().is_some());
    }
});
