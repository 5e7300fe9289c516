//! Packages by their names: what a registry says of them, served on this machine from documents that
//! the real registries handed out.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_supply::hash::{HashAlgorithm, hex, sha256};
use plimsoll_testkit::{Reply, Server, shared};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A user with settings of their own, and a registry.
struct Desk {
    folder: TempDir,
    server: Server,
}

impl Desk {
    fn serving(documents: BTreeMap<String, Vec<u8>>) -> Self {
        let server = Server::start(move |request| match documents.get(&request.path) {
            Some(bytes) => Reply::new(200, bytes.clone()),
            None => Reply::new(404, "{}"),
        });
        Self { folder: tempfile::tempdir().unwrap(), server }
    }

    fn address(&self) -> String {
        format!("http://{}", self.server.host())
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// The exit code, and all that was said.
    fn run(&self, arguments: &str) -> (Option<i32>, String) {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command.args(arguments.split_whitespace()).current_dir(&self.folder);
        for (name, _) in std::env::vars() {
            let lower = name.to_lowercase();
            if lower.starts_with("npm_config") || lower.starts_with("pip_") {
                command.env_remove(name);
            }
        }
        command.env("HOME", self.folder.path()).env("PIP_CONFIG_FILE", "/dev/null");
        command.envs(variables.iter().copied()).stdin(Stdio::null());
        let output = command.output().unwrap();
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let err = String::from_utf8_lossy(&output.stderr);
        (output.status.code(), out + &err)
    }
}

const DEMAND: &str = "--source-uri github.com/sigstore/sigstore-js \
                      --builder-id https://github.com/actions/runner/github-hosted";
const ATTESTATIONS: &str = "/-/npm/v1/attestations/sigstore@2.3.1";

fn npm_corpus() -> Option<PathBuf> {
    Some(shared("sign")?.join("slsa/testdata/npm/gha"))
}

/// What npm's registry says of sigstore 2.3.1, with a digest that the caller may bend.
fn packument(integrity: &str, more: &Value) -> Value {
    let mut dist = json!({"integrity": integrity});
    dist.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({
        "name": "sigstore", "time": {"2.3.1": "2024-05-03T00:00:00.000Z"},
        "versions": {"2.3.1": {"name": "sigstore", "version": "2.3.1", "dist": dist}},
    })
}

fn integrity(tarball: &Path) -> String {
    let bytes = fs::read(tarball).unwrap();
    format!("sha512-{}", STANDARD.encode(HashAlgorithm::Sha512.digest(&bytes)))
}

#[test]
fn an_npm_package_is_verified_by_what_its_registry_says() {
    let Some(corpus) = npm_corpus() else { return println!("skipped: no shared data") };
    let name = "provenance-npm-test-cli-v1-prega";
    let content = integrity(&corpus.join(format!("{name}.tgz")));
    let attestations = fs::read(corpus.join(format!("{name}.tgz.json"))).unwrap();
    let said = packument(&content, &json!({"attestations": {"url": "elsewhere"}})).to_string();
    let desk = Desk::serving(BTreeMap::from([
        ("/npm/sigstore".into(), said.into_bytes()),
        (format!("/npm{ATTESTATIONS}"), attestations),
    ]));
    let registry = format!("{}/npm/", desk.address());
    let verify = format!("provenance verify {DEMAND}");
    for (package, more, variable) in [
        ("pkg:npm/sigstore@2.3.1", format!("--registry {registry}"), None),
        ("npm:sigstore@2.3.1", format!("--registry {registry}"), None),
        ("pkg:npm/sigstore@2.3.1", String::new(), Some(registry.as_str())),
    ] {
        let variables: Vec<_> =
            variable.map(|it| ("NPM_CONFIG_REGISTRY", it)).into_iter().collect();
        let (code, said) = desk.run_with(&format!("{verify} {package} {more}"), &variables);
        assert_eq!(code, Some(0), "{package}: {said}");
        assert!(said.contains("SLSA build level 2") && said.contains("did not sign"), "{said}");
    }
    // As npm is set up: in the user's file, with a token for just this registry.
    let host = desk.server.host();
    desk.write(".npmrc", &format!("registry={registry}\n//{host}/npm/:_authToken=secret\n"));
    let (code, said) = desk.run(&format!("{verify} pkg:npm/sigstore@2.3.1"));
    assert_eq!(code, Some(0), "{said}");
    let asked = desk.server.requests();
    let asked = asked.last().unwrap();
    assert_eq!(asked.header("authorization"), Some("Bearer secret"));

    for (what, arguments, expected) in [
        ("another source", "--source-uri github.com/other/repo pkg:npm/sigstore@2.3.1", 1),
        ("a version that is not there", &format!("{DEMAND} pkg:npm/sigstore@2.3.2"), 3),
        ("a package that is not there", &format!("{DEMAND} pkg:npm/other@2.3.1"), 3),
        ("no version", &format!("{DEMAND} pkg:npm/sigstore"), 2),
        ("another kind", &format!("{DEMAND} --kind image npm:sigstore@2.3.1"), 2),
        ("another name", &format!("{DEMAND} --package-name x npm:sigstore@2.3.1"), 2),
    ] {
        let (code, said) = desk.run(&format!("provenance verify {arguments}"));
        assert_eq!(code, Some(expected), "{what}: {said}");
    }
}

#[test]
fn a_registry_that_lies_about_a_package_is_not_believed() {
    let Some(corpus) = npm_corpus() else { return println!("skipped: no shared data") };
    let name = "provenance-npm-test-cli-v1-prega";
    let content = integrity(&corpus.join(format!("{name}.tgz")));
    let file = |name: &str| fs::read(corpus.join(name)).unwrap();
    let good = file(&format!("{name}.tgz.json"));
    let bent = file(&format!("{name}-invalidsigpub.tgz.json"));
    let other = format!("sha512-{}", STANDARD.encode(HashAlgorithm::Sha512.digest(b"other")));
    let signed = json!({"signatures": [{"keyid": "SHA256:a", "sig": "AAAA"}]});
    let attested = json!({"attestations": {"url": "elsewhere"}});
    let plain = json!({});
    for (what, said, attestations, keys, expected, word) in [
        ("another content", packument(&other, &plain), Some(&good), None, 1, "another artefact"),
        ("a bent attestation", packument(&content, &plain), Some(&bent), None, 1, "signature"),
        ("none", packument(&content, &plain), None, None, 1, "has no attestations"),
        ("none, though it says so", packument(&content, &attested), None, None, 3, "as mirrors do"),
        ("no strong digest", packument("sha1-AAAA", &plain), Some(&good), None, 1, "SHA-512"),
        ("a signature without keys", packument(&content, &signed), Some(&good), None, 0, "no keys"),
        (
            "a signature of no key",
            packument(&content, &signed),
            Some(&good),
            Some("{\"keys\": []}"),
            1,
            "no key is called",
        ),
    ] {
        let mut documents =
            BTreeMap::from([("/sigstore".to_owned(), said.to_string().into_bytes())]);
        documents.extend(attestations.map(|it| (ATTESTATIONS.to_owned(), it.clone())));
        documents.extend(keys.map(|it| ("/-/npm/v1/keys".to_owned(), it.as_bytes().to_vec())));
        let desk = Desk::serving(documents);
        let address = desk.address();
        let (code, said) = desk.run(&format!(
            "provenance verify pkg:npm/sigstore@2.3.1 {DEMAND} --registry {address}"
        ));
        assert_eq!(code, Some(expected), "{what}: {said}");
        assert!(said.contains(word), "{what}: {said}");
    }
}

/// The samples of pypi-attestations, which `make sign-peers` unpacks beside the peers' programs.
fn python_samples() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut folders = std::env::split_paths(&path)
        .map(|folder| folder.join("pypi_attestations-0.0.30/test/assets"));
    folders.find(|folder| folder.is_dir())
}

