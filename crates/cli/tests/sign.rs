//! Keys and signatures as a user meets them, without a network: what is printed, what is written,
//! what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use plimsoll_testkit::{Compression, Image, Reply, Server};
use serde_json::Value;
use tempfile::TempDir;

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with_key() -> Self {
        let folder = Self::new();
        assert_eq!(folder.run("key generate --type ed25519").code, Some(0));
        folder
    }

    fn run(&self, arguments: &str) -> Ran {
        self.run_with(arguments, "pass", "")
    }

    fn run_with(&self, arguments: &str, password: &str, input: &str) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command
            .current_dir(&self.0)
            .args(arguments.split_whitespace())
            .env_remove("COSIGN_PASSWORD")
            .env_remove("SIGSTORE_ID_TOKEN")
            .env("SOURCE_DATE_EPOCH", "1767323045")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if password.is_empty() {
            command.env_remove("PLIMSOLL_KEY_PASSWORD");
        } else {
            command.env("PLIMSOLL_KEY_PASSWORD", password);
        }
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap()
    }

    fn layout(&self) {
        let image = Image::new().layer("COPY a", &[("a", "1")]);
        image.write_oci_dir(Compression::Gzip, &self.path("layout"));
    }
}

#[test]
fn a_private_key_is_readable_to_its_owner_alone_and_never_replaced_unasked() {
    let folder = Folder::with_key();
    let mode = |name| fs::metadata(folder.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("plimsoll.key"), mode("plimsoll.pub")), (0o600, 0o644));
    let before = fs::read(folder.path("plimsoll.key")).unwrap();
    let again = folder.run("key generate");
    assert_eq!(again.code, Some(2));
    assert_eq!(
        again.err,
        "error: `plimsoll.key` is there already: choose another name with `-o NAME`, or replace it \
         with `--force`\n"
    );
    assert_eq!(fs::read(folder.path("plimsoll.key")).unwrap(), before);
    assert_eq!(folder.run("key generate --force").code, Some(0));
    assert_ne!(fs::read(folder.path("plimsoll.key")).unwrap(), before);
    let files = fs::read_dir(folder.0.path()).unwrap().count();
    assert_eq!(files, 2, "nothing half-written stays");
}

#[test]
fn passwords_come_from_a_variable_or_a_line_of_standard_input() {
    let folder = Folder::new();
    assert_eq!(folder.run_with("key generate --password-stdin", "", "secret\n").code, Some(0));
    assert_eq!(folder.run_with("key public --key plimsoll.key", "secret", "").code, Some(0));
    let wrong = folder.run_with("key public --key plimsoll.key", "secret2", "");
    assert_eq!(wrong.code, Some(3));
    assert!(wrong.err.contains("the password does not open this key"), "{}", wrong.err);
    let none = folder.run_with("key public --key plimsoll.key", "", "");
    assert_eq!(none.code, Some(2));
    assert!(none.err.contains("--password-stdin"), "{}", none.err);
    assert!(!(wrong.err + &none.err).contains("secret"));
}

