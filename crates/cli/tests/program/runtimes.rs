//! What alerts say of containers of the real containerd: those of `ctr`, and those of pods, which
//! `crictl` makes by Kubernetes' interface. Where one of them is missing the tests say so and pass.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use plimsoll_testkit::Containerd;
use serde_json::Value;

use crate::machine::Machine;

const RULES: &str = "
- rule: Marked
  desc: A marked program runs in a container
  condition: evt.type in (execve, execveat) and evt.failed = false and proc.args contains @MARK@
  output: >
    Marked %container.id %container.full_id %container.name %container.type
    %container.image %container.image.repository %container.image.tag %container.image.digest
    %container.privileged %container.host_network %container.label[team]
    %k8s.pod.name %k8s.ns.name %k8s.pod.uid %k8s.pod.label[tier] %k8s.pod.sandbox_id
  priority: NOTICE
";
const IMAGE: &str = "registry.example:5000/planted/box:1.0";

/// A containerd with an image of busybox.
fn containerd(namespaces: &[&str]) -> Option<Containerd> {
    let started = Containerd::start().and_then(|daemon| {
        let root = daemon.folder().join("planted");
        let bin = root.join("bin");
        fs::create_dir_all(&bin).map_err(|error| error.to_string())?;
        ["/usr/bin/busybox", "/bin/busybox"]
            .iter()
            .find(|from| fs::copy(from, bin.join("busybox")).is_ok())
            .ok_or("no busybox")?;
        for name in ["sh", "sleep", "true"] {
            std::os::unix::fs::symlink("busybox", bin.join(name)).unwrap();
        }
        for namespace in namespaces {
            daemon.import(namespace, IMAGE, &root)?;
        }
        // Another image than the others: of two names of one, containerd tells either.
        fs::write(root.join("pause"), "").map_err(|error| error.to_string())?;
        daemon.import_sandbox(&root)?;
        Ok(daemon)
    });
    started.map_err(|why| println!("skipped: {why}")).ok()
}

/// The program while it watches.
struct Watching<'m> {
    machine: &'m Machine,
    child: Child,
    err: BufReader<std::process::ChildStderr>,
    told: String,
}

impl<'m> Watching<'m> {
    fn start(machine: &'m Machine, daemon: &Containerd) -> Option<Self> {
        Self::asking(machine, "CONTAINER_RUNTIME_ENDPOINT", &daemon.socket())
    }

    /// It asks the runtime of a socket that a variable names.
    fn asking(machine: &'m Machine, variable: &str, socket: &Path) -> Option<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .args(["watch", "--rules", "rules.yaml", "-o", "json"])
            .env(variable, format!("unix://{}", socket.display()))
            .current_dir(machine.path("."))
            .stdout(File::create(machine.path("alerts.jsonl")).unwrap())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut told = String::new();
        while !told.contains("watching ") {
            if err.read_line(&mut told).unwrap() == 0 {
                assert_eq!(child.wait().unwrap().code(), Some(3), "{told}");
                println!("skipped: {told}");
                return None;
            }
        }
        std::thread::sleep(Duration::from_millis(500));
        Some(Self { machine, child, err, told })
    }

