//! A real PostgreSQL of the test's own, where Debian's package is installed.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::ports::free_port;

/// A server with an empty database, which ends with the test.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Postgres {
    /// Starts one; `None`, and a line that says so, where it is not installed.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("skipped: PostgreSQL is not installed (apt-get install postgresql)");
            return None;
        };
        let folder = std::env::temp_dir().join(format!(
            "plimsoll-postgres-{}-{}",
            std::process::id(),
            unique()
        ));
        std::fs::create_dir_all(&folder).unwrap();
        // It refuses to run as root.
        if is_root() {
            std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
            let owned = Command::new("chown").arg("nobody").arg(&folder).status().unwrap();
            assert!(owned.success(), "chown");
        }
        let port = free_port();
        let server = Self { programs, folder, port };
        let data = server.folder.join("data");
        server.run(
            "initdb",
            &["-U", "plimsoll", "-A", "trust", "-E", "UTF8", "--no-sync", "-D", text(&data)],
        );
        server.resume();
        Some(server)
    }

    /// Starts it again, with what it had.
    pub fn resume(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{}' -c fsync=off",
            self.port,
            self.folder.display()
        );
        let (data, log) = (self.folder.join("data"), self.folder.join("log"));
        self.run("pg_ctl", &["-D", text(&data), "-l", text(&log), "-o", &options, "start", "-w"]);
        let until = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < until, "PostgreSQL does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops it as a crash would: nothing is finished, connections are cut.
    pub fn stop(&self) {
        let data = self.folder.join("data");
        self.run("pg_ctl", &["-D", text(&data), "-m", "immediate", "-w", "stop"]);
    }

    /// Kills it (`kill -9`), and waits until its last process is gone, which cannot be started beside.
    pub fn kill(&self) {
        let file = self.folder.join("data/postmaster.pid");
        let text = std::fs::read_to_string(&file).unwrap();
        let id = text.lines().next().unwrap().trim().to_owned();
        let killed = Command::new("kill").args(["-9", &id]).status().unwrap();
        assert!(killed.success(), "kill {id}");
        let until = Instant::now() + Duration::from_secs(30);
        while backends(self.folder.as_path()) > 0 {
            assert!(Instant::now() < until, "PostgreSQL does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
        // Whoever has taken it over may not have noticed its end yet, and then it counts as running.
        let socket = self.folder.join(format!(".s.PGSQL.{}.lock", self.port));
        for file in [file, socket] {
            let _ = std::fs::remove_file(file);
        }
    }

    /// The address of a new and empty database.
    pub fn database(&self, name: &str) -> String {
        let port = self.port.to_string();
        self.run("createdb", &["-h", "127.0.0.1", "-p", &port, "-U", "plimsoll", name]);
        format!("postgres://plimsoll@127.0.0.1:{port}/{name}")
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "nobody", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let done = command
            .args(arguments)
            .current_dir(&self.folder)
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if !done.status.success() {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines[lines.len().saturating_sub(20)..].join("\n");
            panic!(
                "{command:?}: {}\n{}\n{last}",
                done.status,
                String::from_utf8_lossy(&done.stderr)
            );
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A test that failed may have left it stopped.
        if self.folder.join("data/postmaster.pid").exists() {
            self.stop();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// How many processes work in a folder.
fn backends(folder: &Path) -> usize {
    let data = folder.join("data");
    let all = std::fs::read_dir("/proc").unwrap();
    all.filter_map(Result::ok)
        .filter(|it| std::fs::read_link(it.path().join("cwd")).is_ok_and(|cwd| cwd == data))
        .count()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn unique() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0)
}

/// The newest version's programs.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            let programs = path.join("bin");
            programs.join("initdb").is_file().then_some((version, programs))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, programs)| programs)
}
