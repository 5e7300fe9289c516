//! A daemon, what it builds, and what is in what it built.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use plimsoll_testkit::Dockerd;

/// A daemon and the stand-ins that it has.
pub(crate) struct Builder {
    daemon: Dockerd,
    client: String,
    pub(crate) made: Mutex<BTreeMap<String, Result<(), String>>>,
}

/// How a build or a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) ok: bool,
    pub(crate) out: String,
    pub(crate) talk: String,
}

impl Builder {
    /// A daemon of its own; `Err` says why there is none here.
    pub(crate) fn start() -> Result<Self, String> {
        let client = client()?;
        Ok(Self { daemon: Dockerd::for_builds()?, client, made: Mutex::default() })
    }

    fn docker(&self) -> Command {
        let mut command = Command::new(&self.client);
        command
            .env("DOCKER_BUILDKIT", "1")
            .arg("--host")
            .arg(format!("unix://{}", self.daemon.socket().display()));
        command
    }

    /// Builds a Dockerfile in a folder.
    pub(crate) fn build(&self, name: &str, dockerfile: &str, context: &Path) -> Ended {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), dockerfile).unwrap();
        let mut command = self.docker();
        command
            .args(["build", "--progress=plain", "--network=host", "--no-cache", "--tag", name])
            .arg("--file")
            .arg(file.path())
            .arg(context);
        ended(command)
    }

    /// Runs an image as it says it wants to be run.
    pub(crate) fn run(&self, image: &str) -> Ended {
        let mut command = self.docker();
        command.args(["run", "--rm", "--network=none", image]);
        ended(command)
    }

    /// Runs a script as root in an image that has a shell.
    pub(crate) fn shell(&self, image: &str, script: &str) -> Ended {
        let mut command = self.docker();
        command.args(["run", "--rm", "--network=none", "--user=0", "--entrypoint=/bin/sh", image]);
        command.args(["-c", script]);
        ended(command)
    }

    /// Takes a tar of a root file system as an image.
    pub(crate) fn import(&self, name: &str, tar: &Path) -> Result<(), String> {
        let mut command = self.docker();
        command.arg("import").arg(tar).arg(name);
        ended(command).into_result()
    }

    /// A field of an image's configuration, as JSON.
    pub(crate) fn inspect(&self, image: &str, field: &str) -> String {
        let mut command = self.docker();
        command.args(["image", "inspect", "--format", &format!("{{{{json .{field}}}}}"), image]);
        let ended = ended(command);
        assert!(ended.ok, "{image}: {}", ended.talk);
        ended.out.trim().to_owned()
    }

    /// Bytes of an image.
    pub(crate) fn size(&self, image: &str) -> u64 {
        self.inspect(image, "Size").parse().unwrap()
    }

    /// All files of an image: type, mode, owner and, of a regular one, the digest.
    pub(crate) fn files(&self, image: &str) -> BTreeMap<String, String> {
        let script = "find / -xdev \\( -path /proc -o -path /sys -o -path /dev \\) -prune -o \
                      -printf '%y %m %U:%G %l\\t%p\\n'; \
                      find / -xdev \\( -path /proc -o -path /sys -o -path /dev \\) -prune -o \
                      -type f -exec sha256sum {} +";
        let ended = self.shell(image, script);
        assert!(ended.ok, "{image}: {}", ended.talk);
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for line in ended.out.lines() {
            if let Some((what, path)) = line.split_once('\t') {
                files.insert(path.to_owned(), what.to_owned());
            } else if let Some((digest, path)) = line.split_once("  ") {
                files.entry(path.to_owned()).or_default().push_str(digest);
            }
        }
        assert!(files.len() > 100, "{image} has {} files", files.len());
        files
    }
}

impl Ended {
    pub(crate) fn into_result(self) -> Result<(), String> {
        let last: Vec<&str> = self.talk.lines().rev().take(15).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        if self.ok { Ok(()) } else { Err(last.join("\n")) }
    }
}

fn ended(mut command: Command) -> Ended {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { ok: output.status.success(), out: text(&output.stdout), talk: text(&output.stderr) }
}

/// A client that builds with BuildKit on its own: one before 23 does, a later one needs buildx.
fn client() -> Result<String, String> {
    for client in ["/usr/bin/docker", "docker"] {
        let Ok(output) = Command::new(client).arg("--version").output() else { continue };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let major =
            text.split_whitespace().nth(2).and_then(|word| word.split('.').next()?.parse().ok());
        let buildx = || Command::new(client).args(["buildx", "version"]).output();
        if major.is_some_and(|major: u32| major < 23)
            || buildx().is_ok_and(|one| one.status.success())
        {
            return Ok(client.to_owned());
        }
    }
    Err("no docker client that builds with BuildKit".to_owned())
}

/// A folder with these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Runs a tool of this machine in a folder; `false`, with a word, where it is missing or fails.
pub(crate) fn tool(folder: &Path, name: &str, arguments: &[&str]) -> bool {
    match Command::new(name).args(arguments).current_dir(folder).output() {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            println!("skipped: {name}: {}", String::from_utf8_lossy(&output.stderr));
            false
        }
        Err(error) => {
            println!("skipped: {name}: {error}");
            false
        }
    }
}
