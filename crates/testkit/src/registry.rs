//! Images as a registry serves them, and Debian's registry for tests that want the real one.

use std::collections::HashMap;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::ports::free_port;
use crate::server::{Reply, Request};
use crate::{Blob, Compression, Image};

/// The answers of a registry that holds one image and serves it under every name and tag.
#[derive(Debug, Clone)]
pub struct Served {
    /// What a tag leads to: digest of a manifest or index in `blobs`.
    pub root: String,
    /// Every document and layer by its digest.
    pub blobs: HashMap<String, Vec<u8>>,
    /// Layers, bottom first.
    pub layers: Vec<String>,
    /// The configuration.
    pub config: String,
}

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

impl Served {
    /// Serves `image` with layers stored in `compression`.
    pub fn new(image: &Image, compression: Compression) -> Self {
        let mut files: HashMap<String, Vec<u8>> = image.layout(compression).into_iter().collect();
        let index: Value = serde_json::from_slice(&files.remove("index.json").unwrap()).unwrap();
        let blobs: HashMap<String, Vec<u8>> = files
            .into_iter()
            .filter_map(|(name, bytes)| {
                Some((format!("sha256:{}", name.strip_prefix("blobs/sha256/")?), bytes))
            })
            .collect();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let root = text(&index["manifests"][0]["digest"]);
        let manifest: Value = serde_json::from_slice(&blobs[&root]).unwrap();
        let layers = manifest["layers"].as_array().unwrap();
        Self {
            layers: layers.iter().map(|layer| text(&layer["digest"])).collect(),
            config: text(&manifest["config"]["digest"]),
            root,
            blobs,
        }
    }

    /// Changes the manifest and lets the tag lead to the changed one.
    #[must_use]
    pub fn edit(mut self, edit: impl FnOnce(&mut Value)) -> Self {
        let mut manifest: Value = serde_json::from_slice(&self.blobs[&self.root]).unwrap();
        edit(&mut manifest);
        self.root = self.add(&manifest);
        self
    }

    /// Puts an index in front, by which this image is for `platforms` (as `linux/arm64`), each
    /// with the image or, where it is `None`, with a manifest that is missing.
    pub fn index(images: &[(&str, Option<&Self>)]) -> Self {
        let mut all = Self {
            root: String::new(),
            blobs: HashMap::new(),
            layers: Vec::new(),
            config: String::new(),
        };
        let entry = |(platform, image): &(&str, Option<&Self>)| {
            let (os, architecture) = platform.split_once('/').unwrap();
            let digest = image.map_or_else(|| format!("sha256:{:064}", 0), |i| i.root.clone());
            json!({"mediaType": OCI_MANIFEST, "digest": digest, "size": 1,
                   "platform": {"os": os, "architecture": architecture}})
        };
        let entries: Vec<Value> = images.iter().map(entry).collect();
        for image in images.iter().filter_map(|(_, image)| *image) {
            all.blobs.extend(image.blobs.clone());
        }
        all.root =
            all.add(&json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}));
        all
    }

    fn add(&mut self, document: &Value) -> String {
        let blob = Blob::json(document);
        let digest = format!("sha256:{}", blob.name);
        self.blobs.insert(digest.clone(), blob.bytes);
        digest
    }

    /// What a registry without any fault answers.
    pub fn reply(&self, request: &Request) -> Reply {
        let unknown = |code: &str| {
            let body = json!({"errors": [{"code": code, "message": "unknown to registry"}]});
            Reply::new(404, body.to_string())
        };
        let path = request.path.as_str();
        if let Some((_, reference)) = path.split_once("/manifests/") {
            let digest = if reference.contains(':') { reference } else { &self.root };
            let Some(bytes) = self.blobs.get(digest) else { return unknown("MANIFEST_UNKNOWN") };
            let is_index = serde_json::from_slice::<Value>(bytes)
                .is_ok_and(|document| document["manifests"].is_array());
            let media_type = if is_index { OCI_INDEX } else { OCI_MANIFEST };
            return Reply::new(200, bytes.clone()).header("Content-Type", media_type);
        }
        let blob = path.split_once("/blobs/").and_then(|(_, digest)| self.blobs.get(digest));
        let Some(bytes) = blob else { return unknown("BLOB_UNKNOWN") };
        let range = request.header("range").and_then(|range| range.strip_prefix("bytes="));
        let start = range.and_then(|range| range.trim_end_matches('-').parse::<usize>().ok());
        match start.and_then(|start| Some((start, bytes.get(start..)?))) {
            Some((start, rest)) => {
                let total = bytes.len();
                let range = format!("bytes {start}-{}/{total}", total - 1);
                Reply::new(206, rest).header("Content-Range", range)
            }
            None => Reply::new(200, bytes.clone()),
        }
    }
}

