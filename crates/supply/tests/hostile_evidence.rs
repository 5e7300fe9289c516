//! Evidence of any bytes: it is refused, and nothing panics or grows.

use plimsoll_supply::bundle::Bundle;
use plimsoll_supply::certificate::{Certificate, Identity};
use plimsoll_supply::key::PublicKey;
use plimsoll_supply::log::{Body, Checkpoint};
use plimsoll_supply::sct::SignedCertificateTimestamp;
use plimsoll_supply::timestamp::TimestampResponse;
use plimsoll_supply::trust::{PUBLIC_GOOD, TrustedRoot};
use proptest::prelude::*;

/// The certificates of the built-in root that signed themselves, to be bent.
fn roots() -> Vec<Certificate> {
    let root = TrustedRoot::public_good().expect("root");
    let all = root.authorities().chain(root.timestamp_authorities());
    all.flat_map(|it| it.expect("authority").authority.roots).collect()
}

proptest! {
    #[test]
    fn random_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Bundle::parse(&bytes);
        let _ = Certificate::from_bytes(&bytes);
        let _ = PublicKey::from_bytes(&bytes);
        let _ = TimestampResponse::from_der(&bytes);
        let _ = Body::parse(&bytes);
        let _ = Checkpoint::parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_bent_certificate_is_signed_by_nobody(
        which in 0_usize..8, at in any::<prop::sample::Index>(), bit in 0_u8..8,
    ) {
        let all = roots();
        let original = &all[which % all.len()];
        let key = original.public_key().expect("key");
        prop_assert!(original.is_signed_by(&key).is_ok());
        let mut bent = original.der().to_vec();
        let at = at.index(bent.len());
        bent[at] ^= 1 << bit;
        if let Ok(bent) = Certificate::from_der(&bent) {
            let _ = Identity::of(&bent);
            let _ = SignedCertificateTimestamp::embedded_in(&bent);
            prop_assert!(bent.is_signed_by(&key).is_err());
        }
    }

    #[test]
    fn a_root_that_is_cut_off_is_none(at in any::<prop::sample::Index>()) {
        let bytes = PUBLIC_GOOD.trim_end().as_bytes();
        prop_assert!(TrustedRoot::from_json("cut off", &bytes[..at.index(bytes.len())]).is_err());
    }
}

#[test]
fn huge_and_deep_structures_are_refused_at_once() {
    let length = [0x30, 0x84, 0xff, 0xff, 0xff, 0xff];
    assert!(Certificate::from_der(&length).is_err());
    assert!(TimestampResponse::from_der(&length).is_err());
    let mut nested = vec![0x30; 60_000];
    nested.push(0);
    assert!(Certificate::from_der(&nested).is_err());
    assert!(Certificate::from_der(&vec![0; 10_000_000]).is_err());
    assert!(Bundle::parse("[".repeat(1_000_000).as_bytes()).is_err());
    let note = format!("log\n1\n\n— {}\n", "a\n— ".repeat(100_000));
    assert!(Checkpoint::parse(&note).is_err());
}
