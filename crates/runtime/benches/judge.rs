//! How long an event is judged: with the published rules, and with ten thousand made ones beside a
//! hundred. `cargo bench -p plimsoll-runtime --bench judge`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a measurement stops at the first surprise"
)]

use std::time::Instant;

use plimsoll_runtime::engine::{Engine, Matching};
use plimsoll_runtime::event::{Arena, Event, EventCode, FieldRef, Value, Values};
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::loader::{Loader, Options};

/// A system call of a service at work.
struct Call {
    kind: &'static str,
    code: EventCode,
    name: &'static str,
    path: &'static str,
    path_of: &'static str,
    is_write: bool,
    number: u64,
}

impl Event for Call {
    fn source(&self) -> Source {
        Source::Syscall
    }

    fn code(&self) -> EventCode {
        self.code
    }

    fn time(&self) -> u64 {
        1_700_000_000_000_000_000 + self.number
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn field<'e>(&'e self, field: &FieldRef, arena: &'e Arena) -> Values<'e> {
        let text = |text| Values::One(Value::Bytes(str::as_bytes(text)));
        let yes = |is| Values::One(Value::Bool(is));
        match field.name {
            "evt.type" => text(self.kind),
            "evt.dir" => text("<"),
            "evt.rawres" => Values::One(Value::Signed(3)),
            "evt.is_open_write" => yes(self.is_write),
            "evt.is_open_read" => yes(!self.is_write),
            "evt.failed"
            | "proc.is_exe_upper_layer"
            | "proc.is_exe_from_memfd"
            | "container.privileged" => yes(false),
            "evt.arg" => text("O_RDONLY|O_CLOEXEC"),
            "proc.name" | "proc.exe" => text(self.name),
            "proc.exepath" => text("/usr/sbin/nginx"),
            "proc.pname" => text("containerd-shim"),
            "proc.cmdline" => text("nginx -g daemon off; master_process on"),
            "proc.pcmdline" => text("containerd-shim-runc-v2 -namespace k8s.io -id 6f2a"),
            "proc.args" => text("-g daemon off; master_process on"),
            "proc.aname" | "proc.aexepath" | "proc.aexe" | "proc.acmdline" => {
                let names = ["containerd-shim", "systemd"].map(|one| Value::Bytes(one.as_bytes()));
                Values::Many(arena.alloc_slice_copy(&names))
            }
            "proc.tty" | "user.uid" => Values::One(Value::Unsigned(0)),
            "proc.pid" | "proc.ppid" | "proc.vpid" => Values::One(Value::Signed(4_242)),
            "user.loginuid" => Values::One(Value::Signed(-1)),
            "user.name" => text("root"),
            "container.id" => text("3f1c5a0b7d2e"),
            "container.image.repository" => text("docker.io/library/nginx"),
            "container.image" => text("docker.io/library/nginx:1.27"),
            "k8s.ns.name" => text("shop"),
            "k8s.pod.name" => text("web-7d9f"),
            "fd.name" | "fs.path.name" => text(self.path),
            "fd.directory" => text(self.path_of),
            "fd.filename" => text(self.path.rsplit('/').next().unwrap_or_default()),
            "fd.typechar" => text("f"),
            "fd.type" => text("file"),
            "fd.num" => Values::One(Value::Signed(7)),
            _ => Values::Absent,
        }
    }
}

/// What a machine that works does: mostly opens, reads and writes, some programs started.
fn calls() -> Vec<Call> {
    let kinds = [
        ("openat", "/var/www/html/index.html", "/var/www/html"),
        ("read", "/var/www/html/index.html", "/var/www/html"),
        ("write", "/var/log/nginx/access.log", "/var/log/nginx"),
        ("close", "/var/log/nginx/access.log", "/var/log/nginx"),
        ("openat", "/usr/lib/x86_64-linux-gnu/libssl.so.3", "/usr/lib/x86_64-linux-gnu"),
        ("openat", "/proc/self/status", "/proc/self"),
        ("fcntl", "/proc/self/status", "/proc/self"),
        ("connect", "10.2.3.4:44312->10.9.8.7:5432", ""),
        ("execve", "/usr/bin/date", "/usr/bin"),
        ("openat", "/tmp/upload/0000000017", "/tmp/upload"),
        ("unlinkat", "/tmp/upload/0000000017", "/tmp/upload"),
        ("clone", "", ""),
    ];
    (0..96)
        .map(|number| {
            let (kind, path, path_of) = kinds[number % kinds.len()];
            let name = ["nginx", "postgres", "python3", "date"][number / kinds.len() % 4];
            Call {
                kind,
                code: EventCode::named(kind).unwrap(),
                name,
                path,
                path_of,
                is_write: number % 3 == 0,
                number: number as u64,
            }
        })
        .collect()
}

/// Judges for a while: the mean, and the time that 99 of 100 events stay below, in nanoseconds.
fn measure(name: &str, loader: &Loader, matching: Matching) -> f64 {
    let rules: Vec<_> = loader.definitions().rules.iter().collect();
    let begin = Instant::now();
    let mut engine = Engine::new(rules.iter().copied(), matching);
    let calls = calls();
    let mut matched = Vec::new();
    let mut hits = 0_usize;
    for call in &calls {
        engine.judge(call, &mut matched);
        hits += matched.len();
    }
    let ready = begin.elapsed();
    // Batches are shorter than what the system gives a process at once, so that the median one was
    // not interrupted.
    let rounds = 4_000;
    let batch = 20;
    let mut means: Vec<f64> = (0..rounds / batch)
        .map(|_| {
            let begin = Instant::now();
            for _ in 0..batch {
                for call in &calls {
                    engine.judge(call, &mut matched);
                }
            }
            begin.elapsed().as_nanos() as f64 / (batch * calls.len()) as f64
        })
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    let mean = means[means.len() / 2];
    let mut times: Vec<u64> = Vec::with_capacity(rounds * calls.len());
    for _ in 0..rounds {
        for call in &calls {
            let begin = Instant::now();
            engine.judge(call, &mut matched);
            times.push(u64::try_from(begin.elapsed().as_nanos()).unwrap());
        }
    }
    times.sort_unstable();
    let p99 = times[times.len() * 99 / 100];
    println!(
        "{name:<34} {:>6} rules  mean {mean:>7.0} ns  p99 {p99:>6} ns  ready {ready:>9.1?}  {hits} \
         of {} events match",
        rules.len(),
        calls.len()
    );
    mean
}

fn published() -> Option<Loader> {
    let shared = std::env::var("PLIMSOLL_SHARED").unwrap_or_else(|_| "../shared".to_owned());
    let folder = std::path::Path::new(&shared).join("data/runtime/rules/published");
    let mut loader = Loader::new(Options::default());
    for name in ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"] {
        let text = std::fs::read_to_string(folder.join(name)).ok()?;
        assert!(loader.load(name, &text).is_loaded());
    }
    Some(loader)
}

