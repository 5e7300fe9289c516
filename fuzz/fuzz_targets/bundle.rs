//! A bundle of any bytes: what can be read never verifies without a signer whom anybody trusts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_model::Timestamp;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::bundle::Bundle;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{IdentityPolicy, Policy, verify};

fuzz_target!(|bytes: &[u8]| {
    let Ok(bundle) = Bundle::parse(bytes) else { return };
    let Ok(root) = TrustedRoot::public_good() else { return };
    let policy = Policy::identities(vec![IdentityPolicy::exact("nobody", "nowhere")]);
    let report = verify(&bundle, &Artefact::bytes(bytes), &root, &policy, Timestamp::from_unix(0));
    assert!(!report.verified && report.failure().is_some());
});
