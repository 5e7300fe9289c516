//! A Docker daemon of a test's own, where the machine allows to start one.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::ports::free_port;
use crate::registry::{Certificate, run};

/// A daemon with a socket, a store and no network of its own; it ends when it is dropped.
pub struct Dockerd {
    process: Child,
    folder: tempfile::TempDir,
    host: Option<String>,
}

impl Dockerd {
    /// Starts one; `Err` says why that is impossible here. With a certificate it also listens on
    /// a port, for clients that show the same one.
    pub fn start(certificate: Option<&Certificate>) -> Result<Self, String> {
        Self::start_on("vfs", certificate)
    }

    /// Starts one that builds fast, where the file system below allows: layers are overlaid.
    pub fn for_builds() -> Result<Self, String> {
        Self::start_on("overlay2", None).or_else(|_| Self::start_on("vfs", None))
    }

    fn start_on(driver: &str, certificate: Option<&Certificate>) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let place = |name: &str| folder.path().join(name);
        let log = std::fs::File::create(place("log")).map_err(|error| error.to_string())?;
        let mut command = Command::new("dockerd");
        let mut host = None;
        if let Some(certificate) = certificate {
            let port = free_port();
            let file = |name: &str| certificate.folder().join(name);
            command
                .arg("--tlsverify")
                .arg("--tlscacert")
                .arg(file("ca.pem"))
                .arg("--tlscert")
                .arg(file("cert.pem"))
                .arg("--tlskey")
                .arg(file("key.pem"))
                .arg("--host")
                .arg(format!("tcp://127.0.0.1:{port}"));
            host = Some(format!("tcp://127.0.0.1:{port}"));
        }
        let process = command
            .arg("--data-root")
            .arg(place("data"))
            .arg("--exec-root")
            .arg(place("exec"))
            .arg("--pidfile")
            .arg(place("pid"))
            .arg("--host")
            .arg(format!("unix://{}", place("docker.sock").display()))
            .args(["--iptables=false", "--ip6tables=false", "--bridge=none"])
            .arg(format!("--storage-driver={driver}"))
            .arg("--log-level=warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("dockerd: {error}"))?;
        let mut daemon = Self { process, folder, host };
        daemon.wait()?;
        Ok(daemon)
    }

    fn wait(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        while UnixStream::connect(self.socket()).is_err() {
            let ended = self.process.try_wait().is_ok_and(|status| status.is_some());
            if ended || begun.elapsed() > Duration::from_mins(1) {
                let log = std::fs::read_to_string(self.path("log")).unwrap_or_default();
                let last = log.lines().last().unwrap_or("no word");
                return Err(format!("dockerd does not listen: {last}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// The daemon's socket.
    pub fn socket(&self) -> PathBuf {
        self.path("docker.sock")
    }

    /// The address of its port, where it has one.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command of Docker's client against this daemon.
    pub fn docker(&self, arguments: &[&str]) -> Result<(), String> {
        let host = format!("unix://{}", self.socket().display());
        run(Command::new("docker").arg("--host").arg(host).args(arguments))
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        // Asked politely the daemon also ends the containerd that it started.
        let _ = run(Command::new("kill").arg(self.process.id().to_string()));
        let begun = Instant::now();
        while matches!(self.process.try_wait(), Ok(None)) {
            if begun.elapsed() > Duration::from_secs(15) {
                let _ = self.process.kill();
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.process.wait();
    }
}
