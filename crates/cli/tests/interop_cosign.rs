//! Signatures between Plimsoll and cosign, in both directions, for every kind of key and every
//! form of storage, on Debian's registry. The outcome is the table in `docs/interop.md`, which
//! `UPDATE_DOCS=1` writes anew.
//!
//! Skipped where `cosign`, `docker-registry` or `skopeo` is not there: `make sign-peers` fetches
//! the first, `make test-tools` the others.
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

use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::bundle::{Bundle, Content};
use plimsoll_supply::cosign;
use plimsoll_supply::intoto::Statement;
use plimsoll_supply::key::PublicKey;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{Policy, Report, verify, verify_statement};
use plimsoll_testkit::{Compression, DockerRegistry, Image};
use serde_json::Value;
use tempfile::TempDir;

const KEYS: [&str; 4] = ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048"];
const CONTENT: &[u8] = b"what is signed\n";
const PASSWORD: &str = "correct horse";

/// What cosign 3.1.3 signs without a log and then refuses itself: a bundle that lacks the digest,
/// and envelopes in the prehashed form of Ed25519.
const KNOWN: [(&str, &str, &str); 4] = [
    ("file: bundle", "cosign", "ed25519"),
    ("image: bundle as referrer", "cosign", "ed25519"),
    ("attestation: bundle as referrer", "cosign", "ed25519"),
    ("attestation: envelope under a tag", "cosign", "ed25519"),
];

type Outcome = Result<(), String>;

/// A folder with keys and a registry with images.
struct Bench {
    folder: TempDir,
    registry: DockerRegistry,
}

impl Bench {
    fn new() -> Result<Self, String> {
        let cosign = Command::new("cosign").arg("version").output();
        cosign.map_err(|error| format!("cosign: {error}"))?;
        let registry = DockerRegistry::start(None, None)?;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("content"), CONTENT).unwrap();
        fs::write(folder.path().join("claim.json"), r#"{"spdxVersion": "SPDX-2.3"}"#).unwrap();
        let image = Image::new().layer("COPY a", &[("a", "1")]);
        image.write_oci_dir(Compression::Gzip, &folder.path().join("layout"));
        Ok(Self { folder, registry })
    }

    fn run(&self, program: &str, arguments: &str) -> Result<String, String> {
        let mut command = Command::new(program);
        command
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("COSIGN_PASSWORD", PASSWORD)
            .env_remove("PLIMSOLL_KEY_PASSWORD");
        let output = command.output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(format!("{program} {arguments}: {}", err.trim().lines().last().unwrap_or_default()))
    }

    fn ours(&self, arguments: &str) -> Result<String, String> {
        let host = self.registry.host();
        let allow = if arguments.contains(host) {
            format!(" --insecure-registry {host}")
        } else {
            String::new()
        };
        self.run(env!("CARGO_BIN_EXE_plimsoll"), &format!("{arguments}{allow}"))
    }

    fn cosign(&self, arguments: &str) -> Outcome {
        self.run("cosign", arguments).map(drop)
    }

    /// An image of its own for each case.
    fn image(&self, name: &str) -> String {
        self.registry.push(&self.folder.path().join("layout"), &format!("{name}:1")).unwrap();
        format!("{}/{name}:1", self.registry.host())
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(name)).unwrap()
    }

    fn policy(&self, key: &str) -> Policy {
        Policy::key(PublicKey::from_bytes(&self.read(&format!("{key}.pub"))).unwrap())
    }
}

fn said(report: &Report) -> Outcome {
    if report.verified {
        return Ok(());
    }
    Err(format!("refused: {:?}", report.failures().map(|it| it.name).collect::<Vec<_>>()))
}

/// Our verdict on a bundle about `CONTENT`.
fn blob(bench: &Bench, key: &str, bundle: &str) -> Outcome {
    let bundle = Bundle::parse(&bench.read(bundle)).map_err(|error| error.to_string())?;
    let root = TrustedRoot::public_good().unwrap();
    let now = "2026-06-01".parse().unwrap();
    said(&verify(&bundle, &Artefact::bytes(CONTENT), &root, &bench.policy(key), now))
}

