//! What the program says and does, with a server that is scripted.

use std::fs;
use std::process::Output;

use plimsoll_supply::hash::{hex, sha256};
use plimsoll_testkit::{Compression, DockerRegistry, Image, Reply, Request};
use serde_json::Value;

use super::bench::Bench;
use super::publisher::{GUN, Key, Repo};

const ASK: &str = "--notary-server http://HOST --insecure-registry HOST";

fn said(output: &Output) -> (Option<i32>, String) {
    let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code(), String::from_utf8_lossy(&all).into_owned())
}

fn served() -> (Bench, Repo) {
    let (bench, repo) = (Bench::new(), Repo::new());
    bench.publish(&repo);
    fs::write(bench.path("root.pem"), &repo.root[0].public).unwrap();
    (bench, repo)
}

#[test]
fn a_tag_is_told_with_its_digest_its_role_and_its_signers() {
    let (bench, _) = served();
    let digest = hex(&sha256(b"two"));
    let output = bench.plimsoll(&format!("verify {GUN}:2 --dct-root root.pem {ASK}"));
    let (code, text) = said(&output);
    assert_eq!(code, Some(0), "{text}");
    let wanted = format!(
        "verified: {GUN}:2 sha256:{digest}\n  signed in targets/releases\n  signers alice\n"
    );
    assert_eq!(text, wanted);
    let output = bench.plimsoll(&format!("verify {GUN}:2 --dct-root root.pem --explain {ASK}"));
    let (_, text) = said(&output);
    for part in [
        "keys of targets/alice (1 needed): ",
        "ok      root of trust (1.root.json)",
        "ok      tag (",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let output = bench.plimsoll(&format!("verify {GUN}:2 --dct-root root.pem -f json {ASK}"));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], "plimsoll.content-trust/v1");
    assert_eq!(report["digest"], format!("sha256:{digest}"));
    assert_eq!(report["target"]["role"], "targets/releases");
    assert_eq!(report["target"]["signers"][0], "alice");
    assert_eq!(report["verified"], true);
}

#[test]
fn half_of_a_signer_is_refused_and_not_passed_over() {
    let (bench, _) = served();
    for flag in [
        "--certificate-oidc-issuer https://issuer.example",
        "--workflow-repository org/repo",
        "--certificate-extension runnerEnvironment=github-hosted",
        "--times 1",
    ] {
        let output = bench.plimsoll(&format!("verify {GUN}:2 --dct-root root.pem {flag} {ASK}"));
        let (code, text) = said(&output);
        assert_eq!(code, Some(2), "{flag}: {text}");
    }
}

#[test]
fn nothing_is_trusted_on_first_use_unless_that_is_asked_for() {
    let (bench, _) = served();
    let (code, text) = said(&bench.plimsoll(&format!("verify {GUN}:1 --dct {ASK}")));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("FAILED  root of trust (root.json)"), "{text}");
    assert!(text.contains("hint: `--dct-root FILE`"), "{text}");
    let (code, text) = said(&bench.plimsoll(&format!("verify {GUN}:1 --dct-first-use {ASK}")));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("warning: the root of r.example/team/app was trusted on first use"));
    // From now on it is known, and another is not.
    let (code, text) = said(&bench.plimsoll(&format!("verify {GUN}:1 --dct {ASK}")));
    assert_eq!(code, Some(0), "{text}");
    bench.publish(&Repo::new());
    let (code, text) = said(&bench.plimsoll(&format!("verify {GUN}:1 --dct-first-use {ASK}")));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("FAILED  root rotation"), "{text}");
}

