//! An SBOM of any bytes: reading ends with packages or a sentence, and no package is without a name.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match plimsoll_supply::read::inventory(bytes) {
        Ok(found) if found.artifact.source == "sbom" => {
            assert!(found.packages.iter().all(|package| !package.name.is_empty()));
        }
        Ok(_) => {}
        Err(why) => assert!(!why.is_empty()),
    }
});
