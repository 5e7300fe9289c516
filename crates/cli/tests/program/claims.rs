//! What attestations claim: policies about it, and scans that somebody vouches for.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use plimsoll_testkit::Compression;
use serde_json::{Value, json};

use crate::feeds::{CRITICAL, osv, record};
use crate::machine::{Machine, Ran};
use crate::sample;

/// A machine with a layout, advisories and a key.
fn machine() -> Machine {
    let machine = sample::machine();
    sample::image().write_oci_dir(Compression::Gzip, &machine.path("layout"));
    signing(&machine, "key generate --type ed25519");
    machine
}

fn signing(machine: &Machine, arguments: &str) -> Ran {
    machine.run_with(&[("PLIMSOLL_KEY_PASSWORD", "pass")], arguments).ended(0)
}

fn scanned() -> Machine {
    let machine = machine();
    signing(&machine, "attest --key plimsoll.key --scan oci-dir:layout");
    machine
}

/// The attestation of the only image, and the files that the layout keeps it in.
fn attested(machine: &Machine, kind: &str) -> Value {
    machine.run(&format!("download attestation --type {kind} oci-dir:layout")).ended(0).json()
}

fn statement(bundle: &Value) -> Value {
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
    serde_json::from_slice(&plimsoll_supply::Bytes::decode(payload).unwrap().0).unwrap()
}

const VERIFY: &str = "verify oci-dir:layout --key plimsoll.pub --offline";