/// Our verdict on what hangs on an image: there is one of `what`, and it is about the image.
fn hanging(bench: &Bench, key: &str, what: &str, image: &str) -> Outcome {
    let root = TrustedRoot::public_good().unwrap();
    let now = "2026-06-01".parse().unwrap();
    let digest = bench.run("skopeo", &format!("inspect --tls-verify=false docker://{image}"))?;
    let digest: Value = serde_json::from_str(&digest).unwrap();
    let digest = digest["Digest"].as_str().unwrap().to_owned();
    let hex = digest.trim_start_matches("sha256:");
    let out = bench.ours(&format!("download {what} {image}"))?;
    let line: Value = serde_json::from_str(out.lines().next().ok_or("nothing")?).unwrap();
    if let Some(payload) = line["Payload"].as_str().filter(|_| line["Base64Signature"].is_string())
    {
        let payload = plimsoll_supply::Bytes::decode(payload).unwrap().0;
        let signature = line["Base64Signature"].as_str();
        let bundle =
            cosign::bundle(&payload, false, |name| signature.filter(|_| name == cosign::SIGNATURE));
        let bundle = bundle.map_err(|error| error.to_string())?;
        let payload_says: Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(payload_says["critical"]["image"]["docker-manifest-digest"], digest);
        let artefact = Artefact::bytes(payload);
        return said(&verify(&bundle, &artefact, &root, &bench.policy(key), now));
    }
    let bytes = line.to_string();
    let bundle = match line["payloadType"].as_str() {
        Some(_) => cosign::bundle(bytes.as_bytes(), true, |_| None),
        None => Bundle::parse(bytes.as_bytes()),
    };
    let bundle = bundle.map_err(|error| error.to_string())?;
    let Content::Envelope(envelope) = &bundle.content else { return Err("no envelope".into()) };
    let statement = Statement::of(envelope).map_err(|error| error.to_string())?;
    let about =
        |it: &plimsoll_supply::intoto::Subject| it.digest.get("sha256").is_some_and(|d| d == hex);
    assert!(statement.subject.iter().any(about), "{statement:?}");
    said(&verify_statement(&bundle, &root, &bench.policy(key), now))
}

/// Every case: what it is, who signs, and the run.
type Case = (&'static str, &'static str, fn(&Bench, &str) -> Outcome);

const COSIGN_SIGNS: &str = "--tlog-upload=false --use-signing-config=false -y";
const COSIGN_TRUSTS: &str = "--insecure-ignore-tlog";

/// Cosign takes P-384 for a key that signs SHA-256 unless it is told.
fn digest_of(key: &str) -> &'static str {
    if key == "ecdsa-p384" { "--signature-digest-algorithm sha384" } else { "" }
}

