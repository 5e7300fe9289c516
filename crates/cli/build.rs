//! Links the released program at a fixed address: docs/decisions/012-fixed-address.md.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let set = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if set("PROFILE", "release") && set("CARGO_CFG_TARGET_OS", "linux") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