#[test]
fn a_folder_of_docker_s_is_read_without_a_server() {
    let (bench, repo) = served();
    let folder = bench.path(".docker/trust/tuf").join(GUN).join("metadata");
    for (name, bytes) in &repo.files {
        let file = folder.join(format!("{name}.json"));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    for flags in ["--offline", "--dct-trust-dir .docker/trust"] {
        let (code, text) =
            said(&bench.plimsoll(&format!("verify {GUN}:2 --dct-root root.pem {flags}")));
        assert_eq!(code, Some(0), "{text}");
    }
    let (code, text) =
        said(&bench.plimsoll("verify r.example/other:2 --dct-root root.pem --offline"));
    assert_eq!(code, Some(2), "{text}");
    assert!(bench.requests().is_empty());
}

#[test]
fn a_server_that_wants_a_token_gets_one_for_the_repository() {
    let token = |request: &Request| {
        if request.path.starts_with("/token") {
            let wanted = "scope=repository%3Ar.example%2Fteam%2Fapp%3Apull";
            let code = if request.path.contains(wanted) { 200 } else { 403 };
            return Some(Reply::new(code, r#"{"token": "abc"}"#));
        }
        let host = request.header("host").unwrap_or_default();
        let challenge = format!(r#"Bearer realm="http://{host}/token",service="notary""#);
        (request.header("authorization") != Some("Bearer abc"))
            .then(|| Reply::new(401, "").header("WWW-Authenticate", challenge))
    };
    let (bench, repo) = (Bench::with(token), Repo::new());
    bench.publish(&repo);
    fs::write(bench.path("root.pem"), &repo.root[0].public).unwrap();
    let (code, text) = said(&bench.plimsoll(&format!("verify {GUN}:1 --dct-root root.pem {ASK}")));
    assert_eq!(code, Some(0), "{text}");
    let tokens = bench.requests().iter().filter(|it| it.path.starts_with("/token")).count();
    assert_eq!(tokens, 1);
}

#[test]
fn a_digest_beside_the_tag_must_be_the_one_that_is_signed() {
    let (bench, _) = served();
    for (bytes, wanted) in [(b"one".as_slice(), 0), (b"two", 1)] {
        let digest = hex(&sha256(bytes));
        let output =
            bench.plimsoll(&format!("verify {GUN}:1@sha256:{digest} --dct-root root.pem {ASK}"));
        let (code, text) = said(&output);
        assert_eq!(code, Some(wanted), "{text}");
        assert_eq!(text.contains("FAILED  artefact"), wanted == 1, "{text}");
    }
}

#[test]
fn what_else_is_asked_for_is_asked_of_the_digest_that_was_found() {
    let registry = match DockerRegistry::start(None, None) {
        Ok(registry) => registry,
        Err(why) => return println!("skipped: {why}"),
    };
    let bench = Bench::new();
    let image = format!("{}/app", registry.host());
    let insecure = format!("--insecure-registry {}", registry.host());
    bench.plimsoll("key generate --type ecdsa-p256 -o release");
    let mut manifests = Vec::new();
    for tag in ["signed", "other"] {
        let layout = bench.path(tag);
        Image::new().layer("COPY a", &[("a", tag)]).write_oci_dir(Compression::Gzip, &layout);
        if let Err(why) = registry.push(&layout, &format!("app:{tag}")) {
            return println!("skipped: {why}");
        }
        let index: Value =
            serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
        let digest = index["manifests"][0]["digest"].as_str().unwrap().to_owned();
        let blob = layout.join("blobs").join(digest.replace(':', "/"));
        manifests.push((digest, fs::read(blob).unwrap()));
    }
    let by_digest = format!("{image}@{}", manifests[0].0);
    let sign = format!("sign --key release.key {insecure} {by_digest}");
    let (code, text) = said(&bench.plimsoll(&sign));
    assert_eq!(code, Some(0), "{text}");
    let mut repo = Repo::new();
    repo.root = vec![Key::x509("*")];
    fs::write(bench.path("root.pem"), &repo.root[0].public).unwrap();
    for (at, wanted) in [(0, 0), (1, 1)] {
        // The registry's tag says another image than the one that is signed for the tag.
        let (digest, bytes) = manifests[at].clone();
        repo.tags = vec![("other", Vec::leak(bytes))];
        repo.version += 1;
        repo.publish();
        bench.publish(&repo);
        let flags = format!("--dct-root root.pem {ASK} {insecure}");
        let output = bench.plimsoll(&format!("verify {image}:other --key release.pub {flags}"));
        let (code, text) = said(&output);
        assert_eq!(code, Some(wanted), "{text}");
        assert!(text.contains(&format!("verified: {image}:other {digest}")), "{text}");
    }
}

#[test]
fn what_cannot_be_meant_is_a_mistake_and_a_silent_server_no_verdict() {
    let (bench, _) = served();
    for (arguments, wanted) in [
        ("r.example/app:1 --notary-server http://HOST", "has no TLS"),
        ("r.example/app:1 --notary-server ftp://HOST", "is no server"),
        ("r.example/app:1 --dct-role releases", "is no role"),
        ("oci-dir:layout --dct", "is no image in a registry"),
        ("r.example/app:1 --dct-root missing.pem", "cannot read `missing.pem`"),
        ("r.example/app:1 r.example/app:2 --dct", "just one"),
    ] {
        let (code, text) = said(&bench.plimsoll(&format!("verify {arguments}")));
        assert!(code != Some(0) && code != Some(1) && text.contains(wanted), "{arguments}: {text}");
    }
    let digest = hex(&sha256(b"one"));
    let (code, text) = said(&bench.plimsoll(&format!("verify {GUN}@sha256:{digest} --dct {ASK}")));
    assert!(code == Some(2) && text.contains("has no tag"), "{text}");
    let failing = Bench::with(|_| Some(Reply::new(503, "")));
    let (code, text) = said(&failing.plimsoll(&format!("verify {GUN}:1 --dct-first-use {ASK}")));
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("cannot fetch `root.json`"), "{text}");
}
