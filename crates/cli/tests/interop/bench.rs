//! A folder with keys, a registry, and the programs that are run there.

use std::fs;
use std::process::Command;

use plimsoll_supply::key::PublicKey;
use plimsoll_supply::verify::Policy;
use plimsoll_testkit::{Compression, DockerRegistry, Image};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Every kind of key that Plimsoll makes or imports.
pub(crate) const KEYS: [&str; 7] =
    ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048", "rsa-3072", "rsa-4096"];

pub(crate) const CONTENT: &[u8] = b"what is signed\n";
const PASSWORD: &str = "correct horse";

/// How cosign signs without a log.
pub(crate) const COSIGN_SIGNS: &str = "--tlog-upload=false --use-signing-config=false -y";
/// How cosign verifies without a log.
pub(crate) const COSIGN_TRUSTS: &str = "--insecure-ignore-tlog";

pub(crate) type Outcome = Result<(), String>;

/// Cosign takes every ECDSA key for one that signs SHA-256 unless it is told.
pub(crate) fn digest_of(key: &str) -> &'static str {
    match key {
        "ecdsa-p384" => "--signature-digest-algorithm sha384",
        "ecdsa-p521" => "--signature-digest-algorithm sha512",
        _ => "",
    }
}

/// A folder with keys and a registry with images.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) registry: DockerRegistry,
}

impl Bench {
    pub(crate) fn new() -> Result<Self, String> {
        let cosign = Command::new("cosign").arg("version").output();
        cosign.map_err(|error| format!("cosign: {error}"))?;
        let registry = DockerRegistry::start(None, None)?;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("content"), CONTENT).unwrap();
        fs::write(folder.path().join("claim.json"), r#"{"spdxVersion": "SPDX-2.3"}"#).unwrap();
        let image = Image::new().layer("COPY a", &[("a", "1")]);
        image.write_oci_dir(Compression::Gzip, &folder.path().join("layout"));
        let bench = Self { folder, registry };
        bench.index("layout", "many");
        Ok(bench)
    }

    /// A key of each of these kinds.
    pub(crate) fn with_keys(self, kinds: &[&str]) -> Self {
        for kind in kinds {
            match kind.strip_prefix("rsa-") {
                // The prime numbers take long where they are looked for without optimisation.
                Some(bits) => {
                    let make = "genpkey -algorithm RSA -out made.pem -pkeyopt rsa_keygen_bits:";
                    self.run("openssl", &format!("{make}{bits}")).unwrap();
                    self.ours(&format!("key import made.pem -o {kind}")).unwrap();
                }
                None => drop(self.ours(&format!("key generate --type {kind} -o {kind}")).unwrap()),
            }
        }
        self
    }

    /// A layout of an index with the image of another layout and one more.
    fn index(&self, of: &str, name: &str) {
        let folder = self.folder.path().join(name);
        Image::new().layer("COPY b", &[("b", "2")]).write_oci_dir(Compression::Gzip, &folder);
        let one: Value = serde_json::from_slice(&self.read(&format!("{of}/index.json"))).unwrap();
        let two: Value = serde_json::from_slice(&self.read(&format!("{name}/index.json"))).unwrap();
        for blob in fs::read_dir(self.folder.path().join(of).join("blobs/sha256")).unwrap() {
            let blob = blob.unwrap();
            fs::copy(blob.path(), folder.join("blobs/sha256").join(blob.file_name())).unwrap();
        }
        let mut members = vec![one["manifests"][0].clone(), two["manifests"][0].clone()];
        for (member, architecture) in members.iter_mut().zip(["amd64", "arm64"]) {
            member["platform"] = json!({"os": "linux", "architecture": architecture});
            member.as_object_mut().unwrap().remove("annotations");
        }
        let kind = "application/vnd.oci.image.index.v1+json";
        let index =
            json!({"schemaVersion": 2, "mediaType": kind, "manifests": members}).to_string();
        let digest = plimsoll_supply::hash::hex(&plimsoll_supply::hash::sha256(index.as_bytes()));
        fs::write(folder.join("blobs/sha256").join(&digest), &index).unwrap();
        let top = json!({"schemaVersion": 2, "manifests": [{
            "mediaType": kind, "digest": format!("sha256:{digest}"), "size": index.len(),
        }]});
        fs::write(folder.join("index.json"), top.to_string()).unwrap();
    }

    /// The digests of an index in the registry and of its members.
    pub(crate) fn digests(&self, name: &str) -> Vec<String> {
        let (repository, _) = name.rsplit_once(':').unwrap();
        let index = self.read("many/index.json");
        let index: Value = serde_json::from_slice(&index).unwrap();
        let top = index["manifests"][0]["digest"].as_str().unwrap().to_owned();
        let blob = self.read(&format!("many/blobs/{}", top.replace(':', "/")));
        let members: Value = serde_json::from_slice(&blob).unwrap();
        let members = members["manifests"].as_array().unwrap().iter();
        let members = members.map(|it| it["digest"].as_str().unwrap().to_owned());
        std::iter::once(top).chain(members).map(|it| format!("{repository}@{it}")).collect()
    }

    pub(crate) fn run(&self, program: &str, arguments: &str) -> Result<String, String> {
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

    pub(crate) fn ours(&self, arguments: &str) -> Result<String, String> {
        let host = self.registry.host();
        let allow = if arguments.contains(host) {
            format!(" --insecure-registry {host}")
        } else {
            String::new()
        };
        self.run(env!("CARGO_BIN_EXE_plimsoll"), &format!("{arguments}{allow}"))
    }

    pub(crate) fn cosign(&self, arguments: &str) -> Outcome {
        self.run("cosign", arguments).map(drop)
    }

    /// An image of its own for each case.
    pub(crate) fn image(&self, name: &str) -> String {
        self.registry.push(&self.folder.path().join("layout"), &format!("{name}:1")).unwrap();
        format!("{}/{name}:1", self.registry.host())
    }

    /// An index of two images.
    pub(crate) fn many(&self, name: &str) -> String {
        self.registry.push(&self.folder.path().join("many"), &format!("{name}:1")).unwrap();
        format!("{}/{name}:1", self.registry.host())
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(name)).unwrap()
    }

    pub(crate) fn policy(&self, key: &str) -> Policy {
        Policy::key(PublicKey::from_bytes(&self.read(&format!("{key}.pub"))).unwrap())
    }
}