#[test]
fn a_file_is_signed_into_a_bundle_beside_it_or_a_bare_signature() {
    let folder = Folder::with_key();
    fs::write(folder.path("app"), "content").unwrap();
    let ran = folder.run("sign --key plimsoll.key app");
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""));
    assert_eq!(ran.err, "signed `app`: wrote `app.sigstore.json`\n");
    let bundle = folder.json("app.sigstore.json");
    assert_eq!(bundle["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
    let signature = folder.run("sign --key plimsoll.key --signature - file:app");
    assert_eq!(signature.out.trim(), bundle["messageSignature"]["signature"].as_str().unwrap());
}

#[test]
fn an_image_in_a_layout_is_signed_attested_and_listed_by_digest() {
    let folder = Folder::with_key();
    folder.layout();
    let signed = folder.run("sign --key plimsoll.key --storage both -a env=prod oci-dir:layout");
    assert_eq!(signed.code, Some(0), "{}", signed.err);
    let digest = signed.out.trim().strip_prefix("layout@sha256:").unwrap().to_owned();
    fs::write(folder.path("sbom.json"), r#"{"bomFormat": "CycloneDX"}"#).unwrap();
    let attested = folder.run("attest --key plimsoll.key --predicate sbom.json oci-dir:layout");
    assert_eq!(attested.code, Some(0), "{}", attested.err);
    let list = folder.run("download list oci-dir:layout").out;
    let columns: Vec<Vec<&str>> = list
        .lines()
        .skip(1)
        .map(|line| line.split("  ").map(str::trim).filter(|it| !it.is_empty()).take(3).collect())
        .collect();
    assert_eq!(
        columns,
        [
            ["signature", "bundle", "referrer"],
            ["cyclonedx", "bundle", "referrer"],
            ["signature", "simple signing", "tag .sig"],
        ]
    );
    let bundle = folder.run("download attestation --type cyclonedx oci-dir:layout").out;
    let bundle: Value = serde_json::from_str(&bundle).unwrap();
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
    let payload = plimsoll_supply::Bytes::decode(payload).unwrap().0;
    let statement: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(statement["subject"][0]["digest"]["sha256"], digest);
    assert_eq!(statement["predicate"]["bomFormat"], "CycloneDX");
    for kind in ["", "--type cyclonedx"] {
        let verified =
            folder.run(&format!("verify --offline oci-dir:layout --key plimsoll.pub {kind}"));
        assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
        assert!(verified.out.starts_with("verified: layout (referrer "), "{}", verified.out);
    }
    assert_eq!(folder.run("key generate -o other").code, Some(0));
    let refused = folder.run("verify oci-dir:layout --key other.pub");
    assert_eq!(refused.code, Some(1));
    assert_eq!(refused.out.matches("refused: layout (").count(), 2, "{}", refused.out);
    assert_eq!(folder.run("verify oci-dir:layout --key plimsoll.pub --type vuln").code, Some(1));
    let sbom = folder.run("sbom oci-dir:layout -o json");
    assert_eq!(sbom.code, Some(0), "what hangs on an image is no second image: {}", sbom.err);
}

#[test]
fn a_claim_that_is_not_what_it_says_is_refused_before_it_is_signed() {
    let folder = Folder::with_key();
    folder.layout();
    fs::write(folder.path("x.json"), r#"{"a": 1}"#).unwrap();
    let said = |more: &str| {
        let ran = folder
            .run(&format!("attest --key plimsoll.key --predicate x.json {more} oci-dir:layout"));
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        ran.err
    };
    assert!(said("").contains("looks like no known type"));
    assert!(said("--type spdxjson").contains("it has no `spdxVersion`"));
    assert!(said("--type nonsense").contains("expected a URI or one of"));
    assert_eq!(folder.run("download list oci-dir:layout").out.lines().count(), 1);
}

#[test]
fn nothing_becomes_public_unless_somebody_agrees_and_no_log_asks_no_log() {
    let folder = Folder::with_key();
    fs::write(folder.path("app"), "the secret plan").unwrap();
    let server = Server::start(|_| Reply::new(500, "no"));
    let log = format!("http://{}", server.host());
    let ran = folder.run(&format!("sign --key plimsoll.key --log {log} app"));
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains(&format!("{log}: publishes for ever")), "{}", ran.err);
    assert!(ran.err.contains("give `--yes`"), "{}", ran.err);
    assert_eq!(server.requests().len(), 0, "nobody agreed");

    let ran = folder.run("sign --key plimsoll.key --no-log app");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(!ran.err.contains("Sent to others"), "{}", ran.err);
    assert_eq!(server.requests().len(), 0, "no log was asked");

    let ran = folder.run(&format!("sign --key plimsoll.key --log {log} --yes app"));
    assert_eq!(ran.code, Some(3));
    assert!(ran.err.contains("refused with status 500"), "{}", ran.err);
    assert_eq!(server.requests().len(), 1);
    assert!(!server.requests()[0].body.contains("secret plan"), "a log learns the digest alone");
}

#[test]
fn a_registry_that_serves_other_bytes_than_the_digest_promises_is_refused() {
    let folder = Folder::with_key();
    let server = Server::start(|request| {
        if request.path.contains("/manifests/sha256:") {
            return Reply::new(200, "{}").header("Content-Type", "application/json");
        }
        Reply::new(404, "{}")
    });
    let host = server.host();
    let digest = "a".repeat(64);
    let ran = folder.run(&format!(
        "sign --key plimsoll.key --insecure-registry {host} {host}/app@sha256:{digest}"
    ));
    assert_eq!(ran.code, Some(3));
    assert!(ran.err.contains("wrong digest"), "{}", ran.err);
    assert!(server.requests().iter().all(|request| request.method != "PUT"));
    let ran = folder.run(&format!(
        "verify --key plimsoll.pub --insecure-registry {host} {host}/app@sha256:{digest}"
    ));
    assert_eq!(ran.code, Some(3));
    assert!(ran.err.contains("wrong digest"), "{}", ran.err);
}
