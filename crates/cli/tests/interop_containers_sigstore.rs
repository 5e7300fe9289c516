//! Signatures of Sigstore under certificates and in logs, judged by the library of podman and skopeo
//! and by Plimsoll under the same `policy.json`: the verdicts are the same. The outcome is
//! `docs/interop-containers-sigstore.md`, which `UPDATE_DOCS=1` writes anew.
//!
//! Debian's skopeo has Sigstore taken out. Skipped where `containers-policy` is not there, which
//! `make sign-peers` builds of `interop_policy/main.go`; `crates/supply/tests/containers_policy.rs`
//! judges the same cases without it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use plimsoll_supply::hash::{hex, sha256};
use plimsoll_testkit::{PolicyCase, Reply, Request, Server, policy_cases};
use serde_json::{Value, json};

const ORACLE: &str = "containers-policy";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// What a registry has, by path below `/v2/`: media type and bytes.
type Shelf = BTreeMap<String, (&'static str, Vec<u8>)>;

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&sha256(bytes)))
}

/// Puts a manifest and what it consists of under a name.
fn put(shelf: &mut Shelf, name: &str, tag: &str, layers: &[(&str, &[u8], Value)]) -> Vec<u8> {
    let config =
        br#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
    shelf.insert(format!("{name}/blobs/{}", digest(config)), (CONFIG, config.to_vec()));
    let described = |kind: &str, bytes: &[u8]| json!({"mediaType": kind, "digest": digest(bytes), "size": bytes.len()});
    let mut list = Vec::new();
    for (kind, bytes, annotations) in layers {
        shelf.insert(
            format!("{name}/blobs/{}", digest(bytes)),
            ("application/octet-stream", bytes.to_vec()),
        );
        let mut layer = described(kind, bytes);
        layer["annotations"] = annotations.clone();
        list.push(layer);
    }
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": described(CONFIG, config),
        "layers": list,
    });
    let bytes = manifest.to_string().into_bytes();
    shelf.insert(format!("{name}/manifests/{tag}"), (MANIFEST, bytes.clone()));
    shelf.insert(format!("{name}/manifests/{}", digest(&bytes)), (MANIFEST, bytes.clone()));
    bytes
}

fn answer(shelf: &Shelf, request: &Request) -> Reply {
    let path = request.path.split('?').next().unwrap_or_default();
    let Some(path) = path.strip_prefix("/v2/") else { return Reply::new(404, "") };
    if path.is_empty() {
        return Reply::new(200, "{}");
    }
    let Some((kind, bytes)) = shelf.get(path) else { return Reply::new(404, "{}") };
    let body = if request.method == "HEAD" { Vec::new() } else { bytes.clone() };
    Reply::new(200, body)
        .header("Content-Type", *kind)
        .header("Docker-Content-Digest", digest(bytes))
}

fn run(folder: &Path, program: &str, arguments: &str) -> Result<(), String> {
    let output = Command::new(program)
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    let err = String::from_utf8_lossy(&output.stderr);
    let out = String::from_utf8_lossy(&output.stdout);
    if output.status.success() { Ok(()) } else { Err(format!("{err}{out}")) }
}

#[test]
fn podman_and_plimsoll_agree_on_certificates_and_logs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if Command::new(ORACLE).output().is_err() {
        return println!("skipped: `{ORACLE}` is not there");
    }
    let shelf = Arc::new(Mutex::new(Shelf::new()));
    let server = {
        let shelf = Arc::clone(&shelf);
        Server::start(move |request| answer(&shelf.lock().unwrap(), request))
    };
    let host = server.host();
    let manifest = put(&mut shelf.lock().unwrap(), "any", "1", &[]);
    let cases = policy_cases(|number| format!("{host}/case-{number}:1"), &digest(&manifest));
    for (number, case) in cases.iter().enumerate() {
        let mut shelf = shelf.lock().unwrap();
        let name = format!("case-{number}");
        put(&mut shelf, &name, "1", &[]);
        let tag = format!("{}.sig", digest(&manifest).replace(':', "-"));
        put(&mut shelf, &name, &tag, &[(PAYLOAD, &case.payload, json!(case.annotations))]);
    }
    fs::create_dir(folder.join("registries.d")).unwrap();
    let attachments = "default-docker:\n  use-sigstore-attachments: true\n";
    fs::write(folder.join("registries.d/all.yaml"), attachments).unwrap();
    let mut rows = String::new();
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let (theirs, ours) = verdicts(folder, &host, number, case);
        for (who, verdict) in [("containers/image", theirs), ("Plimsoll", ours)] {
            if verdict.is_ok() != case.allowed {
                wrong.push(format!("{}, {who}: {verdict:?}", case.name));
            }
        }
        let verdict = if case.allowed { "allowed" } else { "refused" };
        let _ = writeln!(rows, "| {} | {verdict} | {verdict} |", case.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let page = format!(
        "# Interoperation with containers/image: certificates and logs\n\
         `sigstoreSigned` with `fulcio`, `rekorPublicKey…` and `pki`: {} signatures, each with a\n\
         requirement, and what becomes of the image by the library of podman, CRI-O and skopeo\n\
         (go.podman.io/image 5.42.1) and by Plimsoll. Authorities, logs and signers are made by the test,\n\
         `crates/cli/tests/interop_containers_sigstore.rs`, which writes this table.\n\n\
         | signature and requirement | containers/image | Plimsoll |\n| --- | --- | --- |\n{rows}",
        cases.len(),
    );
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interop-containers-sigstore.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert!(page == fs::read_to_string(path).unwrap_or_default(), "run with `UPDATE_DOCS=1`");
}

/// Both verdicts: theirs and ours.
fn verdicts(
    folder: &Path,
    host: &str,
    number: usize,
    case: &PolicyCase,
) -> (Result<(), String>, Result<(), String>) {
    let policy = json!({"default": [case.requirement]});
    fs::write(folder.join("policy.json"), policy.to_string()).unwrap();
    let theirs = format!("policy.json registries.d {host}/case-{number}:1");
    let ours = format!(
        "verify --insecure-registry {host} --containers-policy policy.json \
         --registries-d registries.d {host}/case-{number}:1"
    );
    (run(folder, ORACLE, &theirs), run(folder, env!("CARGO_BIN_EXE_plimsoll"), &ours))
}
