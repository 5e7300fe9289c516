//! A daemon, an image made of this machine's tools, and Plimsoll watching with its own rules.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use plimsoll_testkit::Dockerd;
use serde_json::Value;

/// What the image has of this machine, with the libraries that it needs.
const TOOLS: &[&str] = &[
    "bash", "sh", "cat", "cp", "mv", "rm", "ln", "ls", "mkdir", "mkfifo", "touch", "chmod", "head",
    "tail", "grep", "find", "sed", "sleep", "env", "id", "dd", "base64", "truncate", "shred",
    "tar", "true", "echo", "mount", "umount", "unshare", "nsenter", "chroot", "script", "useradd",
    "chattr", "setcap", "ip", "dpkg", "apt-get", "perl", "kubectl", "setpriv", "timeout",
    "crontab",
];
/// Names of other programs that the attacker's program stands for: what matters is what they do and are called.
const NAMES: &[&str] = &[
    "/usr/sbin/nginx",
    "/usr/bin/redis-server",
    "/usr/bin/nc",
    "/usr/bin/curl",
    "/usr/bin/tcpdump",
    "/usr/sbin/iptables",
];

/// A daemon that runs the containers.
pub(crate) struct Docker {
    daemon: Dockerd,
}

impl Docker {
    /// `Err` says why there is none here.
    pub(crate) fn start() -> Result<Self, String> {
        Ok(Self { daemon: Dockerd::for_builds()? })
    }

    /// Makes the image that is attacked: `target:1`.
    pub(crate) fn target(&self) -> Result<(), String> {
        let root = tempfile::tempdir().map_err(|error| error.to_string())?;
        lay(root.path())?;
        let tar = root.path().with_extension("tar");
        let status =
            Command::new("tar").arg("-C").arg(root.path()).arg("-cf").arg(&tar).arg(".").status();
        if !status.is_ok_and(|status| status.success()) {
            return Err("no tar".to_owned());
        }
        let imported = self.run(&["import", &tar.display().to_string(), "target:1"]);
        fs::remove_file(&tar).ok();
        imported.map(drop)
    }

    /// Runs a command of the client; what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String, String> {
        self.run_in(Path::new("/"), arguments)
    }

    /// The same in a folder.
    pub(crate) fn run_in(&self, folder: &Path, arguments: &[&str]) -> Result<String, String> {
        let host = format!("unix://{}", self.daemon.socket().display());
        let output = Command::new("docker")
            .env("DOCKER_BUILDKIT", "0")
            .current_dir(folder)
            .arg("--host")
            .arg(host)
            .args(arguments)
            .stdin(Stdio::null())
            .output();
        let Output { status, stdout, stderr } =
            output.map_err(|error| format!("docker: {error}"))?;
        if status.success() {
            Ok(String::from_utf8_lossy(&stdout).trim().to_owned())
        } else {
            Err([stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat())
        }
    }

    /// Starts a container that does nothing; its number as alerts show it.
    pub(crate) fn container(&self, options: &[&str]) -> String {
        let command =
            [&["run", "--detach", "--network=none"], options, &["target:1", "sleep", "100000"]]
                .concat();
        self.run(&command).unwrap()[..12].to_owned()
    }
}

