//! A server with the files of a repository, and both programs that ask it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use plimsoll_testkit::{Reply, Request, Server};
use serde_json::Value;
use tempfile::TempDir;

use super::publisher::{Files, GUN, Repo};

/// A server of Notary that gives out what it is told, as Notary's own answers.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    files: Arc<Mutex<Files>>,
    server: Server,
}

/// The name of a document without the digest that it may be asked for by.
fn document(path: &str) -> Option<String> {
    let (_, name) = path.strip_prefix("/v2/")?.split_once("/_trust/tuf/")?;
    let name = name.strip_suffix(".json")?;
    let name = match name.rsplit_once('.') {
        Some((name, digest)) if digest.len() == 64 => name,
        _ => name,
    };
    Some(name.to_owned())
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(|_| None)
    }

    /// One whose first word on a request is that of `before`.
    pub(crate) fn with(before: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let files = Arc::new(Mutex::new(Files::new()));
        let shelf = Arc::clone(&files);
        let server = Server::start(move |request| {
            if let Some(reply) = before(request) {
                return reply;
            }
            if request.path == "/v2/" {
                return Reply::new(200, "{}");
            }
            let name = document(&request.path);
            match name.and_then(|name| shelf.lock().unwrap().get(&name).cloned()) {
                Some(bytes) => Reply::new(200, bytes),
                None => Reply::new(404, r#"{"errors": [{"code": "METADATA_NOT_FOUND"}]}"#),
            }
        });
        Self { folder: tempfile::tempdir().unwrap(), files, server }
    }

    pub(crate) fn host(&self) -> String {
        self.server.host()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    pub(crate) fn publish(&self, repo: &Repo) {
        self.files.lock().unwrap().clone_from(&repo.files);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs Plimsoll; `HOST` stands for the server.
    pub(crate) fn plimsoll(&self, arguments: &str) -> Output {
        let arguments = arguments.replace("HOST", &self.host());
        Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("PLIMSOLL_TRUST_DIR", self.path("trust"))
            .env("COSIGN_PASSWORD", "correct horse")
            .env_remove("DOCKER_CONFIG")
            .env_remove("DOCKER_CONTENT_TRUST_SERVER")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Both verdicts on a tag, notary's first, each with what is remembered in `memory`.
    pub(crate) fn verdicts(
        &self,
        tag: &str,
        memory: &Path,
        pinning: Option<&Value>,
    ) -> (Result<String, String>, Result<String, String>) {
        let (host, shown) = (self.host(), memory.display());
        let mut arguments = format!("-d {shown}/notary -s http://{host}");
        let mut ours = String::new();
        fs::create_dir_all(memory).unwrap();
        if let Some(pinning) = pinning {
            let config = memory.join("config.json");
            let text = serde_json::json!({"trust_pinning": pinning}).to_string();
            fs::write(&config, text).unwrap();
            arguments = format!("{arguments} -c {}", config.display());
            ours = format!(" --dct-pinning {}", config.display());
        }
        let theirs = run(Command::new("notary")
            .args(format!("{arguments} lookup {GUN} {tag}").split_whitespace())
            .env("HOME", memory));
        let ours = run(Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .args(
                format!(
                    "verify {GUN}:{tag} --dct-role targets --dct-first-use{ours} \
                         --notary-server http://{host} --insecure-registry {host}"
                )
                .split_whitespace(),
            )
            .env("HOME", memory)
            .env("PLIMSOLL_TRUST_DIR", memory.join("plimsoll")));
        (theirs.map(|it| digest(&it)), ours.map(|it| digest(&it)))
    }
}

/// What a program says, where it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(said(&output.stdout));
    }
    Err(format!("{} {}", said(&output.stdout), said(&output.stderr)))
}

/// The digest that a program names.
fn digest(said: &str) -> String {
    let from = said.find("sha256:").unwrap_or_else(|| panic!("no digest: {said}"));
    said[from..].chars().take(71).collect()
}

/// Whether notary's programs are there.
pub(crate) fn peers() -> Result<(), String> {
    for program in ["notary", "notary-server"] {
        let mut command = Command::new(program);
        command.arg(if program == "notary" { "version" } else { "-version" });
        command.output().map_err(|error| format!("{program}: {error}"))?;
    }
    Ok(())
}
