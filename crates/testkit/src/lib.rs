//! Images made in tests: files by layer enter, an archive or layout as a tool would write it
//! leaves.
//!
//! ```
//! use plimsoll_testkit::{Compression, Image};
//!
//! let archive = Image::new()
//!     .layer("RUN apt-get install curl", &[("etc/hostname", "box")])
//!     .layer("RUN rm /etc/hostname", &[("etc/.wh.hostname", "")])
//!     .docker_archive(Compression::Gzip);
//! assert!(archive.len() > 1024);
//! ```
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "writing to memory cannot fail, and a test stops if it does"
)]

pub mod capture;
mod containerd;
mod dockerd;
mod pages;
mod policy_cases;
mod ports;
mod postgres;
mod registry;
mod server;
mod service;
mod shared;

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub use containerd::Containerd;
pub use dockerd::Dockerd;
pub use pages::assert_pages;
pub use policy_cases::{PolicyCase, policy_cases};
pub use ports::{free_address, free_port, layers_port};
pub use postgres::Postgres;
pub use registry::{Certificate, DockerRegistry, Served};
pub use server::{Reply, Request, Server};
pub use service::{Nats, S3};
pub use shared::{shared, shared_records};

/// How layers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Plain tar.
    None,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Compression {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::None, Self::Gzip, Self::Zstd];

    fn pack(self, tar: &[u8]) -> Vec<u8> {
        match self {
            Self::None => tar.to_vec(),
            Self::Gzip => {
                let mut encoder =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(tar).unwrap();
                encoder.finish().unwrap()
            }
            Self::Zstd => zstd::encode_all(tar, 3).unwrap(),
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => "+gzip",
            Self::Zstd => "+zstd",
        }
    }
}

/// An image in the making, bottom layer first.
#[derive(Debug, Clone, Default)]
pub struct Image {
    layers: Vec<(String, Vec<u8>)>,
    /// What the configuration says beside what all images say.
    config: serde_json::Map<String, Value>,
    /// When it was made.
    created: Option<String>,
}

struct Blob {
    name: String,
    bytes: Vec<u8>,
}

impl Blob {
    fn new(bytes: Vec<u8>) -> Self {
        Self { name: hex(&Sha256::digest(&bytes)), bytes }
    }

    fn json(value: &Value) -> Self {
        Self::new(serde_json::to_vec(value).unwrap())
    }

    fn descriptor(&self, media_type: &str) -> Value {
        json!({"mediaType": media_type, "digest": format!("sha256:{}", self.name), "size": self.bytes.len()})
    }
}

impl Image {
    /// An image without layers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a layer of files, made by an instruction.
    #[must_use]
    pub fn layer(self, created_by: &str, files: &[(&str, &str)]) -> Self {
        self.raw_layer(created_by, tar(files))
    }

    /// Adds a layer of any bytes.
    #[must_use]
    pub fn raw_layer(mut self, created_by: &str, tar: Vec<u8>) -> Self {
        self.layers.push((created_by.into(), tar));
        self
    }

    /// Says when it was made, as `2026-01-02T03:04:05Z`.
    #[must_use]
    pub fn created(mut self, at: &str) -> Self {
        self.created = Some(at.to_owned());
        self
    }

    /// Says something in the configuration, as `Env` or `Healthcheck`.
    #[must_use]
    pub fn configured(mut self, name: &str, value: Value) -> Self {
        self.config.insert(name.to_owned(), value);
        self
    }

    /// The image as `docker save` wrote it before version 25.
    pub fn docker_archive(&self, compression: Compression) -> Vec<u8> {
        let (config, layers) = self.blobs(compression);
        let place = |layer: &Blob| format!("{}/layer.tar", layer.name);
        let manifest = json!([{
            "Config": format!("{}.json", config.name), "RepoTags": ["example/app:1"],
            "Layers": layers.iter().map(place).collect::<Vec<_>>(),
        }]);
        let mut members: Vec<(String, Vec<u8>)> =
            layers.into_iter().map(|layer| (place(&layer), layer.bytes)).collect();
        members.push((format!("{}.json", config.name), config.bytes));
        members.push(("manifest.json".into(), serde_json::to_vec(&manifest).unwrap()));
        archive(&members)
    }

    /// The image as a tar of an OCI layout.
    pub fn oci_archive(&self, compression: Compression) -> Vec<u8> {
        archive(&self.layout(compression))
    }

    /// Writes the image as an OCI layout into `folder`.
    pub fn write_oci_dir(&self, compression: Compression, folder: &Path) {
        for (name, bytes) in self.layout(compression) {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }

    fn layout(&self, compression: Compression) -> Vec<(String, Vec<u8>)> {
        let (config, layers) = self.blobs(compression);
        let layer_type = format!("application/vnd.oci.image.layer.v1.tar{}", compression.suffix());
        let manifest = Blob::json(&json!({
            "schemaVersion": 2,
            "config": config.descriptor("application/vnd.oci.image.config.v1+json"),
            "layers": layers.iter().map(|layer| layer.descriptor(&layer_type)).collect::<Vec<_>>(),
        }));
        let index = json!({
            "schemaVersion": 2,
            "manifests": [manifest.descriptor("application/vnd.oci.image.manifest.v1+json")],
        });
        let mut members = vec![
            ("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()),
            ("index.json".to_owned(), serde_json::to_vec(&index).unwrap()),
        ];
        let blobs = layers.into_iter().chain([config, manifest]);
        members.extend(blobs.map(|blob| (format!("blobs/sha256/{}", blob.name), blob.bytes)));
        members
    }

    fn blobs(&self, compression: Compression) -> (Blob, Vec<Blob>) {
        let diff_id = |tar: &[u8]| format!("sha256:{}", hex(&Sha256::digest(tar)));
        let mut run = json!({"User": "app", "Cmd": ["/app"]});
        run.as_object_mut().unwrap().extend(self.config.clone());
        let config = Blob::json(&json!({
            "os": "linux", "architecture": "amd64", "created": self.created.as_deref().unwrap_or("2026-01-02T03:04:05Z"),
            "config": run,
            "rootfs": {"type": "layers", "diff_ids": self.layers.iter().map(|(_, tar)| diff_id(tar)).collect::<Vec<_>>()},
            "history": self.layers.iter().map(|(by, _)| json!({"created_by": by})).collect::<Vec<_>>(),
        }));
        let layers = self.layers.iter().map(|(_, tar)| Blob::new(compression.pack(tar))).collect();
        (config, layers)
    }
}

/// A tar of regular files with fixed times and owners.
pub fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let members: Vec<(String, Vec<u8>)> = files
        .iter()
        .map(|(path, content)| ((*path).to_owned(), content.as_bytes().to_vec()))
        .collect();
    archive(&members)
}

/// The same, each with its mode.
pub fn tar_with_modes(files: &[(&str, u32, &str)]) -> Vec<u8> {
    packed(files.iter().map(|(path, mode, content)| (*path, *mode, content.as_bytes())))
}

/// A tar of files of any bytes.
pub fn tar_of_bytes(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    archive(members)
}

fn archive(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    packed(members.iter().map(|(path, bytes)| (path.as_str(), 0o644, bytes.as_slice())))
}

fn packed<'m>(members: impl Iterator<Item = (&'m str, u32, &'m [u8])>) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, mode, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(mode);
        tar.append_data(&mut header, path, bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