/// Rules of the usual shapes, no two alike.
fn made(count: usize) -> Loader {
    use std::fmt::Write as _;
    let mut text = String::from(
        "- macro: spawned\n  condition: evt.type in (execve, execveat)\n- macro: opened\n  \
         condition: evt.type in (open, openat, openat2) and fd.typechar = f and fd.num >= 0\n\
         - macro: container\n  condition: container.id != host\n",
    );
    for at in 0..count {
        let condition = match at % 5 {
            0 => format!("spawned and container and proc.name in (tool{at}, other{at})"),
            1 => format!("opened and container and fd.name startswith /opt/place{at}/"),
            2 => format!("opened and evt.is_open_write = true and fd.name = /etc/file{at}.conf"),
            3 => format!("spawned and proc.pname = parent{at} and not proc.name in (sh, bash)"),
            _ => format!(
                "opened and (proc.name = reader{at} or proc.cmdline contains secret{at}) and not \
                 user.name = known{at}"
            ),
        };
        let _ = writeln!(
            text,
            "- rule: made {at}\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO"
        );
    }
    let mut loader = Loader::new(Options::default());
    assert!(loader.load("made.yaml", &text).is_loaded());
    loader
}

/// Those by which a machine is watched where nobody names any.
fn own() -> Loader {
    let mut loader = Loader::new(Options::default());
    for (name, text) in plimsoll_runtime::defaults::FILES {
        assert!(loader.load(name, text).is_loaded());
    }
    loader
}

fn main() {
    measure("Plimsoll's own, first match", &own(), Matching::First);
    measure("Plimsoll's own, all matches", &own(), Matching::All);
    if let Some(loader) = published() {
        measure("published, first match", &loader, Matching::First);
        measure("published, all matches", &loader, Matching::All);
    }
    let few = measure("made", &made(100), Matching::All);
    let many = measure("made", &made(10_000), Matching::All);
    println!("10,000 rules cost {:.2} times as much as 100", many / few);
}