const CASES: [Case; 13] = [
    ("key pair", "Plimsoll", |b, k| b.cosign(&format!("public-key --key {k}.key"))),
    ("key pair", "cosign", |b, k| {
        if k != "ecdsa-p256" {
            return Err("not made by `cosign generate-key-pair` without a flag".into());
        }
        b.cosign("generate-key-pair --output-key-prefix cosigns")?;
        let public = b.ours("key public --key cosigns.key")?;
        assert_eq!(public.into_bytes(), b.read("cosigns.pub"));
        Ok(())
    }),
    ("file: bundle", "Plimsoll", |b, k| {
        b.ours(&format!("sign --key {k}.key content --bundle ours-{k}"))?;
        let digest = digest_of(k);
        b.cosign(&format!(
            "verify-blob {COSIGN_TRUSTS} {digest} --key {k}.pub --bundle ours-{k} content"
        ))
    }),
    ("file: bundle", "cosign", |b, k| {
        b.cosign(&format!("sign-blob {COSIGN_SIGNS} --key {k}.key --bundle theirs-{k} content"))?;
        blob(b, k, &format!("theirs-{k}"))
    }),
    ("file: detached signature", "Plimsoll", |b, k| {
        b.ours(&format!("sign --key {k}.key content --signature sig-{k}"))?;
        let digest = digest_of(k);
        b.cosign(&format!(
            "verify-blob {COSIGN_TRUSTS} {digest} --key {k}.pub --signature sig-{k} content"
        ))
    }),
    ("image: bundle as referrer", "Plimsoll", |b, k| {
        let image = b.image(&format!("a-{k}"));
        b.ours(&format!("sign --key {k}.key {image}"))?;
        let digest = digest_of(k);
        b.cosign(&format!(
            "verify {COSIGN_TRUSTS} {digest} --allow-insecure-registry --key {k}.pub {image}"
        ))
    }),
    ("image: bundle as referrer", "cosign", |b, k| {
        let image = b.image(&format!("b-{k}"));
        b.cosign(&format!("sign {COSIGN_SIGNS} --allow-insecure-registry --key {k}.key {image}"))?;
        hanging(b, k, "signature", &image)
    }),
    ("image: signature under a tag", "Plimsoll", |b, k| {
        let image = b.image(&format!("c-{k}"));
        b.ours(&format!("sign --key {k}.key --storage tag -a env=prod {image}"))?;
        let digest = digest_of(k);
        b.cosign(&format!(
            "verify {COSIGN_TRUSTS} {digest} --new-bundle-format=false -a env=prod \
             --allow-insecure-registry --key {k}.pub {image}"
        ))
    }),
    ("image: signature under a tag", "cosign", |b, k| {
        let image = b.image(&format!("d-{k}"));
        b.cosign(&format!(
            "sign {COSIGN_SIGNS} --new-bundle-format=false --allow-insecure-registry \
             --key {k}.key {image}"
        ))?;
        hanging(b, k, "signature", &image)
    }),
    ("attestation: bundle as referrer", "Plimsoll", |b, k| {
        let image = b.image(&format!("e-{k}"));
        b.ours(&format!("attest --key {k}.key --predicate claim.json {image}"))?;
        let digest = digest_of(k);
        b.cosign(&format!(
            "verify-attestation {COSIGN_TRUSTS} {digest} --type spdxjson \
             --allow-insecure-registry --key {k}.pub {image}"
        ))
    }),
    ("attestation: bundle as referrer", "cosign", |b, k| {
        let image = b.image(&format!("f-{k}"));
        b.cosign(&format!(
            "attest {COSIGN_SIGNS} --type spdxjson --predicate claim.json \
             --allow-insecure-registry --key {k}.key {image}"
        ))?;
        hanging(b, k, "attestation --type spdxjson", &image)
    }),
    ("attestation: envelope under a tag", "Plimsoll", |b, k| {
        let image = b.image(&format!("g-{k}"));
        b.ours(&format!("attest --key {k}.key --storage tag --predicate claim.json {image}"))?;
        let digest = digest_of(k);
        b.cosign(&format!(
            "verify-attestation {COSIGN_TRUSTS} {digest} --new-bundle-format=false \
             --type spdxjson --allow-insecure-registry --key {k}.pub {image}"
        ))
    }),
    ("attestation: envelope under a tag", "cosign", |b, k| {
        let image = b.image(&format!("h-{k}"));
        b.cosign(&format!(
            "attest {COSIGN_SIGNS} --new-bundle-format=false --type spdxjson \
             --predicate claim.json --allow-insecure-registry --key {k}.key {image}"
        ))?;
        hanging(b, k, "attestation --type spdxjson", &image)
    }),
];

