//! What BuildKit wrote and what an event holds, of any bytes: an error or a predicate, and no panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_supply::provenance::generate::buildkit::BuildKit;
use plimsoll_supply::provenance::generate::{Build, Environment, Version};

fuzz_target!(|bytes: &[u8]| {
    let lookup = |name: &str| {
        Some(match name {
            "GITHUB_SERVER_URL" => "https://github.com".to_owned(),
            "GITHUB_REPOSITORY" => "o/r".to_owned(),
            "GITHUB_WORKFLOW_REF" => "o/r/.github/workflows/w.yml@refs/heads/main".to_owned(),
            "GITHUB_SHA" => "0".repeat(40),
            _ => "1".to_owned(),
        })
    };
    let mut build = match Build::of_github(&Environment::new(&lookup), Some(bytes)) {
        Ok(build) => build,
        Err(_) => Build::default(),
    };
    if let Ok(known) = BuildKit::parse(bytes, Some("linux/amd64")) {
        known.add_to(&mut build);
    }
    for version in [Version::V1, Version::V0_2] {
        assert!(build.predicate(version).is_object());
    }
});
