//! Keys in a token: `SoftHSM` is the token, and what it signs is verified like anything else.
//!
//! Skipped where `softhsm2-util` or `pkcs11-tool` is not there; `make test-tools` installs both.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];

fn run(folder: &Path, program: &str, arguments: &str) -> std::io::Result<Output> {
    let mut command = Command::new(program);
    command.args(arguments.split_whitespace()).current_dir(folder);
    command.env("SOFTHSM2_CONF", folder.join("conf")).env("PLIMSOLL_KEY_PASSWORD", "1234").output()
}

fn done(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn keys_that_never_leave_their_token_sign_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let module = MODULES.iter().map(PathBuf::from).find(|path| path.exists());
    let tools = ["softhsm2-util --version", "pkcs11-tool --help"];
    let is_there = |tool: &str| {
        let (program, argument) = tool.split_once(' ').unwrap();
        run(folder, program, argument).is_ok()
    };
    let (Some(module), true) = (module, tools.iter().all(|tool| is_there(tool))) else {
        return println!("skipped: SoftHSM or pkcs11-tool is not there");
    };
    let module = module.display();
    fs::create_dir(folder.join("tokens")).unwrap();
    let conf = format!("directories.tokendir = {}\n", folder.join("tokens").display());
    fs::write(folder.join("conf"), conf).unwrap();
    fs::write(folder.join("app"), "content").unwrap();
    let init = "--init-token --free --label vault --so-pin 12345678 --pin 1234";
    done(&run(folder, "softhsm2-util", init).unwrap());
    for (kind, label, id) in
        [("EC:prime256v1", "p256", "01"), ("EC:secp384r1", "p384", "02"), ("rsa:2048", "rsa", "03")]
    {
        let make = format!(
            "--module {module} --token-label vault --login --pin 1234 --keypairgen --key-type {kind} \
             --label {label} --id {id}"
        );
        done(&run(folder, "pkcs11-tool", &make).unwrap());
        let key = format!("pkcs11:token=vault;object={label};id=%{id}?module-path={module}");
        let plimsoll = env!("CARGO_BIN_EXE_plimsoll");
        let public = run(folder, plimsoll, &format!("key public --key {key}")).unwrap();
        done(&public);
        fs::write(folder.join("key.pub"), public.stdout).unwrap();
        done(&run(folder, plimsoll, &format!("sign --key {key} app")).unwrap());
        done(&run(folder, plimsoll, "verify app --key key.pub").unwrap());
        fs::write(folder.join("other"), "contents").unwrap();
        let other = "verify other --key key.pub --bundle app.sigstore.json";
        assert_eq!(run(folder, plimsoll, other).unwrap().status.code(), Some(1));
    }
    let missing = format!("sign --key pkcs11:object=none?module-path={module} app");
    let missing = run(folder, env!("CARGO_BIN_EXE_plimsoll"), &missing).unwrap();
    assert_eq!(missing.status.code(), Some(3));
    let said = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(said.contains("no such key in any token"), "{said}");
}