#[test]
fn each_type_of_claim_is_attested_verified_and_downloaded() {
    let machine = machine();
    let claims = [
        ("slsaprovenance1", json!({"buildDefinition": {}, "runDetails": {}})),
        ("slsaprovenance", json!({"builder": {"id": "a"}, "buildType": "b"})),
        ("spdxjson", json!({"spdxVersion": "SPDX-2.3"})),
        ("cyclonedx", json!({"bomFormat": "CycloneDX"})),
        ("vuln", json!({"invocation": {}, "scanner": {}, "metadata": {}})),
        ("openvex", json!({"@context": "https://openvex.dev/ns/v0.2.0", "statements": []})),
        ("test-result", json!({"result": "PASSED", "configuration": []})),
        (
            "link",
            json!({"_type": "link", "name": "n", "command": [], "materials": {}, "products": {}}),
        ),
    ];
    for (kind, claim) in &claims {
        machine.write("claim.json", claim.to_string());
        // The document alone tells its type.
        signing(&machine, "attest --key plimsoll.key --predicate claim.json oci-dir:layout");
        machine.run(&format!("{VERIFY} --type {kind}")).ended(0);
        let found = statement(&attested(&machine, kind));
        assert_eq!(found["predicate"], *claim, "{kind}");
    }
    machine.write("note.txt", "free text");
    signing(
        &machine,
        "attest --key plimsoll.key --predicate note.txt --type custom oci-dir:layout",
    );
    machine.run(&format!("{VERIFY} --type custom")).ended(0);
    assert_eq!(statement(&attested(&machine, "custom"))["predicate"]["Data"], "free text");
    machine.write("claim.json", r#"{"bomFormat": "CycloneDX"}"#);
    let wrong = "attest --key plimsoll.key --type openvex --predicate claim.json oci-dir:layout";
    let ran = machine.run_with(&[("PLIMSOLL_KEY_PASSWORD", "pass")], wrong).ended(2);
    assert!(ran.err.contains("`claim.json` is no openvex: it has no `@context`"), "{}", ran.said());
}

#[test]
fn a_policy_allows_or_denies_a_claim_and_says_why() {
    let machine = machine();
    machine.write("claim.json", r#"{"builder": {"id": "https://ci.example"}, "buildType": "b"}"#);
    signing(&machine, "attest --key plimsoll.key --predicate claim.json oci-dir:layout");
    let typed = format!("{VERIFY} --type slsaprovenance");
    machine.write("good.cel", "predicate.builder.id == 'https://ci.example'");
    machine.write("bad.cel", "predicate.buildType == 'b' &&\n  predicate.builder.id == 'other'");
    machine.write(
        "good.rego",
        "package signature\nallow {\n  input.predicate.builder.id == \"https://ci.example\"\n}\n",
    );
    machine.write(
        "bad.rego",
        "package signature\nallow {\n  input.predicate.builder.id == \"other\"\n}\n",
    );
    machine.run(&format!("{typed} --policy good.cel --policy good.rego")).ended(0);
    let ran = machine.run(&format!("{typed} --policy good.rego --policy bad.cel")).ended(5);
    assert!(
        ran.out.contains(
            "denied by policy\n  bad.cel:2:3: `predicate.builder.id == 'other'` is false: \
             `predicate.builder.id` is \"https://ci.example\"\n"
        ),
        "{}",
        ran.said()
    );
    let ran = machine.run(&format!("{typed} --policy bad.rego -f json")).ended(5);
    assert_eq!(ran.json()["policy"]["allowed"], false);
    assert!(ran.out.contains("bad.rego:3:3: `allow` is not true"), "{}", ran.said());
    let inline = format!("{typed} --cel predicate.builder.id.startsWith('https://ci.')");
    machine.run(&inline).ended(0);

    machine.write("p.cue", "predicate: builder: id: \"a\"");
    let ran = machine.run(&format!("{typed} --policy p.cue")).ended(2);
    assert!(ran.err.contains("`p.cue` is CUE, which is not evaluated here"), "{}", ran.said());
    machine.write("broken.cel", "predicate.builder.id ==");
    let ran = machine.run(&format!("{typed} --policy broken.cel")).ended(2);
    assert!(ran.err.starts_with("error: broken.cel:1:"), "{}", ran.said());
    let ran = machine.run(&format!("{VERIFY} --policy good.cel")).ended(2);
    assert!(ran.err.contains("name which with `--type`"), "{}", ran.said());

    // A second claim that the policy denies is not outweighed by the first.
    machine.write("claim.json", r#"{"builder": {"id": "other"}, "buildType": "b"}"#);
    signing(&machine, "attest --key plimsoll.key --predicate claim.json oci-dir:layout");
    machine.run(&format!("{typed} --policy good.cel")).ended(5);
    // A claim by somebody else is none.
    signing(&machine, "key generate --type ed25519 -o other");
    machine.run("verify oci-dir:layout --key other.pub --type vuln --policy good.cel").ended(1);
}

#[test]
fn a_scan_that_is_attested_decides_without_the_layers() {
    let machine = scanned();
    // Whoever decides needs the manifest and the attestation.
    let index = machine.json("layout/index.json");
    let manifest = index["manifests"][0]["digest"].as_str().unwrap().replace(':', "/");
    let manifest = machine.json(&format!("layout/blobs/{manifest}"));
    for layer in manifest["layers"].as_array().unwrap() {
        let blob = layer["digest"].as_str().unwrap().replace(':', "/");
        fs::remove_file(machine.path(&format!("layout/blobs/{blob}"))).unwrap();
    }
    fs::remove_dir_all(machine.path("cache")).unwrap();
    let ran = machine.run(&format!("{VERIFY} --scan")).ended(0);
    for said in [
        "verified: ",
        "  scanned 2026-01-02T03:04:05Z by plimsoll ",
        "  advisories sha256:",
        " (4 feeds), newest 2025-12-01T00:00:00Z",
        " packages of debian 12",
        "  findings 2 critical",
        "scan passed\n",
    ] {
        assert!(ran.out.contains(said), "{said}: {}", ran.said());
    }
    let ran = machine.run(&format!("{VERIFY} --scan --no-critical")).ended(1);
    assert!(ran.err.contains("severity: 2 findings of severity critical or worse"), "{}", ran.err);
    assert!(ran.out.ends_with("scan refused\n"), "{}", ran.said());
    machine.run(&format!("{VERIFY} --scan --fail-on-exploited")).ended(1);
    let ran = machine.run(&format!("{VERIFY} --scan --fail-on medium -f json")).ended(1).json();
    assert_eq!(ran["scan"]["pass"], false);
    assert_eq!(ran["scan"]["failed"][0]["gate"], "severity");
    let cel = "predicate.scan.findings.all(f,f.fix!='fixed')";
    let ran = machine.run(&format!("{VERIFY} --scan --cel {cel}")).ended(5);
    assert!(ran.out.contains("denied by policy"), "{}", ran.said());
}

#[test]
fn an_old_scan_is_refused_with_4() {
    let machine = machine();
    // Feeds have the time at which they were fetched, which nothing pins.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let later = |hours: i64| (i64::try_from(now).unwrap() + hours * 3600).to_string();
    let then = [("PLIMSOLL_KEY_PASSWORD", "pass"), ("SOURCE_DATE_EPOCH", &later(0))];
    machine.run_with(&then, "attest --key plimsoll.key --scan oci-dir:layout").ended(0);
    let at = |time: &str, flags: &str| {
        machine.run_with(&[("SOURCE_DATE_EPOCH", time)], &format!("{VERIFY} --scan {flags}"))
    };
    at(&later(23), "--max-age 24h").ended(0);
    let ran = at(&later(25), "--max-age 24h").ended(4);
    assert!(
        ran.err.contains("stale-scan: the scan was made 25 hours ago, and 24 hours are allowed"),
        "{}",
        ran.said()
    );
    at(&later(25), "--max-age 2d").ended(0);
    at(&later(24 * 400), "--max-data-age 30").ended(4);
    // A scan from the future is none, however new.
    let ran = at(&later(-48), "--max-age 24h").ended(1);
    assert!(ran.err.contains("it was scanned in the future"), "{}", ran.said());
    machine.run(&format!("{VERIFY} --scan --max-age soon")).ended(2);
}

#[test]
fn the_newest_of_several_scans_counts() {
    let machine = scanned();
    sample::update(&machine);
    let earlier = [("PLIMSOLL_KEY_PASSWORD", "pass"), ("SOURCE_DATE_EPOCH", "1767000000")];
    let attest = "attest --key plimsoll.key --scan oci-dir:layout";
    machine.run_with(&earlier, attest).ended(0);
    let ran = machine.run(&format!("{VERIFY} --scan")).ended(0);
    assert!(ran.out.contains("scanned 2026-01-02T03:04:05Z"), "{}", ran.said());
}

#[test]
fn the_same_scan_is_the_same_bytes_whatever_the_cache_and_the_threads() {
    let machine = machine();
    let mut seen = Vec::new();
    for (threads, flags) in [("1", ""), ("4", "--no-cache"), ("2", ""), ("7", "--no-cache")] {
        sample::image().write_oci_dir(Compression::Gzip, &machine.path("layout"));
        let variables = [("PLIMSOLL_KEY_PASSWORD", "pass"), ("RAYON_NUM_THREADS", threads)];
        let attest = format!("attest --key plimsoll.key --scan {flags} oci-dir:layout");
        machine.run_with(&variables, &attest).ended(0);
        let bundle = attested(&machine, "scan");
        seen.push(bundle["dsseEnvelope"]["payload"].as_str().unwrap().to_owned());
        if threads == "2" {
            fs::remove_dir_all(machine.path("cache/layers")).unwrap();
        }
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:#?}");
    let payload = plimsoll_supply::Bytes::decode(&seen[0]).unwrap().0;
    let value: Value = serde_json::from_slice(&payload).unwrap();
    let schema = fs::read("../../docs/schema/scan-attestation-v1.schema.json").unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    jsonschema::validate(&schema, &value["predicate"]).unwrap();
    assert_eq!(value["predicate"]["scan"]["findings"].as_array().unwrap().len(), 4);
}

#[test]
fn a_scan_is_reproduced_or_the_first_difference_is_named() {
    let machine = scanned();
    let reproduce = format!("{VERIFY} --scan --reproduce");
    let ran = machine.run(&reproduce).ended(0);
    assert!(ran.err.contains("reproduced: the same bytes, "), "{}", ran.said());
    // The same records, compiled at another time.
    let update = "db update --no-starter --mirror mirror --db elsewhere";
    machine.run_with(&[("SOURCE_DATE_EPOCH", "1767400000")], update).ended(0);
    machine.run(&format!("{reproduce} --db elsewhere")).ended(0);
    // Other records.
    let other = record("GHSA-vh95-rmgr-6w4m", "npm", "minimist", Some("0.2.1"), CRITICAL);
    osv(&machine, "npm", &[other]);
    machine.run("db update --no-starter --mirror mirror --db fewer").ended(0);
    let ran = machine.run(&format!("{reproduce} --db fewer")).ended(4);
    assert!(
        ran.err.contains("not reproduced: the scan was made with the advisories"),
        "{}",
        ran.err
    );
}

/// Signs a predicate as the machine's key would.
fn sign(machine: &Machine, predicate: &Value) {
    machine.write("scan.json", predicate.to_string());
    signing(machine, "attest --key plimsoll.key --type scan --predicate scan.json oci-dir:layout");
}

#[test]
fn a_scan_that_was_bent_is_refused() {
    let machine = scanned();
    let bundle = attested(&machine, "scan");
    let mut statement = statement(&bundle);
    // A finding is taken out under the old signature.
    statement["predicate"]["scan"]["findings"].as_array_mut().unwrap().clear();
    let payload = serde_json::to_value(plimsoll_supply::Bytes(statement.to_string().into_bytes()));
    let mut bent = bundle.clone();
    bent["dsseEnvelope"]["payload"] = payload.unwrap();
    let place = find(&machine, &bundle);
    let name = fs::read(&place).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&name).unwrap(), bundle);
    machine.write("bent.sigstore.json", bent.to_string());
    machine.write("image", "");
    let verify = "verify image --bundle bent.sigstore.json --key plimsoll.pub";
    let ran = machine.run(verify).ended(1);
    assert!(ran.out.contains("FAILED  signature"), "{}", ran.said());
    // In place the blob no longer has its digest.
    fs::write(&place, bent.to_string()).unwrap();
    let ran = machine.run(&format!("{VERIFY} --scan"));
    assert_ne!(ran.code, 0, "{}", ran.said());
    fs::write(&place, name).unwrap();
    machine.run(&format!("{VERIFY} --scan")).ended(0);
}

/// The file in the layout that holds this document.
fn find(machine: &Machine, document: &Value) -> std::path::PathBuf {
    let blobs = fs::read_dir(machine.path("layout/blobs/sha256")).unwrap();
    let same = |path: &std::path::PathBuf| {
        fs::read(path).ok().and_then(|it| serde_json::from_slice::<Value>(&it).ok()).as_ref()
            == Some(document)
    };
    blobs.map(|it| it.unwrap().path()).find(same).unwrap()
}

#[test]
fn a_scan_that_contradicts_itself_or_is_of_another_image_is_passed_over() {
    let machine = scanned();
    let good = statement(&attested(&machine, "scan"))["predicate"].clone();
    let fresh = || sample::image().write_oci_dir(Compression::Gzip, &machine.path("layout"));
    let refused = |why: &str| {
        let ran = machine.run(&format!("{VERIFY} --scan")).ended(1);
        assert!(ran.err.contains(why), "{why}: {}", ran.said());
    };
    let mut bent = good.clone();
    bent["scan"]["findings"].as_array_mut().unwrap().clear();
    let _ = fs::remove_dir_all(machine.path("layout"));
    fresh();
    sign(&machine, &bent);
    refused("`scanDigest` is ");
    // The same claim under another image's digest.
    let _ = fs::remove_dir_all(machine.path("layout"));
    let other = plimsoll_testkit::Image::new().layer("COPY a", &[("a", "1")]);
    other.write_oci_dir(Compression::Gzip, &machine.path("layout"));
    sign(&machine, &good);
    refused("it is of image sha256:");
    let _ = fs::remove_dir_all(machine.path("layout"));
    fresh();
    sign(&machine, &good);
    machine.run(&format!("{VERIFY} --scan")).ended(0);
}

#[test]
fn a_scan_in_cosigns_form_holds_the_whole_scan() {
    let machine = machine();
    signing(&machine, "attest --key plimsoll.key --scan --type vuln oci-dir:layout");
    let found = statement(&attested(&machine, "vuln"));
    let predicate = &found["predicate"];
    assert_eq!(predicate["metadata"]["scanStartedOn"], "2026-01-02T03:04:05Z");
    assert!(predicate["scanner"]["db"]["uri"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(predicate["scanner"]["result"]["findings"].as_array().unwrap().len(), 4);
    let cel = "predicate.scanner.result.findings.exists(f,f.severity=='critical')";
    machine.run(&format!("{VERIFY} --type vuln --cel {cel}")).ended(0);
}
