//! Assembles an image from folders, a layer each: for the demo and the benchmarks.
//!
//! `assemble FORMAT COMPRESSION OUT [--entrypoint WORD]… LAYER…` where FORMAT is `oci-dir` or
//! `docker-archive`, COMPRESSION `none`, `gzip` or `zstd`, and LAYER is `FOLDER` or
//! `FOLDER=created by`. Entries are written in the order of their names with fixed times, so the
//! same folders give the same image. Layers are streamed: nothing is held in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a tool of the tests stops at the first surprise"
)]

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use sha2::{Digest, Sha256};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [format, compression, out, layers @ ..] = arguments.as_slice() else {
        eprintln!(
            "usage: assemble oci-dir|docker-archive none|gzip|zstd OUT LAYER[=CREATED_BY]..."
        );
        std::process::exit(2);
    };
    let out = PathBuf::from(out);
    let work = if format == "oci-dir" { out.clone() } else { out.with_extension("parts") };
    let blobs = work.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let layers: Vec<Layer> =
        layers.iter().map(|spec| Layer::write(spec, compression, &blobs)).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z",
        "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "Cmd": ["/bin/sh"]},
        "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|l| &l.diff_id).collect::<Vec<_>>()},
        "history": layers.iter().map(|l| json!({"created": "2026-01-01T00:00:00Z", "created_by": l.created_by})).collect::<Vec<_>>(),
    });
    let config = blob(&blobs, &serde_json::to_vec(&config).unwrap());
    if format == "oci-dir" {
        finish_layout(&out, &blobs, &config, &layers);
    } else {
        finish_archive(&out, &work, &config, &layers);
    }
}

struct Layer {
    digest: String,
    diff_id: String,
    size: u64,
    media_type: String,
    created_by: String,
}

impl Layer {
    fn write(spec: &str, compression: &str, blobs: &Path) -> Self {
        let (folder, created_by) = spec.split_once('=').unwrap_or((spec, "COPY"));
        let partial = blobs.join("partial");
        let stored =
            Hashing::new(BufWriter::with_capacity(1 << 20, File::create(&partial).unwrap()));
        let (stored, diff_id, suffix) = match compression {
            "gzip" => {
                let mut tar = Hashing::new(flate2::write::GzEncoder::new(
                    stored,
                    flate2::Compression::new(6),
                ));
                append(&mut tar, Path::new(folder));
                let (gzip, diff_id) = tar.finish();
                (gzip.finish().unwrap(), diff_id, "+gzip")
            }
            "zstd" => {
                let mut tar = Hashing::new(zstd::Encoder::new(stored, 3).unwrap());
                append(&mut tar, Path::new(folder));
                let (zstd, diff_id) = tar.finish();
                (zstd.finish().unwrap(), diff_id, "+zstd")
            }
            _ => {
                let mut tar = Hashing::new(stored);
                append(&mut tar, Path::new(folder));
                let (stored, diff_id) = tar.finish();
                (stored, diff_id, "")
            }
        };
        let (mut file, digest) = stored.finish();
        file.flush().unwrap();
        fs::rename(&partial, blobs.join(&digest)).unwrap();
        let size = fs::metadata(blobs.join(&digest)).unwrap().len();
        Self {
            digest,
            diff_id: format!("sha256:{diff_id}"),
            size,
            media_type: format!("application/vnd.oci.image.layer.v1.tar{suffix}"),
            created_by: created_by.into(),
        }
    }
}

/// Appends a folder's entries in the order of their names; symlinks stay symlinks.
fn append(out: &mut impl Write, folder: &Path) {
    let mut tar = tar::Builder::new(out);
    tar.mode(tar::HeaderMode::Deterministic);
    tar.follow_symlinks(false);
    let mut open = vec![folder.to_path_buf()];
    while let Some(here) = open.pop() {
        let mut children: Vec<PathBuf> =
            fs::read_dir(&here).unwrap().map(|entry| entry.unwrap().path()).collect();
        children.sort();
        for child in children {
            let kind = fs::symlink_metadata(&child).unwrap().file_type();
            let name = child.strip_prefix(folder).unwrap();
            if kind.is_dir() {
                tar.append_dir(name, &child).unwrap();
                open.push(child);
            } else if kind.is_file() || kind.is_symlink() {
                tar.append_path_with_name(&child, name).unwrap();
            }
        }
    }
    tar.finish().unwrap();
}

fn finish_layout(out: &Path, blobs: &Path, config: &str, layers: &[Layer]) {
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": format!("sha256:{config}"), "size": fs::metadata(blobs.join(config)).unwrap().len()},
        "layers": layers.iter().map(|l| json!({"mediaType": l.media_type, "digest": format!("sha256:{}", l.digest), "size": l.size})).collect::<Vec<_>>(),
    });
    let bytes = serde_json::to_vec(&manifest).unwrap();
    let manifest = blob(blobs, &bytes);
    let index = json!({"schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": format!("sha256:{manifest}"), "size": bytes.len(),
        "annotations": {"org.opencontainers.image.ref.name": "latest"}, "platform": {"os": "linux", "architecture": "amd64"}}]});
    fs::write(out.join("index.json"), index.to_string()).unwrap();
    fs::write(out.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}

fn finish_archive(out: &Path, work: &Path, config: &str, layers: &[Layer]) {
    let name = |digest: &str| format!("{digest}/layer.tar");
    let manifest = json!([{
        "Config": format!("{config}.json"), "RepoTags": ["plimsoll/demo:latest"],
        "Layers": layers.iter().map(|l| name(&l.digest)).collect::<Vec<_>>(),
    }]);
    let mut tar = tar::Builder::new(BufWriter::new(File::create(out).unwrap()));
    tar.mode(tar::HeaderMode::Deterministic);
    let blobs = work.join("blobs/sha256");
    for layer in layers {
        tar.append_path_with_name(blobs.join(&layer.digest), name(&layer.digest)).unwrap();
    }
    tar.append_path_with_name(blobs.join(config), format!("{config}.json")).unwrap();
    let manifest = manifest.to_string();
    let mut header = tar::Header::new_gnu();
    header.set_size(manifest.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "manifest.json", manifest.as_bytes()).unwrap();
    tar.into_inner().unwrap().flush().unwrap();
    fs::remove_dir_all(work).unwrap();
}

fn blob(blobs: &Path, bytes: &[u8]) -> String {
    let digest = hex(&Sha256::digest(bytes));
    fs::write(blobs.join(&digest), bytes).unwrap();
    digest
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// Passes bytes on and hashes them.
struct Hashing<W> {
    to: W,
    hash: Sha256,
}

impl<W: Write> Hashing<W> {
    fn new(to: W) -> Self {
        Self { to, hash: Sha256::new() }
    }

    fn finish(self) -> (W, String) {
        (self.to, hex(&self.hash.finalize()))
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