#[test]
fn a_python_package_is_verified_by_what_the_index_says() {
    let Some(samples) = python_samples() else {
        return println!("skipped: pypi_attestations-0.0.30 is not in PATH: `make sign-peers`");
    };
    let name = "pypi_attestations-0.0.19.tar.gz";
    let content = fs::read(samples.join(name)).unwrap();
    let provenance = fs::read(samples.join(format!("{name}.provenance"))).unwrap();
    let listed = |more: &[Value]| {
        let own = json!({"filename": name, "hashes": {"sha256": hex(&sha256(&content))}});
        let files: Vec<&Value> = [&own].into_iter().chain(more).collect();
        json!({"name": "pypi-attestations", "files": files}).to_string().into_bytes()
    };
    let path = format!("/integrity/pypi-attestations/0.0.19/{name}/provenance");
    let desk = Desk::serving(BTreeMap::from([
        ("/simple/pypi-attestations/".into(), listed(&[])),
        (path.clone(), provenance.clone()),
    ]));
    fs::write(desk.folder.path().join(name), &content).unwrap();
    let index = format!("--index-url {}/simple/", desk.address());
    let publisher = "--pypi-publisher https://github.com/trailofbits/pypi-attestations";
    for what in [name, "pkg:pypi/pypi-attestations@0.0.19", "pkg:pypi/PyPI_Attestations@0.0.19"] {
        let (code, said) = desk.run(&format!("verify {what} {publisher} {index}"));
        assert_eq!(code, Some(0), "{what}: {said}");
        assert!(said.contains("trailofbits/pypi-attestations/.github/workflows"), "{said}");
    }
    let by_variable = format!("{}/simple", desk.address());
    let (code, said) =
        desk.run_with(&format!("verify {name} {publisher}"), &[("PIP_INDEX_URL", &by_variable)]);
    assert_eq!(code, Some(0), "{said}");
    for (what, arguments, expected) in [
        ("another publisher", format!("{name} --pypi-publisher https://github.com/a/b"), 1),
        ("offline", format!("{name} {publisher} --offline"), 2),
        ("no such version", format!("pkg:pypi/pypi-attestations@9 {publisher}"), 3),
        ("no such project", format!("pkg:pypi/other@1 {publisher}"), 3),
        ("no version", format!("pkg:pypi/pypi-attestations {publisher}"), 2),
    ] {
        let (code, said) = desk.run(&format!("verify {arguments} {index}"));
        assert_eq!(code, Some(expected), "{what}: {said}");
    }
    // A file of the version that nobody attests, one that the index forgot, and another content.
    let digest = json!({"sha256": "00".repeat(32)});
    let wheel = "pypi_attestations-0.0.19-py3-none-any.whl";
    for (more, path, expected) in [
        (json!({"filename": wheel, "hashes": digest}), path.clone(), 1),
        (json!({"filename": wheel, "hashes": digest, "provenance": "https://x/"}), path.clone(), 3),
        (json!({"filename": wheel, "hashes": digest}), path.replace(name, wheel), 1),
    ] {
        let desk = Desk::serving(BTreeMap::from([
            ("/simple/pypi-attestations/".into(), listed(&[more])),
            (path, provenance.clone()),
        ]));
        let index = format!("--index-url {}/simple/", desk.address());
        let (code, said) =
            desk.run(&format!("verify pkg:pypi/pypi-attestations@0.0.19 {publisher} {index}"));
        assert_eq!(code, Some(expected), "{said}");
    }
}
