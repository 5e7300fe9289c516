//! Claims between Plimsoll and cosign: every type of attestation in both directions, and the
//! verdicts of both on the same Rego.
//!
//! Skipped where `cosign`, `docker-registry` or `skopeo` is not there: `make sign-peers` fetches
//! the first, `make test-tools` the others.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test stops at the first surprise")]

use std::fs;
use std::process::Command;

use plimsoll_testkit::{Compression, DockerRegistry, Image};
use tempfile::TempDir;

struct Bench {
    folder: TempDir,
    registry: DockerRegistry,
}

/// A type, and a document of it that both take.
const CLAIMS: [(&str, &str); 9] = [
    (
        "slsaprovenance1",
        r#"{"buildDefinition": {"buildType": "https://b.example", "externalParameters": {}},
            "runDetails": {"builder": {"id": "https://ci.example"}}}"#,
    ),
    (
        "slsaprovenance",
        r#"{"builder": {"id": "https://ci.example"}, "buildType": "https://b.example"}"#,
    ),
    ("spdxjson", r#"{"spdxVersion": "SPDX-2.3", "name": "a"}"#),
    ("cyclonedx", r#"{"bomFormat": "CycloneDX", "specVersion": "1.6"}"#),
    (
        "vuln",
        r#"{"invocation": {"parameters": null, "uri": "", "event_id": "", "builder.id": ""},
            "scanner": {"uri": "pkg:a", "version": "1", "db": {"uri": "", "version": ""},
                        "result": {"findings": []}},
            "metadata": {"scanStartedOn": "2026-01-01T00:00:00Z",
                         "scanFinishedOn": "2026-01-01T00:00:00Z"}}"#,
    ),
    (
        "openvex",
        r#"{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://a.example/v",
            "author": "a", "timestamp": "2026-01-01T00:00:00Z", "version": 1, "statements": []}"#,
    ),
    (
        "https://in-toto.io/attestation/test-result/v0.1",
        r#"{"result": "PASSED", "configuration": []}"#,
    ),
    (
        "link",
        r#"{"_type": "link", "name": "n", "command": ["make"], "materials": {}, "products": {},
            "byproducts": {}, "environment": {}}"#,
    ),
    ("custom", "any text\n"),
];

/// Rego about provenance 0.2, and whether cosign allows it.
const POLICIES: [&str; 16] = [
    "package signature\nallow { input.predicate.builder.id == \"https://ci.example\" }\n",
    "package signature\nallow { input.predicate.builder.id == \"https://other.example\" }\n",
    "package signature\ndefault allow = false\nallow { startswith(input.predicateType, \"https://slsa.dev/\") }\n",
    "package signature\nallow[msg] { msg := \"fine\" }\n",
    "package signature\ndefault allow = true\ndeny[msg] { msg := \"no\" }\n",
    "package signature\ndefault allow = false\nallow { count(deny) == 0 }\ndeny[msg] { input.predicate.x; msg := \"no\" }\n",
    "package other\nallow { true }\n",
    "package signature\nimport rego.v1\nallow if { some s in input.subject; s.digest.sha256 }\n",
    "package signature\nimport future.keywords.every\nallow { every s in input.subject { count(s.digest.sha256) == 64 } }\n",
    "package signature\nallow = \"yes\"\n",
    "package signature\nallow if { input.predicate.x }\n",
    "package signature\nallow\nb { input.predicate.x }\n",
    "package signature\nallow b { input.predicate.x }\n",
    "package signature\ndefault allow = false\ndeny contains m { m := 1 }\nallow { true }\n",
    "package signature\nallow { some s in input.subject; s.digest.sha256 }\n",
    "package signature\nallow { re_match(`^https://`, input.predicate.builder.id) }\n",
];

const SIGNS: &str = "--tlog-upload=false --use-signing-config=false -y";
const TRUSTS: &str = "--insecure-ignore-tlog --allow-insecure-registry --key k.pub";

impl Bench {
    fn new() -> Result<Self, String> {
        let cosign = Command::new("cosign").arg("version").output();
        cosign.map_err(|error| format!("cosign: {error}"))?;
        let registry = DockerRegistry::start(None, None)?;
        let folder = tempfile::tempdir().unwrap();
        let image = Image::new().layer("COPY a", &[("a", "1")]);
        image.write_oci_dir(Compression::Gzip, &folder.path().join("layout"));
        let bench = Self { folder, registry };
        bench.ours("key generate --type ecdsa-p256 -o k").unwrap();
        Ok(bench)
    }

