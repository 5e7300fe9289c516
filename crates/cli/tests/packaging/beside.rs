//! Runs the commands of a page in a copy of a sample, beside a server and a registry where they ask for them.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use plimsoll_testkit::{DockerRegistry, Postgres, Server};

use crate::blocks::{Setting, Shown};
use crate::machine::{Machine, NOW};
use crate::{at, cluster, copy, path};

/// How long the commands of a page may take together, in seconds.
const PATIENCE: &str = "240";
/// How a server says that it is ready.
const INTROSPECTION: &str = "metrics and health on ";

/// `plimsoll serve` on ports that were free, in a folder of its own; it ends when it is dropped.
struct Serving {
    child: Child,
    /// What it said until it was ready.
    said: String,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that knows nothing of this machine but its programs.
fn command(program: &str, machine: &Machine) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(machine.path("work"))
        .env_clear()
        .env("PATH", path())
        .env("HOME", machine.path("home"))
        .env("PLIMSOLL_CACHE_DIR", machine.path("cache"))
        .env("SOURCE_DATE_EPOCH", NOW)
        .stdin(Stdio::null());
    command
}

impl Serving {
    fn start(machine: &Machine, folder: &str, more: &[&str]) -> Self {
        let mut serve = command(env!("CARGO_BIN_EXE_plimsoll"), machine);
        serve
            .args(["serve", "--listen", "127.0.0.1:0", "--introspection", "127.0.0.1:0"])
            .arg("--data-dir")
            .arg(machine.path(folder))
            .args(more);
        let mut child = serve.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut said = String::new();
        while !said.contains(INTROSPECTION) {
            let line = lines.next().unwrap_or_else(|| panic!("the server ended: {said}"));
            said.push_str(&line);
            said.push('\n');
        }
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, said }
    }

    /// What stands behind a text in a line of it.
    fn behind(&self, text: &str) -> &str {
        let found = self.said.lines().find_map(|line| line.strip_prefix(text));
        found.unwrap_or_else(|| panic!("it does not say `{text}`: {}", self.said))
    }
}

/// What runs beside a page's commands, and the variables that say where.
#[derive(Default)]
struct Beside {
    variables: Vec<(&'static str, String)>,
    servers: Vec<Serving>,
    registry: Option<DockerRegistry>,
    postgres: Option<Postgres>,
    cluster: Option<Server>,
}

impl Beside {
    fn start(names: &[&str], machine: &Machine) -> Result<Self, String> {
        let mut beside = Self::default();
        let mut more = Vec::new();
        if names.contains(&"cluster") {
            let cluster = beside.cluster.insert(cluster::of(&machine.path("work")));
            machine.write("home/.kube/config", cluster::kubeconfig(cluster));
        }
        if names.contains(&"registry") {
            let registry = beside.registry.insert(DockerRegistry::start(None, None)?);
            beside.variables.push(("REGISTRY", registry.host().to_owned()));
            more.extend(
                ["--allow-network", "127.0.0.0/8", "--insecure-registry"].map(str::to_owned),
            );
            more.push(registry.host().to_owned());
        }
        if names.contains(&"fleet") {
            let Some(postgres) = Postgres::start() else { return Err("no PostgreSQL".to_owned()) };
            let store = beside.postgres.insert(postgres).database("fleet");
            let blobs = machine.path("blobs").display().to_string();
            let key = machine.path("secret.key").display().to_string();
            more.extend(["--store", &store, "--blobs", &blobs].map(str::to_owned));
            more.extend(["--secret-key", &key].map(str::to_owned));
        }
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        if names.contains(&"serve") {
            beside.serve(machine, &more);
        }
        if names.contains(&"fleet") {
            beside.serve(machine, &[&more[..], &["--role", "api"]].concat());
            for role in ["worker", "scheduler"] {
                let serving =
                    Serving::start(machine, role, &[&more[..], &["--role", role]].concat());
                if role == "worker" {
                    let address = serving.behind(INTROSPECTION).to_owned();
                    beside.variables.push(("WORKER", address));
                }
                beside.servers.push(serving);
            }
        }
        Ok(beside)
    }

    /// Starts the one that clients ask.
    fn serve(&mut self, machine: &Machine, more: &[&str]) {
        let serving = Serving::start(machine, "data", more);
        self.variables.extend([
            ("SERVER", serving.behind("listening on ").to_owned()),
            ("METRICS", serving.behind(INTROSPECTION).to_owned()),
            ("TOKEN", format!("plimsoll_{}", serving.behind("  plimsoll_"))),
            ("DATA", machine.path("data").display().to_string()),
        ]);
        self.servers.push(serving);
    }
}

/// Whether a program is on the path.
fn is_installed(tool: &str) -> bool {
    std::env::split_paths(&path()).any(|folder| folder.join(tool).is_file())
}

/// Runs commands one after the other in one shell; what each printed. `Err` says why that is impossible here.
///
/// Variables say where the server is (`SERVER`, `METRICS`, its folder `DATA`, its first `TOKEN`), the `WORKER`
/// of a fleet, and the `REGISTRY`.
pub(crate) fn run(setting: &Setting<'_>, commands: &[Shown]) -> Result<Vec<String>, String> {
    if let Some(missing) = setting.tools.iter().find(|tool| !is_installed(tool)) {
        return Err(format!("there is no {missing}"));
    }
    let machine = Machine::new();
    copy(&at("docs/samples").join(setting.sample), &machine.path("work"));
    let beside = Beside::start(&setting.beside, &machine)?;
    let mut script = String::from("(exit 0)\n");
    for (number, shown) in commands.iter().enumerate() {
        let to = machine.path(&format!("printed-{number}"));
        // The next command sees how this one ended.
        let _ = writeln!(script, "{{ {}\n}} >'{}' 2>&1", shown.command, to.display());
    }
    let mut shell = command("timeout", &machine);
    shell.args([PATIENCE, "bash", "-c", &script]).envs(beside.variables.iter().cloned());
    let ran = shell.output().unwrap();
    drop(beside);
    let read = |number: usize| {
        let said = fs::read(machine.path(&format!("printed-{number}")));
        // What was never begun, because the shell did not take the commands or time was over.
        said.map_or_else(
            |_| format!("not run: {} {}", ran.status, String::from_utf8_lossy(&ran.stderr)),
            |said| String::from_utf8_lossy(&said).into_owned(),
        )
    };
    Ok((0..commands.len()).map(read).collect())
}
