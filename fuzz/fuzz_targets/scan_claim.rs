//! A scan that is claimed: it is read for gates or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_supply::scan_claim::ScanClaim;

fuzz_target!(|bytes: &[u8]| {
    let Ok(image) = format!("sha256:{}", "ab".repeat(32)).parse() else { return };
    if let Ok(claim) = ScanClaim::in_statement(bytes, &image) {
        assert_eq!(claim.target(), Some(image));
        let _ = claim.to_scan();
    }
});
