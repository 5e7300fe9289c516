//! Every sub-command with every kind of bad input: one error that says what was wrong, the right exit
//! code, nothing half-written, no panic and no hang.

mod rows;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::machine::Machine;
use rows::{LEFT_OUT, ROWS, Row};

/// Nothing takes as long.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a run ended: its code, or minus the signal that ended it, and what it said.
struct Ended {
    code: i32,
    said: String,
}

/// The samples of the documentation in `s`, and what is made of them.
fn ground() -> Machine {
    let machine = Machine::new();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/samples");
    let copied = Command::new("cp").arg("-r").arg(samples).arg(machine.path("s")).status();
    assert!(copied.unwrap().success());
    fs::create_dir(machine.path("folder")).unwrap();
    machine.write("folder/other", [0, 1, 2]);
    machine.write("empty", "");
    let noise: Vec<u8> = (0..=u8::MAX).collect();
    machine.write("wrong", [b"\x89PNG\r\n\x1a\n\0\0{not: [it".as_slice(), &noise].concat());
    machine.write("closed", "FROM alpine\n");
    fs::set_permissions(machine.path("closed"), PermissionsExt::from_mode(0o0)).unwrap();
    fs::set_permissions(machine.path("."), PermissionsExt::from_mode(0o777)).unwrap();
    assert!(Command::new("mkfifo").arg(machine.path("fifo")).status().unwrap().success());
    machine.run_with(&[("PLIMSOLL_KEY_PASSWORD", "")], "key generate -o k").ended(0);
    machine.run("sbom oci-dir:s/image/shop -o cyclonedx-json=bom.json").ended(0);
    machine.run("db update --mirror s/db/mirror --db db").ended(0);
    machine.run("db export --db db db.tar").ended(0);
    machine
}

fn command(machine: &Machine, line: &str) -> Command {
    let mut command = machine.command();
    command.args(line.split_whitespace()).stdin(Stdio::null()).stderr(Stdio::piped());
    command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    command.env("PLIMSOLL_KEY_PASSWORD", "").env("COSIGN_PASSWORD", "");
    command
}

/// Waits for an end, and not for ever.
fn wait(mut child: Child, line: &str) -> Ended {
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("`{line}` does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    let code = output.status.code().unwrap_or_else(|| -output.status.signal().unwrap());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "`{line}`: {said}");
    Ended { code, said }
}

/// What linters find is on stdout, and all that there is to say.
fn run(machine: &Machine, line: &str) -> Ended {
    let report = tempfile::tempfile().unwrap();
    let mut command = command(machine, line);
    let mut ended = wait(command.stdout(report.try_clone().unwrap()).spawn().unwrap(), line);
    if ended.said.trim().is_empty() && report.metadata().unwrap().len() > 0 {
        "(on stdout)".clone_into(&mut ended.said);
    }
    ended
}

/// How many errors are told, but for those that each have a line of a file.
fn errors(said: &str) -> usize {
    let has_place = |line: &str| {
        let mut parts = line.trim_start_matches("error: ").split(':').skip(1);
        parts.next().is_some_and(|number| number.parse::<u32>().is_ok())
    };
    said.lines().filter(|line| line.starts_with("error") && !has_place(line)).count()
}

/// What is there, but for caches.
fn files(machine: &Machine) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![machine.path(".")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                if !entry.path().ends_with("cache") {
                    folders.push(entry.path());
                }
            } else if entry.path().extension().is_none_or(|end| end != "lock") {
                found.insert(entry.path().display().to_string());
            }
        }
    }
    found
}

/// Whether another tool's codes are meant, of which 1 may be a failure.
fn is_foreign(row: &Row) -> bool {
    row.line.starts_with("as ")
}