#[test]
fn what_one_signs_the_other_verifies() {
    let bench = match Bench::new() {
        Ok(bench) => bench,
        Err(why) => return println!("skipped: {why}"),
    };
    for key in KEYS {
        bench.ours(&format!("key generate --type {key} -o {key}")).unwrap();
    }
    let mut results: BTreeMap<(usize, usize), Outcome> = BTreeMap::new();
    for (row, (_, _, run)) in CASES.iter().enumerate() {
        for (column, key) in KEYS.iter().enumerate() {
            results.insert((row, column), run(&bench, key));
        }
    }
    let page = page(&results);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interop.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    for ((row, column), outcome) in &results {
        let (what, who, _) = CASES[*row];
        let is_known = KNOWN.contains(&(what, who, KEYS[*column]))
            || (what == "key pair" && who == "cosign" && *column > 0);
        if let Err(why) = outcome {
            println!("{what}, by {who}, {}: {why}", KEYS[*column]);
            assert!(is_known, "{what}, by {who}, {}: {why}", KEYS[*column]);
        }
    }
    assert!(page == fs::read_to_string(path).unwrap_or_default(), "run with `UPDATE_DOCS=1`");
}

fn page(results: &BTreeMap<(usize, usize), Outcome>) -> String {
    let mut page = String::from(
        "# Interoperation\n\
         What Plimsoll signs is verified by cosign 3.1.3, and what cosign signs by Plimsoll. This\n\
         table is written by a run of `crates/cli/tests/interop_cosign.rs` on Debian's\n\
         `docker-registry`, which has no interface for referrers, so that they are found by their\n\
         fallback tag. `make sign-peers` fetches cosign.\n\n",
    );
    let _ = writeln!(page, "| what | signed or made by | {} |", KEYS.join(" | "));
    let _ = writeln!(page, "| --- | --- |{}", " --- |".repeat(KEYS.len()));
    for (row, (what, who, _)) in CASES.iter().enumerate() {
        let cell = |column: usize| match &results[&(row, column)] {
            Ok(()) => "yes",
            Err(_) if *what == "key pair" => "–",
            Err(_) => "no",
        };
        let cells: Vec<&str> = (0..KEYS.len()).map(cell).collect();
        let _ = writeln!(page, "| {what} | {who} | {} |", cells.join(" | "));
    }
    page.push_str(
        "\nCosign takes every ECDSA key for one that signs SHA-256 digests when it verifies with \
         `--key`, also\nwhen it signed with SHA-384 itself: P-384 needs `--signature-digest-algorithm \
         sha384` there.\nWhere the table says no, cosign refuses its own signature as well: without a \
         log it signs with\nEd25519 in forms that it does not verify.\n",
    );
    page.push_str(OTHERS);
    page
}

/// What others sign in other ways, and the tests that hold the verdicts.
const OTHERS: &str = "
## Other schemes
| what | signed or made by | verified by Plimsoll | held by |
| --- | --- | --- | --- |
| GitHub artifact attestation | a workflow on GitHub | yes | `crates/supply/tests/slsa_corpus.rs`: slsa-verifier's cases and verdicts |
| npm: registry's signature | a key as npmjs.org's | yes | `crates/supply/tests/npm.rs`: signed there, and bent |
| npm: provenance | a workflow on GitHub | yes | `crates/supply/tests/slsa_corpus.rs` |
| PyPI attestation (PEP 740) | GitHub, GitLab, Google Cloud | yes | `crates/supply/tests/pypi.rs`: samples of pypi-attestations, and bent |
| Git tag or commit, SSH | git, ssh-keygen | yes | `crates/cli/tests/interop_git.rs`: [as Git judges](interop-git.md) |
| Git tag or commit, OpenPGP | git, gpg | yes | `crates/cli/tests/interop_git.rs`: [as Git judges](interop-git.md) |
| Notary Project | notation | yes | `crates/cli/tests/interop_notation.rs`: [as notation judges](interop-notation.md) |
| signed message of OpenPGP | skopeo, gpg | yes | `crates/cli/tests/interop_containers.rs`: [as skopeo judges](interop-containers.md) |
";
