//! Runs the commands of a page in a copy of a sample, beside a server and a registry where they ask for them.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use plimsoll_testkit::DockerRegistry;

use crate::blocks::{Setting, Shown};
use crate::machine::{Machine, NOW};
use crate::{at, copy, path};

/// How long the commands of a page may take together, in seconds.
const PATIENCE: &str = "240";

/// `plimsoll serve` on ports that were free, in a folder of its own; it ends when it is dropped.
struct Serving {
    child: Child,
    clients: String,
    introspection: String,
    token: String,
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
    fn start(machine: &Machine, registry: Option<&DockerRegistry>) -> Self {
        let mut serve = command(env!("CARGO_BIN_EXE_plimsoll"), machine);
        serve
            .args(["serve", "--listen", "127.0.0.1:0", "--introspection", "127.0.0.1:0"])
            .arg("--data-dir")
            .arg(machine.path("data"));
        if let Some(registry) = registry {
            serve.args(["--allow-network", "127.0.0.0/8"]);
            serve.args(["--insecure-registry", registry.host()]);
        }
        let mut child = serve.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut next = |part: &str| {
            let line = lines.by_ref().find(|line| line.contains(part));
            line.unwrap_or_else(|| panic!("the server says no `{part}`"))
        };
        let token = next("  plimsoll_").trim().to_owned();
        let address = |line: &str| format!("http://{}", line.rsplit_once("http://").unwrap().1);
        let clients = address(&next("listening on http://"));
        let introspection = address(&next("metrics and health on http://"));
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, clients, introspection, token }
    }
}

/// Whether a program is on the path.
fn is_installed(tool: &str) -> bool {
    std::env::split_paths(&path()).any(|folder| folder.join(tool).is_file())
}

/// Runs commands one after the other in one shell; what each printed. `Err` says why that is impossible here.
///
/// Variables say where the server (`SERVER`, `METRICS`, its folder `DATA`, its first `TOKEN`) and the
/// registry (`REGISTRY`) are.
pub(crate) fn run(setting: &Setting<'_>, commands: &[Shown]) -> Result<Vec<String>, String> {
    if let Some(missing) = setting.tools.iter().find(|tool| !is_installed(tool)) {
        return Err(format!("there is no {missing}"));
    }
    let machine = Machine::new();
    copy(&at("docs/samples").join(setting.sample), &machine.path("work"));
    let registry = setting.registry.then(|| DockerRegistry::start(None, None)).transpose()?;
    let serving = setting.server.then(|| Serving::start(&machine, registry.as_ref()));
    let mut script = String::from("(exit 0)\n");
    for (number, shown) in commands.iter().enumerate() {
        let to = machine.path(&format!("printed-{number}"));
        // The next command sees how this one ended.
        let _ = writeln!(script, "{{ {}\n}} >'{}' 2>&1", shown.command, to.display());
    }
    let mut shell = command("timeout", &machine);
    shell.args([PATIENCE, "bash", "-c", &script]);
    if let Some(registry) = &registry {
        shell.env("REGISTRY", registry.host());
    }
    if let Some(serving) = &serving {
        shell
            .env("SERVER", &serving.clients)
            .env("METRICS", &serving.introspection)
            .env("TOKEN", &serving.token)
            .env("DATA", machine.path("data"));
    }
    let ran = shell.output().unwrap();
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
