//! A real log of version 1: Rekor on Trillian on a database.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_testkit::{Compression, Image, free_port};
use serde_json::Value;

use super::programs::{Running, missing, run, start};

const PROGRAMS: [&str; 6] = [
    "rekor-v1",
    "trillian_log_server",
    "trillian_log_signer",
    "mariadbd",
    "mariadb-install-db",
    "cosign",
];

/// Trillian's tables, which its module has as a file.
fn schema() -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|it| it.join("trillian.sql")).find(|it| it.is_file())
}

/// The log's address, and what it consists of.
fn log(folder: &Path, schema: &Path) -> (Vec<Running>, String) {
    let [sql, rpc, web, signer_rpc, signer_web, port]: [u16; 6] =
        std::array::from_fn(|_| free_port());
    let at = folder.display();
    run(
        folder,
        "mariadb-install-db",
        &format!(
            "--no-defaults --datadir={at}/sql --auth-root-authentication-method=normal --skip-test-db"
        ),
    );
    let database = start(
        folder,
        sql,
        "mariadbd",
        &format!(
            "--no-defaults --datadir={at}/sql --socket={at}/sql.sock --port={sql} \
             --bind-address=127.0.0.1 --user=root --pid-file={at}/sql.pid"
        ),
    );
    let client = format!("--no-defaults -h 127.0.0.1 -P {sql} -u root");
    run(folder, "mariadb", &format!("{client} -e CREATE/**/DATABASE/**/log"));
    let mut load = Command::new("mariadb");
    load.args(client.split(' ')).arg("log").stdin(fs::File::open(schema).unwrap());
    assert!(load.status().unwrap().success());
    let uri = format!("--mysql_uri=root@tcp(127.0.0.1:{sql})/log --quota_system=noop");
    let server = start(
        folder,
        rpc,
        "trillian_log_server",
        &format!("{uri} --rpc_endpoint=127.0.0.1:{rpc} --http_endpoint=127.0.0.1:{web}"),
    );
    let signer = start(
        folder,
        signer_rpc,
        "trillian_log_signer",
        &format!(
            "{uri} --rpc_endpoint=127.0.0.1:{signer_rpc} --http_endpoint=127.0.0.1:{signer_web} \
             --force_master --sequencer_interval=100ms"
        ),
    );
    let rekor = start(
        folder,
        port,
        "rekor-v1",
        &format!(
            "serve --host 127.0.0.1 --port {port} --trillian_log_server.address 127.0.0.1 \
             --trillian_log_server.port {rpc} --rekor_server.signer memory \
             --rekor_server.hostname rekor.test --enabled_api_endpoints getLogInfo,getPublicKey,createLogEntry,getLogEntryByUUID"
        ),
    );
    (vec![rekor, signer, server, database], format!("http://127.0.0.1:{port}"))
}

#[test]
fn a_log_of_the_first_version_keeps_files_and_both_kinds_of_attestations() {
    if let Some(missing) = missing(&PROGRAMS) {
        return println!("skipped: `{missing}` is not there");
    }
    let Some(schema) = schema() else { return println!("skipped: `trillian.sql` is not there") };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (_running, log) = log(folder, &schema);
    let begun = Instant::now();
    let key = format!("--silent --fail --output log.pub {log}/api/v1/log/publicKey");
    loop {
        let mut curl = Command::new("curl");
        curl.args(key.split(' ')).current_dir(folder).stdout(Stdio::null());
        if curl.status().unwrap().success() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "the log has no key");
        std::thread::sleep(Duration::from_millis(200));
    }
    run(
        folder,
        "cosign",
        "trusted-root create --out root.json \
         --rekor url=https://rekor.test,public-key=log.pub,start-time=2024-01-01T00:00:00Z",
    );
    fs::write(folder.join("app"), "content").unwrap();
    fs::write(folder.join("claim.json"), r#"{"spdxVersion": "SPDX-2.3"}"#).unwrap();
    let ours = |line: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command.args(line.split_whitespace()).current_dir(folder).stdin(Stdio::null());
        let output = command.env("PLIMSOLL_KEY_PASSWORD", "pass").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{line}: {said}");
        said
    };
    let service = format!("--yes --log {log} --trusted-root root.json");
    let verify = "verify --offline --log-entries 1 --times 1 --trusted-root root.json";
    let kind = || {
        let bundle = fs::read(folder.join("app.sigstore.json")).unwrap();
        let bundle: Value = serde_json::from_slice(&bundle).unwrap();
        let entry = bundle.pointer("/verificationMaterial/tlogEntries/0").unwrap().clone();
        entry.pointer("/kindVersion/kind").unwrap().as_str().unwrap().to_owned()
    };
    for key in ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048"] {
        ours(&format!("key generate --type {key} -o {key}"));
        let said = ours(&format!("sign --key {key}.key {service} app"));
        assert!(!said.contains("warning"), "{said}");
        assert_eq!(kind(), "hashedrekord");
        ours(&format!("{verify} app --key {key}.pub"));
        if key == "ecdsa-p256" {
            run(
                folder,
                "cosign",
                "verify-blob --bundle app.sigstore.json --trusted-root root.json \
                 --key ecdsa-p256.pub app",
            );
        }
        for form in ["dsse", "intoto"] {
            let layout = format!("{key}-{form}");
            let image = Image::new().layer("COPY a", &[("a", "1")]);
            image.write_oci_dir(Compression::Gzip, &folder.join(&layout));
            ours(&format!(
                "attest --key {key}.key {service} --log-kind {form} --predicate claim.json \
                 oci-dir:{layout}"
            ));
            ours(&format!("{verify} --type spdxjson oci-dir:{layout} --key {key}.pub"));
        }
    }
    // RSA signs the same bytes alike: the log has the entry already, and it serves again.
    ours(&format!("sign --key rsa-2048.key {service} app"));
    ours(&format!("{verify} app --key rsa-2048.pub"));
}