/// What each row says of inputs, and whether there must be an error.
fn each(inputs: &[(&str, bool)], only: impl Fn(&Row) -> bool) {
    let machine = ground();
    let mut wrong = Vec::new();
    for row in ROWS.iter().filter(|row| only(row)) {
        for (input, must_fail) in inputs {
            let line = row.line.replace('@', &format!("{}{input}", row.prefix));
            let before = files(&machine);
            let ended = run(&machine, &line);
            let codes: &[i32] = match (must_fail, is_foreign(row)) {
                (true, false) => &[2, 3],
                (true, true) => &[1, 2, 3, 4, 5],
                (false, _) => &[0, 1, 2, 3, 4, 5],
            };
            let has_failed = matches!(ended.code, 2 | 3);
            let mut what = Vec::new();
            if !codes.contains(&ended.code) {
                what.push(format!("ended with {}", ended.code));
            }
            if has_failed && ended.said.trim().is_empty() {
                what.push("said nothing".to_owned());
            }
            if has_failed && errors(&ended.said) > 1 {
                what.push(format!("said {} errors", errors(&ended.said)));
            }
            let left: Vec<String> = files(&machine).difference(&before).cloned().collect();
            if has_failed && !left.is_empty() {
                what.push(format!("left {}", left.join(" ")));
            }
            for file in left {
                let _ = fs::remove_file(file);
            }
            if !what.is_empty() {
                wrong.push(format!("`{line}`: {}: {}", what.join(", "), ended.said));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_not_there_is_an_error() {
    // Where one makes the folder, and the other says that there is no database yet.
    let asks = |row: &Row| !row.line.starts_with("init") && !row.line.starts_with("db status");
    each(&[("nowhere/missing", true)], asks);
}

#[test]
fn a_folder_in_the_place_of_a_file_is_no_accident() {
    each(&[("folder", false)], |_| true);
}

#[test]
fn a_file_of_nothing_is_no_accident() {
    each(&[("empty", false)], |_| true);
}

#[test]
fn a_file_of_noise_is_no_accident() {
    each(&[("wrong", false)], |_| true);
}

#[test]
fn what_may_not_be_read_is_an_error() {
    // Root may read all.
    if rustix::process::geteuid().is_root() {
        let can = Command::new("setpriv").arg("--version").stdout(Stdio::null()).status();
        if !can.is_ok_and(|it| it.success()) {
            println!("skipped: there is no setpriv, and root reads all");
            return;
        }
    }
    let machine = ground();
    let mut wrong = Vec::new();
    for row in ROWS {
        let line = row.line.replace('@', &format!("{}closed", row.prefix));
        let whole = command(&machine, &line);
        let mut nobody = Command::new("setpriv");
        if rustix::process::geteuid().is_root() {
            nobody.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
        }
        nobody.arg(whole.get_program()).args(whole.get_args()).env_clear();
        nobody.envs(whole.get_envs().filter_map(|(name, value)| Some((name, value?))));
        nobody.env("PLIMSOLL_CACHE_DIR", machine.path("cache-of-nobody"));
        nobody.current_dir(machine.path(".")).stdin(Stdio::null());
        nobody.stdout(Stdio::null()).stderr(Stdio::piped());
        let ended = wait(nobody.spawn().unwrap(), &line);
        let is_right = matches!(ended.code, 2 | 3) || (is_foreign(row) && ended.code == 1);
        if !is_right || ended.said.trim().is_empty() || errors(&ended.said) > 1 {
            wrong.push(format!("`{line}` ended with {}: {}", ended.code, ended.said));
        }
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn nothing_at_all_is_an_error_of_one_line() {
    let machine = ground();
    let leaves = leaves(&machine);
    let covered = |leaf: &str| {
        ROWS.iter().any(|row| format!("{} ", row.line).starts_with(&format!("{leaf} ")))
            || LEFT_OUT.iter().any(|(name, _)| *name == leaf)
    };
    for leaf in &leaves {
        assert!(covered(leaf), "`{leaf}` is not in the table");
        // They run until they are told to end, or fetch what the world has published.
        let runs_on =
            ["kube operator", "kube scan", "watch", "db update", "trust update", "update"]
                .contains(&leaf.as_str());
        if runs_on || LEFT_OUT.iter().any(|(name, _)| name == leaf) {
            continue;
        }
        let ended = run(&machine, leaf);
        let lines = ended.said.lines().filter(|line| line.starts_with("error")).count();
        if ended.code == 2 {
            assert_eq!(lines, 1, "`{leaf}`: {}", ended.said);
            assert!(!ended.said.contains("\nUsage:"), "`{leaf}`: {}", ended.said);
        } else {
            assert!(matches!(ended.code, 0 | 1 | 3 | 4 | 5), "`{leaf}`: {}", ended.code);
        }
    }
}

/// All sub-commands that have none themselves.
fn leaves(machine: &Machine) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![String::new()];
    while let Some(path) = open.pop() {
        let help = machine.run(&format!("{path} --help")).ended(0).out;
        let listed = help.split("\nCommands:\n").nth(1).unwrap_or_default();
        let names: Vec<&str> = listed
            .lines()
            .take_while(|line| !line.is_empty())
            .filter(|line| line.starts_with("  ") && !line.starts_with("    "))
            .filter_map(|line| line.split_whitespace().next())
            .filter(|name| *name != "help")
            .collect();
        if names.is_empty() {
            found.push(path.trim().to_owned());
        }
        open.extend(names.iter().map(|name| format!("{path} {name}").trim().to_owned()));
    }
    found
}

#[test]
fn without_a_network_or_docker_it_ends_soon_with_an_error() {
    let machine = ground();
    for row in ROWS.iter().filter(|row| !row.image.is_empty()) {
        for image in ["127.0.0.1:1/app:1", "docker:app:1"] {
            let line = row.image.replace("registry:@", image).replace('@', image);
            let ended = run(&machine, &line);
            let is_right = matches!(ended.code, 2 | 3) || (is_foreign(row) && ended.code != 0);
            assert!(is_right, "`{line}` ended with {}: {}", ended.code, ended.said);
            assert!(errors(&ended.said) <= 1, "`{line}`: {}", ended.said);
            assert!(!ended.said.trim().is_empty(), "`{line}`");
        }
    }
}

#[test]
fn the_verdict_is_the_same_where_nobody_reads_the_report_to_its_end() {
    let machine = ground();
    for row in ROWS.iter().filter(|row| !row.good.is_empty()) {
        let line = row.line.replace('@', row.good);
        let good = run(&machine, &line);
        assert!(matches!(good.code, 0 | 1 | 3 | 5), "`{line}`: {}: {}", good.code, good.said);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = command(&machine, &line);
        let ended = wait(command.stdout(writer).spawn().unwrap(), &line);
        assert_eq!(ended.code, good.code, "`{line}` into a pipe that is closed: {}", ended.said);
    }
}

#[test]
fn where_there_is_no_room_for_a_report_that_is_said_and_nothing_is_left() {
    let machine = ground();
    for row in ROWS.iter().filter(|row| !row.output.is_empty()) {
        let line = row.line.replace('@', row.good);
        for (file, why) in [("/dev/full", "No space left"), ("nowhere/out", "No such file")] {
            let line = format!("{line} {}", row.output.replace('%', file));
            let before = files(&machine);
            let ended = run(&machine, &line);
            let is_right = matches!(ended.code, 2 | 3) || (is_foreign(row) && ended.code != 0);
            assert!(is_right, "`{line}` ended with {}: {}", ended.code, ended.said);
            assert!(ended.said.contains(why), "`{line}`: {}", ended.said);
            assert!(ended.said.contains(file), "`{line}`: {}", ended.said);
            assert!(!ended.said.contains(".tmp"), "`{line}`: {}", ended.said);
            assert_eq!(files(&machine), before, "`{line}`");
        }
        let mut command = command(&machine, &line);
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ended = wait(command.stdout(full).spawn().unwrap(), &line);
        if ended.said.contains("No space left") {
            assert!(ended.said.contains("stdout"), "`{line}`: {}", ended.said);
            assert!(ended.code != 0, "`{line}`: {}", ended.said);
        }
    }
}

#[test]
fn whoever_interrupts_is_obeyed_at_once() {
    let machine = ground();
    for row in ROWS.iter().filter(|row| row.line.contains('@')) {
        let line = row.line.replace('@', &format!("{}fifo", row.prefix));
        // Whoever runs tests in the background has them ignore interrupts, and what they start.
        let whole = command(&machine, &line);
        let mut heeding = Command::new("env");
        heeding.arg("--default-signal=INT").arg(whole.get_program()).args(whole.get_args());
        heeding.env_clear();
        heeding.envs(whole.get_envs().filter_map(|(name, value)| Some((name, value?))));
        heeding.current_dir(machine.path(".")).stdin(Stdio::null());
        let child = heeding.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let pid = child.id().to_string();
        let _ = Command::new("kill").args(["-INT", &pid]).stderr(Stdio::null()).status();
        let asked = Instant::now();
        let ended = wait(child, &line);
        assert!(asked.elapsed() < Duration::from_secs(10), "`{line}`");
        // Some see that a pipe is no file before they are interrupted.
        assert!(ended.code != 101, "`{line}`: {}", ended.said);
    }
}
