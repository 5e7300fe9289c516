//! A containerd of a test's own, where the machine allows to start one; Kubernetes' interface is on.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

/// The image that the containers of pods themselves are made of.
const SANDBOX: &str = "docker.io/planted/pause:3.9";

/// A daemon with a socket and a store of its own; it ends when it is dropped.
pub struct Containerd {
    process: Child,
    folder: tempfile::TempDir,
}

impl Containerd {
    /// Starts one; `Err` says why that is impossible here.
    pub fn start() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let at = folder.path().display();
        let config = format!(
            "version = 2\nroot = \"{at}/root\"\nstate = \"{at}/state\"\n\
             [grpc]\n  address = \"{at}/containerd.sock\"\n\
             [plugins.\"io.containerd.grpc.v1.cri\"]\n  sandbox_image = \"{SANDBOX}\"\n  \
             restrict_oom_score_adj = true\n\
             [plugins.\"io.containerd.grpc.v1.cri\".containerd]\n  snapshotter = \"native\"\n\
             [plugins.\"io.containerd.grpc.v1.cri\".cni]\n  bin_dir = \"{at}/cni\"\n  \
             conf_dir = \"{at}/cni.d\"\n"
        );
        let place = folder.path().join("config.toml");
        fs::write(&place, config).map_err(|error| error.to_string())?;
        let log = fs::File::create(folder.path().join("log")).map_err(|error| error.to_string())?;
        let process = Command::new("containerd")
            .arg("--config")
            .arg(place)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("containerd: {error}"))?;
        let own = Self { process, folder };
        let begun = Instant::now();
        while UnixStream::connect(own.socket()).is_err() {
            if begun.elapsed() > Duration::from_secs(30) {
                return Err("containerd does not listen".to_owned());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(own)
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("containerd.sock")
    }

    /// A place for a test's files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Takes an image of a folder in, by a name, for a namespace of its.
    pub fn import(&self, namespace: &str, name: &str, root: &Path) -> Result<(), String> {
        let archive = self.folder.path().join("image.tar");
        archive_of(root, name, &archive).map_err(|error| error.to_string())?;
        let archive = archive.display().to_string();
        let arguments = ["-n", namespace, "images", "import", "--snapshotter", "native", &archive];
        self.ctr(&arguments).map(|_| ())
    }

    /// The image that pods need.
    pub fn import_sandbox(&self, root: &Path) -> Result<(), String> {
        self.import("k8s.io", SANDBOX, root)
    }

    /// Runs `ctr` against it.
    pub fn ctr(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new("ctr");
        text(command.arg("--address").arg(self.socket()).args(arguments).output())
    }

    /// Runs `crictl` against it.
    pub fn crictl(&self, program: &Path, arguments: &[&str]) -> Result<String, String> {
        let endpoint = format!("unix://{}", self.socket().display());
        let mut command = Command::new(program);
        command.args(["--runtime-endpoint", &endpoint, "--image-endpoint", &endpoint]);
        text(command.args(arguments).output())
    }
}

fn text(output: std::io::Result<Output>) -> Result<String, String> {
    let output = output.map_err(|error| error.to_string())?;
    let said = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
}

/// An image in the form of `docker save`, of one layer.
fn archive_of(root: &Path, name: &str, to: &Path) -> std::io::Result<()> {
    let mut layer = tar::Builder::new(Vec::new());
    layer.follow_symlinks(false);
    layer.append_dir_all(".", root)?;
    let layer = layer.into_inner()?;
    let digest = crate::hex(&Sha256::digest(&layer));
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sleep", "1000"]},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{digest}")]},
    })
    .to_string();
    let manifest = serde_json::json!([{
        "Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"],
    }])
    .to_string();
    let mut archive = tar::Builder::new(fs::File::create(to)?);
    for (name, content) in [
        ("layer.tar", layer.as_slice()),
        ("config.json", config.as_bytes()),
        ("manifest.json", manifest.as_bytes()),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, name, content)?;
    }
    archive.into_inner()?;
    Ok(())
}

impl Drop for Containerd {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let begun = Instant::now();
        while matches!(self.process.try_wait(), Ok(None)) {
            if begun.elapsed() > Duration::from_secs(10) {
                let _ = self.process.kill();
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.process.wait();
    }
}
