//! Compiles the kernel's side with clang: `src/bpf/sensor.bpf.c` becomes an object of BPF that is
//! built into the library.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a build that lacks something ends with what it lacks"
)]

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=src/bpf");
    println!("cargo:rerun-if-env-changed=CLANG");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a folder"));
    // The headers of libbpf that its own build has put there.
    let include = env::var("DEP_BPF_INCLUDE").expect("libbpf-sys tells where its headers are");
    let architecture = match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("x86_64") => "x86",
        Ok("aarch64") => "arm64",
        other => panic!("the sensor knows x86-64 and arm64, and not {other:?}"),
    };
    let clang = env::var("CLANG").unwrap_or_else(|_| "clang".to_owned());
    let status = Command::new(&clang)
        .args(["-target", "bpf", "-O2", "-g", "-Wall", "-Wextra", "-Wno-unused-parameter"])
        .arg(format!("-D__TARGET_ARCH_{architecture}"))
        .arg(format!("-I{include}"))
        .args(["-c", "src/bpf/sensor.bpf.c", "-o"])
        .arg(out.join("sensor.bpf.o"))
        .status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("`{clang}` cannot compile src/bpf/sensor.bpf.c: {status}"),
        Err(error) => panic!(
            "`{clang}` compiles the sensor's programs and cannot be run: {error}. \
             `make setup` installs it; CLANG names another"
        ),
    }
}
