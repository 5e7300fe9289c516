//! Services that a fleet shares, the real ones: NATS with JetStream, and an S3 server.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::ports::free_port;

/// A program that listens on a port of 127.0.0.1; it ends when it is dropped.
#[derive(Debug)]
struct Service {
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    port: u16,
    child: Child,
}

impl Service {
    fn start(
        program: PathBuf,
        port: u16,
        arguments: Vec<String>,
        environment: Vec<(String, String)>,
    ) -> Self {
        let child = spawn(&program, &arguments, &environment);
        let mut service = Self { program, arguments, environment, port, child };
        service.wait();
        service
    }

    fn wait(&mut self) {
        let until = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.child.try_wait().ok().flatten();
            assert!(ended.is_none(), "{} ended with {ended:?}", self.program.display());
            assert!(Instant::now() < until, "{} does not listen", self.program.display());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn resume(&mut self) {
        self.child = spawn(&self.program, &self.arguments, &self.environment);
        self.wait();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(program: &Path, arguments: &[String], environment: &[(String, String)]) -> Child {
    Command::new(program)
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// In the `PATH`, or where Go puts programs.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join("go/bin"));
    let own = std::env::var_os("GOBIN").map(PathBuf::from);
    let found = std::env::split_paths(&path).chain(own).chain(home);
    let found = found.map(|folder| folder.join(name)).find(|program| program.is_file());
    if found.is_none() {
        eprintln!("skipped: {name} is not installed (make fleet-peers)");
    }
    found
}

/// NATS with JetStream on disk.
#[derive(Debug)]
pub struct Nats {
    service: Service,
    folder: tempfile::TempDir,
}

impl Nats {
    /// Starts one; `None`, and a line that says so, where it is not installed.
    pub fn start() -> Option<Self> {
        let program = find("nats-server")?;
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let arguments = ["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"];
        let mut arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
        arguments.push(folder.path().display().to_string());
        Some(Self { service: Service::start(program, port, arguments, Vec::new()), folder })
    }

    /// Where it is.
    pub fn address(&self) -> String {
        format!("nats://127.0.0.1:{}", self.service.port)
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.service.kill();
    }

    /// Starts it again, with what it had.
    pub fn resume(&mut self) {
        self.service.resume();
    }

    /// Forgets what it had, while it is not there.
    pub fn forget(&self) {
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
    }
}

/// An S3 server (versitygw) in front of a folder, with one bucket.
#[derive(Debug)]
pub struct S3 {
    service: Service,
    folder: tempfile::TempDir,
}

impl S3 {
    /// Name of the bucket.
    pub const BUCKET: &str = "plimsoll";

    /// Starts one; `None`, and a line that says so, where it is not installed.
    pub fn start() -> Option<Self> {
        let program = find("versitygw")?;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(Self::BUCKET)).unwrap();
        let port = free_port();
        let listen = format!("127.0.0.1:{port}");
        let arguments = ["--port", &listen, "--health", "/health", "posix"];
        let mut arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
        arguments.push(folder.path().display().to_string());
        let environment = vec![
            ("ROOT_ACCESS_KEY".to_owned(), "plimsoll".to_owned()),
            ("ROOT_SECRET_KEY".to_owned(), "for-tests-alone".to_owned()),
        ];
        Some(Self { service: Service::start(program, port, arguments, environment), folder })
    }

    /// What a client reads to find it.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.service.port)),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "plimsoll".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "for-tests-alone".to_owned()),
        ]
    }

    /// The folder that the bucket is.
    pub fn bucket(&self) -> PathBuf {
        self.folder.path().join(Self::BUCKET)
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.service.kill();
    }

    /// Starts it again, with what it had.
    pub fn resume(&mut self) {
        self.service.resume();
    }
}