    fn run(&self, program: &str, arguments: &str) -> Result<String, String> {
        let mut command = Command::new(program);
        command
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("COSIGN_PASSWORD", "pass")
            .env_remove("PLIMSOLL_KEY_PASSWORD");
        let output = command.output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(format!("{program} {arguments}: {:?} {}", output.status.code(), err.trim()))
    }

    fn ours(&self, arguments: &str) -> Result<String, String> {
        let host = self.registry.host();
        let program = env!("CARGO_BIN_EXE_plimsoll");
        if !arguments.contains(host) {
            return self.run(program, arguments);
        }
        self.run(program, &format!("{arguments} --insecure-registry {host}"))
    }

    fn image(&self, name: &str) -> String {
        self.registry.push(&self.folder.path().join("layout"), &format!("{name}:1")).unwrap();
        format!("{}/{name}:1", self.registry.host())
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.folder.path().join(name), content).unwrap();
    }
}

#[test]
fn every_type_of_claim_goes_both_ways() {
    let bench = match Bench::new() {
        Ok(bench) => bench,
        Err(why) => return println!("skipped: {why}"),
    };
    for (at, (kind, document)) in CLAIMS.into_iter().enumerate() {
        bench.write("claim", document);
        let ours = bench.image(&format!("ours-{at}"));
        let attest = format!("attest --key k.key --type {kind} --predicate claim");
        bench.ours(&format!("{attest} {ours}")).unwrap();
        bench.run("cosign", &format!("verify-attestation {TRUSTS} --type {kind} {ours}")).unwrap();

        let theirs = bench.image(&format!("theirs-{at}"));
        bench
            .run("cosign", &format!("{attest} {SIGNS} --allow-insecure-registry {theirs}"))
            .unwrap();
        bench.ours(&format!("verify --key k.pub --type {kind} {theirs}")).unwrap();
        // What both sign is the same claim.
        let claim = |image: &str| {
            let get = format!("download attestation --type {kind} {image}");
            let line: serde_json::Value = serde_json::from_str(&bench.ours(&get).unwrap()).unwrap();
            let payload = line.pointer("/dsseEnvelope/payload").unwrap().as_str().unwrap();
            let payload = plimsoll_supply::Bytes::decode(payload).unwrap().0;
            let statement: serde_json::Value = serde_json::from_slice(&payload).unwrap();
            (statement["predicateType"].clone(), statement["predicate"].clone())
        };
        let (our_claim, their_claim) = (claim(&ours), claim(&theirs));
        assert_eq!(our_claim.0, their_claim.0, "{kind}");
        if kind == "custom" {
            assert_eq!(our_claim.1["Data"], their_claim.1["Data"]);
        } else if ["spdxjson", "cyclonedx"].contains(&kind) {
            assert_eq!(our_claim.1, their_claim.1, "{kind}");
        }
    }
}

#[test]
fn both_give_the_same_verdict_on_the_same_rego() {
    let bench = match Bench::new() {
        Ok(bench) => bench,
        Err(why) => return println!("skipped: {why}"),
    };
    let image = bench.image("policies");
    bench.write("claim", r#"{"builder": {"id": "https://ci.example"}, "buildType": "b"}"#);
    bench
        .ours(&format!("attest --key k.key --type slsaprovenance --predicate claim {image}"))
        .unwrap();
    for policy in POLICIES {
        bench.write("p.rego", policy);
        let asked = "--type slsaprovenance --policy p.rego";
        let theirs = bench.run("cosign", &format!("verify-attestation {TRUSTS} {asked} {image}"));
        let ours = bench.ours(&format!("verify --key k.pub {asked} {image}"));
        assert_eq!(ours.is_ok(), theirs.is_ok(), "{policy}\nours {ours:?}\ntheirs {theirs:?}");
        if let Err(why) = ours {
            // Denied, or a policy that cannot be read.
            assert!(why.contains("Some(5)") || why.contains("Some(2)"), "{why}");
        }
    }
}

#[test]
fn a_scan_of_ours_is_one_that_cosign_verifies() {
    let bench = match Bench::new() {
        Ok(bench) => bench,
        Err(why) => return println!("skipped: {why}"),
    };
    let image = bench.image("scanned");
    for (flag, kind) in [("", plimsoll_supply::scan_claim::PREDICATE_TYPE), ("--type vuln", "vuln")]
    {
        bench.ours(&format!("attest --key k.key --scan --no-cache {flag} {image}")).unwrap();
        bench.run("cosign", &format!("verify-attestation {TRUSTS} --type {kind} {image}")).unwrap();
    }
    bench.ours(&format!("verify --key k.pub --scan {image}")).unwrap();
}
