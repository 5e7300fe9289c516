//! Signing without a key, whole and on this machine: an identity provider, a certificate authority,
//! a transparency log of tiles and a timestamp authority, all of them the real programs.
//!
//! Skipped where one of them is not there: `make sign-peers` fetches them.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::bundle::Bundle;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{IdentityPolicy, Policy, verify};
use serde_json::json;

const PERSON: &str = "alice@example.com";

/// The programs, and what they are started for.
const PROGRAMS: [&str; 5] =
    ["oidc-provider-mock", "fulcio", "rekor-posix", "timestamp-server", "cosign"];

/// A running program; it ends when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(folder: &Path, port: u16, program: &str, arguments: &str) -> Running {
    let mut command = Command::new(program);
    command.args(arguments.split_whitespace()).current_dir(folder);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let running = Running(child);
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_mins(1), "{program} does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    running
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn run(folder: &Path, program: &str, arguments: &str) -> Output {
    let mut command = Command::new(program);
    command.args(arguments.split_whitespace()).current_dir(folder).env("HOME", folder);
    command.env_remove("SIGSTORE_ID_TOKEN").stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments}: {said}");
    output
}

/// What the provider gives somebody who has logged in, by the flow of a browser.
const TOKEN: &str = r#"
import json, sys, urllib.error, urllib.parse, urllib.request
base, person = sys.argv[1:]
class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_): return None
web = urllib.request.build_opener(Stay)
form = lambda **fields: urllib.parse.urlencode(fields).encode()
asked = form(client_id="sigstore", redirect_uri="http://localhost/", response_type="code",
             scope="openid email", state="s").decode()
try: web.open(f"{base}/oauth2/authorize?{asked}", data=form(sub=person))
except urllib.error.HTTPError as sent: place = sent.headers["Location"]
code = urllib.parse.parse_qs(urllib.parse.urlparse(place).query)["code"][0]
print(json.load(web.open(f"{base}/oauth2/token", data=form(
    grant_type="authorization_code", code=code, redirect_uri="http://localhost/",
    client_id="sigstore", client_secret="s")))["id_token"])
"#;

#[test]
fn a_person_signs_and_both_verifiers_find_that_person_the_log_and_the_time() {
    if let Some(missing) =
        PROGRAMS.iter().find(|it| Command::new(it).arg("--help").output().is_err())
    {
        return println!("skipped: `{missing}` is not there");
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let ports: [u16; 8] = std::array::from_fn(|_| free_port());
    let [oidc, fulcio, log, stamps, grpc, metrics, log_grpc, log_metrics] = ports;
    let issuer = format!("http://127.0.0.1:{oidc}");
    let config = json!({"OIDCIssuers": {&issuer: {
        "IssuerURL": issuer, "ClientID": "sigstore", "Type": "email",
    }}});
    fs::write(folder.join("fulcio.json"), config.to_string()).unwrap();
    run(folder, "openssl", "genpkey -algorithm ED25519 -out log.pem");
    run(folder, "openssl", "pkey -in log.pem -pubout -out log.pub");
    let person = format!(r#"{{"sub":"{PERSON}","email":"{PERSON}","email_verified":true}}"#);
    let _running = [
        start(folder, oidc, "oidc-provider-mock", &format!("-p {oidc} --user-claims {person}")),
        start(
            folder,
            fulcio,
            "fulcio",
            &format!(
                "serve --host 127.0.0.1 --port {fulcio} --grpc-host 127.0.0.1 --grpc-port {grpc} \
                 --metrics-port {metrics} --ca ephemeralca --ct-log-url= --config-path fulcio.json"
            ),
        ),
        start(
            folder,
            log,
            "rekor-posix",
            &format!(
                "serve --http-port {log} --grpc-port {log_grpc} --http-metrics-port {log_metrics} \
                 --hostname log.test --signer-filepath log.pem --storage-dir tiles \
                 --checkpoint-interval 1s --batch-max-age 100ms"
            ),
        ),
        start(
            folder,
            stamps,
            "timestamp-server",
            &format!(
                "serve --host 127.0.0.1 --port {stamps} --timestamp-signer memory \
                 --disable-ntp-monitoring"
            ),
        ),
    ];
    fs::write(folder.join("token.py"), TOKEN).unwrap();
    let token = run(folder, "python3", &format!("token.py {issuer} {PERSON}"));
    fs::write(folder.join("token"), token.stdout).unwrap();
    fs::write(folder.join("app"), "content").unwrap();

    let fulcio = format!("http://127.0.0.1:{fulcio}");
    let stamps = format!("http://127.0.0.1:{stamps}/api/v1/timestamp");
    let signed = run(
        folder,
        env!("CARGO_BIN_EXE_plimsoll"),
        &format!(
            "sign --keyless --yes --identity-token token --fulcio {fulcio} \
             --log http://127.0.0.1:{log} --log-version 2 --timestamp {stamps} app"
        ),
    );
    let said = String::from_utf8(signed.stderr).unwrap();
    assert!(said.contains(&format!("certifies `{PERSON}` (as {issuer} says)")), "{said}");
    assert!(said.contains("publishes for ever"), "{said}");
    let token = fs::read_to_string(folder.join("token")).unwrap();
    assert!(!said.contains(token.trim()), "a token is a secret");

    for (url, file) in [
        (format!("{fulcio}/api/v1/rootCert"), "ca.pem"),
        (format!("{stamps}/certchain"), "tsa.pem"),
    ] {
        run(folder, "curl", &format!("--silent --fail --output {file} {url}"));
    }
    run(
        folder,
        "cosign",
        &format!(
            "trusted-root create --out root.json --fulcio url={fulcio},certificate-chain=ca.pem \
             --rekor url=https://log.test,public-key=log.pub,start-time=2024-01-01T00:00:00Z,\
             origin=log.test --tsa url={stamps},certificate-chain=tsa.pem"
        ),
    );
    run(
        folder,
        "cosign",
        &format!(
            "verify-blob --bundle app.sigstore.json --trusted-root root.json \
             --certificate-identity {PERSON} --certificate-oidc-issuer {issuer} \
             --insecure-ignore-sct --use-signed-timestamps app"
        ),
    );

    let bundle = Bundle::parse(&fs::read(folder.join("app.sigstore.json")).unwrap()).unwrap();
    let root =
        TrustedRoot::from_json("root", &fs::read(folder.join("root.json")).unwrap()).unwrap();
    let verdict = |person: &str, content: &str| {
        let mut policy = Policy::identities(vec![IdentityPolicy::exact(person, &issuer)]);
        // The authority of this test publishes its certificates nowhere.
        policy.certificate_logs = 0;
        let now = "2026-01-01".parse().unwrap();
        verify(&bundle, &Artefact::bytes(content), &root, &policy, now)
    };
    let report = verdict(PERSON, "content");
    assert!(report.verified, "{report:#?}");
    assert!(!verdict("mallory@example.com", "content").verified);
    assert!(!verdict(PERSON, "contents").verified);
}