/// A certificate for `localhost` and 127.0.0.1, signed by an authority made for it.
pub struct Certificate {
    folder: tempfile::TempDir,
}

impl Certificate {
    /// Makes one with openssl; `Err` says why that is impossible here.
    pub fn make() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let made = Self { folder };
        std::fs::write(
            made.path("names"),
            "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n",
        )
        .map_err(|error| error.to_string())?;
        let new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        made.openssl(
            &[&["req", "-x509", "-days", "2", "-subj", "/CN=Test authority"][..], &new_key]
                .concat(),
            &[("-keyout", "ca.key"), ("-out", "ca.pem")],
        )?;
        made.openssl(
            &[&["req", "-new", "-subj", "/CN=localhost"][..], &new_key].concat(),
            &[("-keyout", "key.pem"), ("-out", "request")],
        )?;
        made.openssl(
            &["x509", "-req", "-days", "2", "-CAcreateserial"],
            &[
                ("-in", "request"),
                ("-CA", "ca.pem"),
                ("-CAkey", "ca.key"),
                ("-extfile", "names"),
                ("-out", "cert.pem"),
            ],
        )?;
        Ok(made)
    }

    fn openssl(&self, arguments: &[&str], files: &[(&str, &str)]) -> Result<(), String> {
        let mut command = Command::new("openssl");
        command.args(arguments);
        for (flag, file) in files {
            command.arg(flag).arg(self.path(file));
        }
        run(&mut command)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where `ca.pem`, `cert.pem` and `key.pem` are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.path("ca.pem")
    }
}

/// Debian's `docker-registry` on a free port of 127.0.0.1, with its storage in a temporary folder;
/// it ends when it is dropped.
pub struct DockerRegistry {
    process: Child,
    host: String,
    _folder: tempfile::TempDir,
    credentials: Option<(String, String)>,
}

impl DockerRegistry {
    /// Starts one; `Err` says why that is impossible here.
    pub fn start(
        credentials: Option<(&str, &str)>,
        certificate: Option<&Certificate>,
    ) -> Result<Self, String> {
        let text = |error: std::io::Error| error.to_string();
        let folder = tempfile::tempdir().map_err(text)?;
        let port = free_port();
        let host = format!("127.0.0.1:{port}");
        let mut config = json!({
            "version": 0.1,
            "log": {"level": "error"},
            "storage": {
                "filesystem": {"rootdirectory": folder.path().join("data")},
                "delete": {"enabled": true},
            },
            "http": {"addr": host, "secret": "for tests"},
        });
        if let Some(certificate) = certificate {
            config["http"]["tls"] = json!({
                "certificate": certificate.path("cert.pem"), "key": certificate.path("key.pem"),
            });
        }
        if let Some((user, password)) = credentials {
            let output = Command::new("htpasswd")
                .args(["-Bbn", user, password])
                .output()
                .map_err(|error| format!("htpasswd: {error}"))?;
            let path = folder.path().join("htpasswd");
            std::fs::write(&path, output.stdout).map_err(text)?;
            config["auth"] = json!({"htpasswd": {"realm": "test", "path": path}});
        }
        let path = folder.path().join("config.yml");
        // JSON is YAML, and the version must be a number with one decimal.
        std::fs::write(&path, config.to_string()).map_err(text)?;
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("docker-registry: {error}"))?;
        let mut registry = Self {
            process,
            host,
            _folder: folder,
            credentials: credentials.map(|(user, password)| (user.into(), password.into())),
        };
        registry.wait()?;
        Ok(registry)
    }

    fn wait(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        while TcpStream::connect(&self.host).is_err() {
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(format!("docker-registry ended with {status}"));
            }
            if begun.elapsed() > Duration::from_secs(20) {
                return Err("docker-registry does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Host and port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Pushes the OCI layout in `folder` as `name` (`app:1`) with skopeo.
    pub fn push(&self, folder: &Path, name: &str) -> Result<(), String> {
        let mut command = Command::new("skopeo");
        command.args(["--insecure-policy", "copy", "--all", "--dest-tls-verify=false"]);
        if let Some((user, password)) = &self.credentials {
            command.arg(format!("--dest-creds={user}:{password}"));
        }
        command.arg(format!("oci:{}", folder.display()));
        run(command.arg(format!("docker://{}/{name}", self.host)))
    }
}

impl DockerRegistry {
    /// Deletes the image called `name` (`app:1`), and with it every tag that leads to the same.
    pub fn delete(&self, name: &str) -> Result<(), String> {
        let mut command = Command::new("skopeo");
        command.args(["--insecure-policy", "delete", "--tls-verify=false"]);
        if let Some((user, password)) = &self.credentials {
            command.arg(format!("--creds={user}:{password}"));
        }
        run(command.arg(format!("docker://{}/{name}", self.host)))
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs a program to its end; `Err` says what it complained of.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}