    /// The fields of its alerts.
    fn end(mut self) -> Vec<Value> {
        std::thread::sleep(Duration::from_millis(500));
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.err.read_to_string(&mut self.told).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{}", self.told);
        let text = fs::read_to_string(self.machine.path("alerts.jsonl")).unwrap();
        let alert =
            |line: &str| serde_json::from_str::<Value>(line).unwrap()["output_fields"].clone();
        text.lines().map(alert).collect()
    }
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn machine(mark: &str) -> Machine {
    let machine = Machine::new();
    machine.write("rules.yaml", RULES.replace("@MARK@", mark));
    machine
}

#[test]
fn a_container_of_ctr_is_told_with_its_image_at_its_only_event() {
    let Some(daemon) = containerd(&["default"]) else { return };
    let mark = format!("ctr-{}", std::process::id());
    let machine = machine(&mark);
    let Some(watching) = Watching::start(&machine, &daemon) else { return };
    // Its only program ends within a millisecond. On a machine that is busy an answer may come too late.
    let names: Vec<String> = (0..5).map(|at| format!("w{at}-{}", std::process::id())).collect();
    for name in &names {
        daemon
            .ctr(&[
                "run",
                "--rm",
                "--snapshotter",
                "native",
                "--net-host",
                "--label",
                "team=red",
                IMAGE,
                name,
                "/bin/true",
                &mark,
            ])
            .unwrap();
    }
    let alerts = watching.end();
    for name in &names {
        assert!(alerts.iter().any(|it| it["container.id"] == name.as_str()), "{alerts:#?}");
    }
    let told = alerts.iter().find(|it| it["container.type"] == "containerd");
    let told = told.unwrap_or_else(|| panic!("{alerts:#?}"));
    assert_eq!(told["container.full_id"], told["container.id"]);
    assert_eq!(told["container.image"], IMAGE);
    assert_eq!(told["container.image.repository"], "registry.example:5000/planted/box");
    assert_eq!(told["container.image.tag"], "1.0");
    assert!(told["container.image.digest"].as_str().unwrap().starts_with("sha256:"), "{told}");
    assert_eq!(told["container.host_network"], true);
    assert_eq!(told["container.privileged"], false);
    assert_eq!(told["container.label[team]"], "red");
}

fn crictl() -> Option<PathBuf> {
    let folders = [
        std::env::var("GOBIN").unwrap_or_default(),
        std::env::var("HOME").unwrap_or_default() + "/go/bin",
    ];
    let path = std::env::var("PATH").unwrap_or_default();
    let mut all = folders.iter().map(String::as_str).chain(path.split(':'));
    let found = all
        .find(|it| Path::new(it).join("crictl").is_file())
        .map(|it| Path::new(it).join("crictl"));
    if found.is_none() {
        println!("skipped: no crictl; `go install sigs.k8s.io/cri-tools/cmd/crictl@v1.34.0`");
    }
    found
}

#[test]
fn a_container_of_a_pod_is_told_with_its_pod() {
    let Some(crictl) = crictl() else { return };
    let Some(daemon) = containerd(&["k8s.io"]) else { return };
    let mark = format!("pod-{}", std::process::id());
    let machine = machine(&mark);
    let Some(watching) = Watching::start(&machine, &daemon) else { return };
    // Without a network of its own, which needs plug-ins.
    let pod = serde_json::json!({
        "metadata": {"name": "web-0", "namespace": "team-a", "uid": "0b5e-11", "attempt": 0},
        "labels": {"tier": "front"},
        "linux": {"security_context": {"namespace_options": {"network": 2}}},
    });
    let container = serde_json::json!({
        "metadata": {"name": "server"},
        "image": {"image": IMAGE},
        "command": ["/bin/sh", "-c", format!("/bin/true {mark}; sleep 60")],
        "labels": {"team": "red"},
        "linux": {},
    });
    machine.write("pod.json", pod.to_string());
    machine.write("container.json", container.to_string());
    let file = |name: &str| machine.path(name).display().to_string();
    let run = |arguments: &[&str]| daemon.crictl(&crictl, arguments);
    let sandbox = match run(&["runp", &file("pod.json")]) {
        Ok(sandbox) => sandbox,
        Err(why) => {
            println!("skipped: no pod can be run here: {why}");
            return;
        }
    };
    let id = run(&["create", &sandbox, &file("container.json"), &file("pod.json")]).unwrap();
    run(&["start", &id]).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let alerts = watching.end();
    run(&["rmp", "-f", &sandbox]).unwrap();
    let told = alerts.iter().find(|it| it["container.full_id"] == id.as_str());
    let told = told.unwrap_or_else(|| panic!("{alerts:#?}"));
    assert_eq!(told["container.id"], id[..12]);
    assert_eq!(told["container.name"], "server");
    assert_eq!(told["container.image.repository"], "registry.example:5000/planted/box");
    assert_eq!(told["container.image.tag"], "1.0");
    assert_eq!(told["container.host_network"], true);
    assert_eq!(told["container.label[team]"], "red");
    assert_eq!(told["k8s.pod.name"], "web-0");
    assert_eq!(told["k8s.ns.name"], "team-a");
    assert_eq!(told["k8s.pod.uid"], "0b5e-11");
    assert_eq!(told["k8s.pod.label[tier]"], "front");
    assert_eq!(told["k8s.pod.sandbox_id"], sandbox[..12]);
}

/// A podman with a store and a service of its own, and an image of busybox.
struct Podman {
    folder: tempfile::TempDir,
    service: Option<Child>,
}

impl Podman {
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("planted/bin");
        fs::create_dir_all(&bin).unwrap();
        let copied = fs::copy("/usr/bin/busybox", bin.join("busybox"))
            .or_else(|_| fs::copy("/bin/busybox", bin.join("busybox")));
        if let Err(why) = copied {
            println!("skipped: busybox: {why}");
            return None;
        }
        std::os::unix::fs::symlink("busybox", bin.join("true")).unwrap();
        let planted = folder.path().join("planted");
        let archive = folder.path().join("planted.tar");
        let mut pack = Command::new("tar");
        pack.arg("-C").arg(&planted).arg("-cf").arg(&archive).arg(".");
        assert!(pack.status().unwrap().success());
        let mut own = Self { folder, service: None };
        let imported = own.command(&["import", "-q", archive.to_str()?, IMAGE]).output();
        match imported {
            Ok(output) if output.status.success() => {}
            Ok(output) => {
                println!("skipped: podman: {}", String::from_utf8_lossy(&output.stderr));
                return None;
            }
            Err(why) => {
                println!("skipped: podman: {why}");
                return None;
            }
        }
        let address = format!("unix://{}", own.socket().display());
        let mut service = own.command(&["system", "service", "-t", "0", &address]);
        own.service = Some(service.stderr(Stdio::null()).spawn().unwrap());
        for _ in 0..200 {
            if std::os::unix::net::UnixStream::connect(own.socket()).is_ok() {
                return Some(own);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        println!("skipped: podman does not listen");
        None
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("podman.sock")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let at = |name: &str| self.folder.path().join(name);
        let mut command = Command::new("podman");
        command.arg("--root").arg(at("storage")).arg("--runroot").arg(at("run"));
        // Of the runtimes runc alone takes control groups of both versions at once.
        command.args(["--runtime", "runc", "--storage-driver", "vfs", "--events-backend", "file"]);
        command.args(["--cgroup-manager", "cgroupfs"]).env("HOME", self.folder.path());
        command.args(arguments).stdin(Stdio::null());
        command
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        if let Some(service) = &mut self.service {
            let _ = service.kill();
            let _ = service.wait();
        }
        let _ = self.command(&["rm", "--all", "--force"]).output();
    }
}

#[test]
fn a_container_of_podman_is_told_with_its_image_at_its_only_event() {
    let Some(podman) = Podman::start() else { return };
    let mark = format!("podman-{}", std::process::id());
    let machine = machine(&mark);
    let Some(watching) = Watching::asking(&machine, "CONTAINER_HOST", &podman.socket()) else {
        return;
    };
    let limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
    // On a machine that is busy an answer may come too late.
    let all = 5;
    for at in 0..all {
        let name = format!("p{at}");
        let run = ["run", "--network", "host", "--label", "team=red", "--name", &name];
        let what = [IMAGE, "/bin/true", &mark];
        let ran = podman.command(&[&run[..], &limits, &what].concat()).output().unwrap();
        if !ran.status.success() {
            println!("skipped: podman: {}", String::from_utf8_lossy(&ran.stderr));
            return;
        }
    }
    let alerts = watching.end();
    let told: Vec<&Value> =
        alerts.iter().filter(|fields| fields["container.name"].as_str().is_some()).collect();
    let seen: std::collections::BTreeSet<&str> =
        alerts.iter().filter_map(|fields| fields["container.id"].as_str()).collect();
    assert!(seen.len() >= all && !told.is_empty(), "{alerts:?}");
    for fields in told {
        assert_eq!(fields["container.image"], IMAGE);
        assert_eq!(fields["container.image.repository"], "registry.example:5000/planted/box");
        assert_eq!(fields["container.image.tag"], "1.0");
        assert_eq!(fields["container.label[team]"], "red");
        assert_eq!(fields["container.type"], "podman");
    }
}
