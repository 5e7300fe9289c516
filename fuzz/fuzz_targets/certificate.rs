//! A certificate of any bytes, its extensions, its key, and a timestamp of the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_supply::certificate::{Authority, Certificate, Identity, Purpose};
use plimsoll_supply::sct::SignedCertificateTimestamp;
use plimsoll_supply::timestamp::TimestampResponse;

fuzz_target!(|bytes: &[u8]| {
    let _ = TimestampResponse::from_der(bytes);
    let Ok(certificate) = Certificate::from_der(bytes) else { return };
    assert_eq!(certificate.der(), bytes);
    let _ = Identity::of(&certificate);
    let _ = SignedCertificateTimestamp::embedded_in(&certificate);
    let nobody = Authority { roots: Vec::new(), intermediates: Vec::new() };
    for purpose in [Purpose::CodeSigning, Purpose::TimeStamping] {
        assert!(nobody.path(&certificate, &[], certificate.not_before(), purpose).is_err());
    }
});
