//! What `skopeo` and gpg sign, judged by skopeo and by Plimsoll under the same policies, on Debian's
//! registry: the verdicts are the same. The outcome is `docs/interop-containers.md`, which
//! `UPDATE_DOCS=1` writes anew.
//!
//! Skipped where `skopeo`, `gpg` or `docker-registry` is not there: `make test-tools` fetches them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_supply::openpgp::Keyring;
use plimsoll_testkit::{Compression, DockerRegistry, Image};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Keys by name, and how gpg makes each: the kind of key and what it may do.
const KEYS: [(&str, &str, &str); 6] = [
    ("rsa", "rsa3072", "sign"),
    ("ed25519", "ed25519", "sign"),
    ("p256", "nistp256", "sign"),
    ("p384", "nistp384", "sign"),
    ("expired", "ed25519", "sign"),
    ("revoked", "rsa2048", "sign"),
];

struct Bench {
    folder: TempDir,
    registry: DockerRegistry,
    fingerprints: BTreeMap<String, String>,
}

impl Bench {
    fn new() -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("gpg").tempdir().unwrap();
        let registry = DockerRegistry::start(None, None)?;
        let mut bench = Self { folder, registry, fingerprints: BTreeMap::new() };
        bench.run("gpg", "--version")?;
        let image = Image::new().layer("COPY a", &[("a", "1")]);
        image.write_oci_dir(Compression::Gzip, &bench.path("layout"));
        let lookaside = bench.path("signatures");
        bench.write(
            "registries.d/all.yaml",
            &format!(
                "default-docker:\n  lookaside: file://{}\ndocker:\n  {}/attached:\n    \
                 use-sigstore-attachments: true\n",
                lookaside.display(),
                bench.registry.host(),
            ),
        );
        bench.write("accept.json", r#"{"default": [{"type": "insecureAcceptAnything"}]}"#);
        for (name, kind, usage) in KEYS {
            bench.gpg(&format!("--quick-generate-key {name}@example.com {kind} {usage} never"))?;
            bench.note(name)?;
        }
        // A primary key that only certifies, and a subkey that signs.
        bench.gpg("--quick-generate-key subkey@example.com ed25519 cert never")?;
        bench.note("subkey")?;
        let primary = bench.fingerprints["subkey"].clone();
        bench.gpg(&format!("--quick-add-key {primary} ed25519 sign never"))?;
        Ok(bench)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn run(&self, program: &str, arguments: &str) -> Result<String, String> {
        let home = self.path("gnupg");
        fs::create_dir_all(&home).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(&home, mode).unwrap();
        let output = Command::new(program)
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .env("GNUPGHOME", &home)
            .env("HOME", self.folder.path())
            .env("COSIGN_PASSWORD", "correct horse")
            .output()
            .map_err(|error| format!("{program}: {error}"))?;
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        Err(format!("{program} {arguments}: {err}{out}"))
    }

    fn gpg(&self, arguments: &str) -> Result<String, String> {
        self.run(
            "gpg",
            &format!("--batch --yes --pinentry-mode loopback --passphrase= {arguments}"),
        )
    }

    fn note(&mut self, name: &str) -> Result<(), String> {
        let list = self.gpg(&format!("--with-colons --list-keys {name}@example.com"))?;
        let line = list.lines().find(|line| line.starts_with("fpr:")).unwrap();
        let fingerprint = line.split(':').nth(9).unwrap().to_owned();
        self.fingerprints.insert(name.into(), fingerprint);
        Ok(())
    }

    fn skopeo(&self, policy: &str, arguments: &str) -> Result<(), String> {
        let command = format!("--policy {policy} --registries.d registries.d {arguments}");
        self.run("skopeo", &command).map(drop)
    }

    fn push(&self, name: &str, how: &str) -> Result<(), String> {
        let host = self.registry.host();
        self.skopeo(
            "accept.json",
            &format!("copy -q --dest-tls-verify=false {how} oci:layout docker://{host}/{name}"),
        )
    }

    /// Both verdicts on an image: skopeo's and ours.
    fn verdicts(&self, name: &str) -> (Result<(), String>, Result<(), String>) {
        let _ = fs::remove_dir_all(self.path("copy"));
        let host = self.registry.host();
        let (theirs, ours) = match name.strip_prefix("oci:") {
            Some(folder) => (format!("oci:{folder}"), format!("oci-dir:{folder}")),
            None => (format!("docker://{host}/{name}"), format!("{host}/{name}")),
        };
        let theirs = self
            .skopeo("policy.json", &format!("copy -q --src-tls-verify=false {theirs} dir:copy"));
        let ours = self.run(
            env!("CARGO_BIN_EXE_plimsoll"),
            &format!(
                "verify --insecure-registry {host} --containers-policy policy.json \
                 --registries-d registries.d {ours}"
            ),
        );
        (theirs, ours.map(drop))
    }

    fn by(&self, ring: &str, identity: Option<Value>) -> Value {
        let path = self.path(&format!("{ring}.gpg"));
        let mut requirement = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": path});
        if let Some(identity) = identity {
            requirement["signedIdentity"] = identity;
        }
        json!([requirement])
    }
}

#[test]
fn skopeo_and_plimsoll_agree() {
    let bench = match Bench::new() {
        Ok(bench) => bench,
        Err(why) => return println!("skipped: {why}"),
    };
    let host = bench.registry.host().to_owned();
    let names: Vec<String> = bench.fingerprints.keys().cloned().collect();
    for name in &names {
        let fingerprint = &bench.fingerprints[name];
        bench.push(&format!("{name}:1"), &format!("--sign-by {fingerprint}")).unwrap();
    }
    bench.push("unsigned/app:1", "").unwrap();
    let plimsoll = env!("CARGO_BIN_EXE_plimsoll");
    for name in ["sigstore", "stranger"] {
        bench.run(plimsoll, &format!("key generate --type ecdsa-p256 -o {name}")).unwrap();
    }
    bench.push("attached:1", "").unwrap();
    let image = format!("--insecure-registry {host} {host}/attached:1");
    bench.run(plimsoll, &format!("sign --key sigstore.key --storage tag {image}")).unwrap();

    // What becomes of two keys after they signed.
    let expired = &bench.fingerprints["expired"];
    bench.gpg(&format!("--quick-set-expire {expired} seconds=2")).unwrap();
    let revoked = &bench.fingerprints["revoked"];
    let file = bench.path(&format!("gnupg/openpgp-revocs.d/{revoked}.rev"));
    let text = fs::read_to_string(file).unwrap().replace(":-----BEGIN", "-----BEGIN");
    bench.write("revocation", &text);
    bench.gpg("--import revocation").unwrap();
    for name in &names {
        let fingerprint = &bench.fingerprints[name];
        bench.gpg(&format!("--output {name}.gpg --export {fingerprint}")).unwrap();
    }
    let ed25519 = &bench.fingerprints["ed25519"];
    bench.gpg(&format!("--armor --output armoured.gpg --export {ed25519}")).unwrap();
    let both = ["p256", "rsa"].map(|name| fs::read(bench.path(&format!("{name}.gpg"))).unwrap());
    fs::write(bench.path("both.gpg"), both.concat()).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(3));
    // A signature with one byte bent.
    let signed = bench.path("signatures").join(
        fs::read_dir(bench.path("signatures"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .find(|name| name.to_string_lossy().starts_with("rsa@"))
            .unwrap(),
    );
    let original = fs::read(signed.join("signature-1")).unwrap();

    let docker =
        |scopes: Value| json!({"default": [{"type": "reject"}], "transports": {"docker": scopes}});
    let all = |list: Value| json!({"default": list});
    let sigstore = |key: &str| {
        json!([{"type": "sigstoreSigned", "keyPath": bench.path(&format!("{key}.pub")),
            "signedIdentity": {"type": "matchRepository"}}])
    };
    let accept = json!([{"type": "insecureAcceptAnything"}]);
    let digest = {
        let out = bench.run("skopeo", &format!("inspect --tls-verify=false docker://{host}/rsa:1"));
        let out: Value = serde_json::from_str(&out.unwrap()).unwrap();
        out["Digest"].as_str().unwrap().to_owned()
    };
    let by_digest = format!("rsa@{digest}");
    let encoded = bench.run("base64", "-w0 rsa.gpg").unwrap();
    let cases: Vec<(&str, Value, &str, bool)> = vec![
        ("accept anything", all(accept.clone()), "unsigned/app:1", true),
        ("reject", all(json!([{"type": "reject"}])), "rsa:1", false),
        ("accept, then reject", all(json!([{"type": "insecureAcceptAnything"}, {"type": "reject"}])), "rsa:1", false),
        ("RSA", all(bench.by("rsa", None)), "rsa:1", true),
        ("Ed25519", all(bench.by("ed25519", None)), "ed25519:1", true),
        ("ECDSA P-256", all(bench.by("p256", None)), "p256:1", true),
        ("ECDSA P-384", all(bench.by("p384", None)), "p384:1", true),
        ("an armoured key", all(bench.by("armoured", None)), "ed25519:1", true),
        ("a key in the policy", all(json!([{"type": "signedBy", "keyType": "GPGKeys", "keyData": encoded}])), "rsa:1", true),
        ("one of two files with keys", all(json!([{"type": "signedBy", "keyType": "GPGKeys", "keyPaths": [bench.path("p256.gpg"), bench.path("rsa.gpg")]}])), "rsa:1", true),
        ("one of two keys of a ring", all(bench.by("both", None)), "rsa:1", true),
        ("two requirements, one of another key", all(json!([bench.by("rsa", None)[0], bench.by("p256", None)[0]])), "rsa:1", false),
        ("another key", all(bench.by("p256", None)), "rsa:1", false),
        ("an expired key", all(bench.by("expired", None)), "expired:1", false),
        ("a revoked key", all(bench.by("revoked", None)), "revoked:1", false),
        ("no signature", all(bench.by("rsa", None)), "unsigned/app:1", false),
        ("a key that is missing", all(bench.by("none", None)), "rsa:1", false),
        ("`matchExact`", all(bench.by("rsa", Some(json!({"type": "matchExact"})))), "rsa:1", true),
        ("`matchExact`, by digest", all(bench.by("rsa", Some(json!({"type": "matchExact"})))), &by_digest, false),
        ("by digest", all(bench.by("rsa", None)), &by_digest, true),
        ("`matchRepository`", all(bench.by("rsa", Some(json!({"type": "matchRepository"})))), &by_digest, true),
        ("`exactReference`", all(bench.by("rsa", Some(json!({"type": "exactReference", "dockerReference": format!("{host}/rsa:1")})))), "rsa:1", true),
        ("`exactReference` of another", all(bench.by("rsa", Some(json!({"type": "exactReference", "dockerReference": format!("{host}/rsa:2")})))), "rsa:1", false),
        ("`exactRepository`", all(bench.by("rsa", Some(json!({"type": "exactRepository", "dockerRepository": format!("{host}/rsa")})))), "rsa:1", true),
        ("`exactRepository` of another", all(bench.by("rsa", Some(json!({"type": "exactRepository", "dockerRepository": format!("{host}/p256")})))), "rsa:1", false),
        ("`remapIdentity` of another host", all(bench.by("rsa", Some(json!({"type": "remapIdentity", "prefix": host, "signedPrefix": "example.com"})))), "rsa:1", false),
        ("`remapIdentity` that does not begin so", all(bench.by("rsa", Some(json!({"type": "remapIdentity", "prefix": "example.com", "signedPrefix": "example.org"})))), "rsa:1", true),
        ("scope: repository before host", docker(json!({format!("{host}/rsa"): bench.by("rsa", None), host.clone(): [{"type": "reject"}]})), "rsa:1", true),
        ("scope: tag before repository", docker(json!({format!("{host}/rsa:1"): [{"type": "reject"}], format!("{host}/rsa"): accept})), "rsa:1", false),
        ("scope: folder", docker(json!({format!("{host}/unsigned"): accept})), "unsigned/app:1", true),
        ("scope: host", docker(json!({host.clone(): accept})), "unsigned/app:1", true),
        ("scope: all of the transport", docker(json!({"": accept})), "unsigned/app:1", true),
        ("scope: another host", docker(json!({"example.com": accept})), "unsigned/app:1", false),
        ("scope: another transport", json!({"default": [{"type": "reject"}], "transports": {"oci": {"": accept}}}), "rsa:1", false),
        ("layout, accepted", json!({"default": [{"type": "reject"}], "transports": {"oci": {"": accept}}}), "oci:layout", true),
        ("layout, by folder", json!({"default": [{"type": "reject"}], "transports": {"oci": {fs::canonicalize(bench.folder.path()).unwrap().to_string_lossy(): accept}}}), "oci:layout", true),
        ("layout, a signature is due", all(bench.by("rsa", None)), "oci:layout", false),
        ("a field that is not known", json!({"default": accept, "more": 1}), "rsa:1", false),
        ("a requirement that is not known", all(json!([{"type": "other"}])), "rsa:1", false),
        ("an empty list", all(json!([])), "rsa:1", false),
    ];
    let mut rows = String::new();
    for (what, policy, image, expected) in cases {
        bench.write("policy.json", &policy.to_string());
        let (theirs, ours) = bench.verdicts(image);
        assert_eq!(theirs.is_ok(), expected, "{what}, skopeo: {theirs:?}");
        assert_eq!(ours.is_ok(), expected, "{what}, Plimsoll: {ours:?}");
        let verdict = if expected { "allowed" } else { "refused" };
        let _ = writeln!(rows, "| {what} | {verdict} | {verdict} |");
    }
    // Newer versions of skopeo take signatures of subkeys; Debian's does not.
    bench.write("policy.json", &all(bench.by("subkey", None)).to_string());
    let (_, ours) = bench.verdicts("subkey:1");
    assert!(ours.is_ok(), "a subkey signs: {ours:?}");
    // Debian's skopeo has Sigstore taken out, so that these are judged by Plimsoll alone.
    for (key, image, expected) in [
        ("sigstore", "attached:1", true),
        ("stranger", "attached:1", false),
        ("sigstore", "rsa:1", false),
    ] {
        bench.write("policy.json", &all(sigstore(key)).to_string());
        let (_, ours) = bench.verdicts(image);
        assert_eq!(ours.is_ok(), expected, "Sigstore, {key}, {image}: {ours:?}");
    }
    bent(&bench, &original);
    let page = format!(
        "# Interoperation with skopeo\n\
         skopeo and gpg sign; skopeo copies under a policy what Plimsoll verifies under the same. This\n\
         table is written by a run of `crates/cli/tests/interop_containers.rs` with Debian's skopeo,\n\
         gnupg and `docker-registry`.\n\n\
         | policy and image | skopeo | Plimsoll |\n| --- | --- | --- |\n{rows}"
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interop-containers.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert!(page == fs::read_to_string(path).unwrap_or_default(), "run with `UPDATE_DOCS=1`");
}

/// No message with a byte bent says anything else than the one that was signed.
fn bent(bench: &Bench, original: &[u8]) {
    let mut ring = Keyring::default();
    ring.add(&fs::read(bench.path("rsa.gpg")).unwrap()).unwrap();
    let now = "2030-01-01".parse().unwrap();
    let signed = ring.verify(original, now).unwrap();
    let mut refused = 0;
    for at in 0..original.len() {
        for bit in [0x01, 0x10, 0x80] {
            let mut message = original.to_vec();
            message[at] ^= bit;
            match ring.verify(&message, now) {
                Ok(other) => assert_eq!(other.content, signed.content, "byte {at}"),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > original.len() * 2, "{refused} of {}", original.len() * 3);
}
