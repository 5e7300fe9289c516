//! Real services, started for a test and ended with it.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_testkit::free_port;
use serde_json::json;

pub(crate) const PERSON: &str = "alice@example.com";

/// A running program; it ends when it is dropped.
pub(crate) struct Running(Child, Option<MutexGuard<'static, ()>>);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn start(folder: &Path, port: u16, program: &str, arguments: &str) -> Running {
    let mut command = Command::new(program);
    command.args(arguments.split_whitespace()).current_dir(folder);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let running = Running(child, None);
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_mins(1), "{program} does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    running
}

pub(crate) fn run(folder: &Path, program: &str, arguments: &str) -> Output {
    let mut command = Command::new(program);
    command.args(arguments.split_whitespace()).current_dir(folder).env("HOME", folder);
    command.env_remove("SIGSTORE_ID_TOKEN").env("BROWSER", folder.join("browser"));
    for name in ["GITHUB_ACTIONS", "GITLAB_CI", "ACTIONS_ID_TOKEN_REQUEST_URL"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments}: {said}");
    output
}

/// The first of these programs that is not there.
pub(crate) fn missing<'a>(programs: &[&'a str]) -> Option<&'a str> {
    programs.iter().copied().find(|it| Command::new(it).arg("--help").output().is_err())
}

/// An identity provider, and in `browser` the person who logs in there; its address.
pub(crate) fn provider(folder: &Path) -> Result<(Running, String), String> {
    if let Some(program) = missing(&["node", "python3"]) {
        return Err(format!("`{program}` is not there"));
    }
    // Npm put it beside the other programs.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let modules = std::env::split_paths(&path)
        .map(|folder| folder.join("oidc"))
        .find(|folder| folder.join("node_modules/oidc-provider").is_dir())
        .ok_or("`oidc-provider` is not there")?;
    fs::write(folder.join("provider.mjs"), include_str!("provider.mjs")).unwrap();
    fs::write(folder.join("browser.py"), include_str!("browser.py")).unwrap();
    let script = format!("#!/bin/sh\nexec python3 browser.py {PERSON} \"$1\"\n");
    fs::write(folder.join("browser"), script).unwrap();
    fs::set_permissions(folder.join("browser"), fs::Permissions::from_mode(0o755)).unwrap();
    let port = free_port();
    let running =
        start(folder, port, "node", &format!("provider.mjs {} {port}", modules.display()));
    Ok((running, format!("http://127.0.0.1:{port}")))
}

/// A certificate authority that trusts the provider at `issuer`; its address.
pub(crate) fn fulcio(folder: &Path, issuer: &str) -> (Running, String) {
    // It listens on a socket of a fixed name as well, so that there is one at a time.
    static ONE: Mutex<()> = Mutex::new(());
    let only = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let config = json!({"OIDCIssuers": {issuer: {
        "IssuerURL": issuer, "ClientID": "sigstore", "Type": "email",
    }}});
    fs::write(folder.join("fulcio.json"), config.to_string()).unwrap();
    let [port, grpc, metrics]: [u16; 3] = std::array::from_fn(|_| free_port());
    let arguments = format!(
        "serve --host 127.0.0.1 --port {port} --grpc-host 127.0.0.1 --grpc-port {grpc} \
         --metrics-port {metrics} --ca ephemeralca --ct-log-url= --config-path fulcio.json"
    );
    let mut running = start(folder, port, "fulcio", &arguments);
    running.1 = Some(only);
    (running, format!("http://127.0.0.1:{port}"))
}