/// Puts the root file system together.
fn lay(root: &Path) -> Result<(), String> {
    let say = |error: std::io::Error| error.to_string();
    for folder in [
        "usr/bin",
        "usr/sbin",
        "usr/lib",
        "usr/lib64",
        "etc/cron.d",
        "etc/systemd/system",
        "root/.ssh",
        "root/.aws",
        "root/.kube",
        "home/user/.ssh",
        "var/log",
        "var/spool/cron/crontabs",
        "tmp",
        "proc",
        "sys",
        "dev",
        "run",
        "mnt",
        "run/secrets/kubernetes.io/serviceaccount",
    ] {
        fs::create_dir_all(root.join(folder)).map_err(say)?;
    }
    for folder in ["bin", "sbin", "lib", "lib64"] {
        symlink(format!("usr/{folder}"), root.join(folder)).map_err(say)?;
    }
    for (file, text) in [
        ("etc/passwd", "root:x:0:0:root:/root:/bin/bash\nuser:x:1000:1000::/home/user:/bin/bash\n"),
        ("etc/group", "root:x:0:\nuser:x:1000:\n"),
        ("etc/shadow", "root:*:19000:0:99999:7:::\n"),
        ("etc/gshadow", "root:*::\n"),
        ("etc/hostname", "target\n"),
        ("etc/profile", "\n"),
        ("root/.bashrc", "\n"),
        ("root/.bash_history", "mysql -p\n"),
        ("root/.ssh/id_rsa", "-----BEGIN OPENSSH PRIVATE KEY-----\n"),
        ("root/.aws/credentials", "[default]\naws_access_key_id=AKIA\n"),
        ("root/.git-credentials", "https://user:word@git.example\n"),
        ("root/.kube/config", "{}\n"),
        ("run/secrets/kubernetes.io/serviceaccount/token", "token\n"),
        ("var/log/auth.log", "log\n"),
        ("var/log/wtmp", "log\n"),
    ] {
        fs::write(root.join(file), text).map_err(say)?;
    }
    let mut files: BTreeSet<PathBuf> = BTreeSet::new();
    for tool in TOOLS {
        let found = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"]
            .iter()
            .map(|folder| Path::new(folder).join(tool));
        let Some(path) = found.into_iter().find(|path| path.exists()) else {
            println!("the image has no {tool}");
            continue;
        };
        let listed = Command::new("ldd").arg(&path).output().map_err(say)?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        files.extend(
            listed.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from),
        );
        files.insert(path);
    }
    for path in files {
        let at = path.display().to_string();
        let at = if at.starts_with("/usr/") { at } else { format!("/usr{at}") };
        let to = root.join(at.trim_start_matches('/'));
        fs::create_dir_all(to.parent().unwrap()).map_err(say)?;
        fs::copy(&path, to).map_err(say)?;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks/attack.c");
    let program = root.join("usr/bin/attack");
    let made =
        Command::new("cc").args(["-static", "-O1", "-w", "-o"]).arg(&program).arg(source).status();
    if !made.is_ok_and(|status| status.success()) {
        return Err("no C compiler that links statically".to_owned());
    }
    for name in NAMES {
        fs::copy(&program, root.join(name.trim_start_matches('/'))).map_err(say)?;
    }
    Ok(())
}

/// The program while it watches.
pub(crate) struct Watching {
    child: Child,
    err: BufReader<std::process::ChildStderr>,
    told: String,
    folder: tempfile::TempDir,
}

impl Watching {
    /// With its own rules; `Err` says why this machine cannot be watched.
    pub(crate) fn start() -> Result<Self, String> {
        Self::with(&[])
    }

    /// With the rules of these files.
    pub(crate) fn with(rules: &[&str]) -> Result<Self, String> {
        let flags: Vec<&str> = rules.iter().flat_map(|file| ["--rules", *file]).collect();
        Self::telling(&flags)
    }

    /// With these flags.
    pub(crate) fn telling(flags: &[&str]) -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        // Other rules may not say which container it was.
        let settings = folder.path().join("falco.yaml");
        let fields = "append_output:\n  - extra_fields: [container.id]\n";
        fs::write(&settings, if flags.is_empty() { "" } else { fields }).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .args(["watch", "-o", "json", "--buffer-size", "64"])
            .arg("--config")
            .arg(settings)
            .args(flags)
            .stdout(File::create(folder.path().join("alerts")).unwrap())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut told = String::new();
        while !told.contains("watching") {
            if err.read_line(&mut told).unwrap() == 0 {
                assert_eq!(child.wait().unwrap().code(), Some(3), "{told}");
                return Err(told);
            }
        }
        assert!(!flags.is_empty() || !told.contains("not watched"), "{told}");
        std::thread::sleep(Duration::from_millis(300));
        Ok(Self { child, err, told, folder })
    }

    /// Ends it; its alerts, and what it said.
    pub(crate) fn end(mut self) -> (Vec<Alert>, String) {
        std::thread::sleep(Duration::from_millis(300));
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.err.read_to_string(&mut self.told).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{}", self.told);
        let text = fs::read_to_string(self.folder.path().join("alerts")).unwrap();
        let alerts = text.lines().map(|line| Alert::new(&serde_json::from_str(line).unwrap()));
        (alerts.collect(), self.told)
    }
}

/// What matters of an alert here.
#[derive(Debug)]
pub(crate) struct Alert {
    pub(crate) rule: String,
    pub(crate) time: u64,
    pub(crate) container: String,
    pub(crate) output: String,
}

impl Alert {
    fn new(alert: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            rule: text(&alert["rule"]),
            time: alert["output_fields"]["evt.time"].as_u64().unwrap(),
            container: text(&alert["output_fields"]["container.id"]),
            output: text(&alert["output"]),
        }
    }
}

/// Nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_nanos()).unwrap()
}
