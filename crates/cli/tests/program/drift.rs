//! `plimsoll watch --inventory`: programs that are none of the image's are told without a rule.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::{Command, Stdio};
use std::time::Duration;

use plimsoll_runtime::scap::{Process, Writer};
use plimsoll_testkit::Dockerd;
use plimsoll_testkit::capture::{event, values};
use serde_json::Value;

use crate::machine::Machine;

const CONTAINER: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// Events by the numbers of the schema.
const OPEN: u16 = 3;
const EXECVE: u16 = 293;
/// Of the flags of `execve`.
const UPPER_LAYER: u32 = 2;
const FROM_MEMORY: u32 = 4;
/// `O_WRONLY | O_CREAT` in the numbers of captures.
const WRITE: u32 = 2 | 4;

fn cgroups(tid: i64) -> Vec<u8> {
    let path = if tid == 100 { format!("memory=/docker/{CONTAINER}") } else { "memory=/".into() };
    [path.as_bytes(), &[0]].concat()
}

/// A capture of a container's process 100 and a process 200 of the host, and what each executes.
pub(crate) fn capture(events: &[(i64, &str, u32)]) -> Vec<u8> {
    let process = |tid: i64| Process {
        tid,
        pid: tid,
        ptid: 1,
        vtid: tid,
        vpid: tid,
        comm: b"app".to_vec(),
        exe: b"/usr/bin/app".to_vec(),
        exepath: b"/usr/bin/app".to_vec(),
        args: b"--serve\0".to_vec(),
        cwd: b"/".to_vec(),
        root: b"/".to_vec(),
        cgroups: cgroups(tid),
        ..Process::default()
    };
    let mut writer = Writer::new(Vec::new()).unwrap();
    writer.processes([100, 200].into_iter().map(process)).unwrap();
    let mut bytes = writer.finish().unwrap();
    for (time, (tid, path, flags)) in (1_700_000_000_000_000_000_u64..).zip(events) {
        let zero = 0_u64.to_le_bytes();
        if let Some(path) = path.strip_prefix("write ") {
            let open = values().i64(4).text(path).u32(WRITE).u32(0o755).u32(1).bytes(&zero);
            event(&mut bytes, (time, *tid), OPEN, &open);
            continue;
        }
        let name = path.rsplit('/').next().unwrap();
        let mut execve = values().i64(0).text(path).bytes(b"-v\0").i64(*tid).i64(*tid).i64(1);
        execve = execve.text("/").bytes(&zero).bytes(&zero).bytes(&zero).u32(0).u32(0).u32(0);
        execve = execve.text(name).bytes(&cgroups(*tid)).bytes(b"").u32(0).i64(*tid).u32(0);
        execve = execve.u32(*flags);
        for _ in 0..6 {
            execve = execve.bytes(&zero);
        }
        let execve = execve.u32(0).text(path).i64(*tid).u32(0).text(path);
        event(&mut bytes, (time, *tid), EXECVE, &execve);
    }
    bytes
}

fn machine(events: &[(i64, &str, u32)]) -> Machine {
    let machine = Machine::new();
    machine.write("root/usr/bin/app", "a program");
    machine.write("root/usr/bin/env", "another");
    machine.write("trace.scap", capture(events));
    machine
}

const WATCH: &str = "watch --inventory rootfs:root --replay trace.scap";

#[test]
fn a_program_that_is_none_of_the_images_is_told_with_the_reason() {
    let ran = machine(&[
        (100, "/usr/bin/env", 0),
        (100, "write /tmp/tool", 0),
        (100, "/tmp/tool", 0),
        (100, "/usr/bin/nc", 0),
        (100, "/usr/bin/app", UPPER_LAYER),
        (100, "memfd:x", FROM_MEMORY),
        (200, "/tmp/tool", 0),
        (200, "/usr/bin/nc", 0),
    ])
    .run(&format!("{WATCH} -o json --fail-on critical"))
    .ended(1);
    let told: Vec<(String, String)> = ran
        .out
        .lines()
        .map(|line| {
            let alert: Value = serde_json::from_str(line).unwrap();
            assert_eq!(alert["rule"], "Drift from the image");
            assert_eq!(alert["output_fields"]["container.id"], "0123456789ab");
            let text = |name: &str| alert["output_fields"][name].as_str().unwrap().to_owned();
            (text("plimsoll.drift.path"), text("plimsoll.drift.reason"))
        })
        .collect();
    let expected = [
        ("/tmp/tool", "`env -v` wrote it in event 2"),
        ("/usr/bin/nc", "the image has no such program"),
        ("/usr/bin/app", "the container has changed the image's"),
        ("memfd:x", "it runs from memory and has no file"),
    ];
    let expected = expected.map(|(path, why)| (path.to_owned(), why.to_owned()));
    assert_eq!(told, expected, "{}", ran.err);
}

#[test]
fn drift_is_an_alert_like_others() {
    let machine =
        machine(&[(100, "/usr/bin/env", 0), (100, "write /tmp/tool", 0), (100, "/tmp/tool", 0)]);
    let ran = machine.run_with(&[("TZ", "UTC")], WATCH).ended(0);
    insta::assert_snapshot!(ran.out, @"22:13:20.000000002: Critical A program was executed that is none of the image's (exe=/tmp/tool command=tool -v parent=<NA> container=0123456789ab): `env -v` wrote it in event 2");
}

#[test]
fn an_image_as_it_was_built_has_no_drift() {
    let quiet = [(100, "/usr/bin/app", 0), (100, "write /tmp/data", 0), (100, "/usr/bin/env", 0)];
    let ran = machine(&quiet).run(WATCH).ended(0);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("3 events, 0 rules: 0 alerts"), "{}", ran.err);
}

#[test]
fn what_has_no_programs_cannot_be_compared() {
    let machine = machine(&[(100, "/usr/bin/app", 0)]);
    machine.write("empty/etc/motd", "hello");
    let ran = machine.run("watch --inventory rootfs:empty --replay trace.scap").ended(2);
    assert!(ran.err.contains("`rootfs:empty` has no programs to compare with"), "{}", ran.err);
}

/// A program of many names that asks for no library.
const BUSYBOX: &str = "/bin/busybox";

/// A root of a shell and a program of its own, and a folder that a container may have in the place of
/// that program's: of the same size, but for one byte.
fn image(machine: &Machine) -> Result<(), String> {
    let program = fs::read(BUSYBOX).map_err(|why| format!("{BUSYBOX}: {why}"))?;
    let mut other = program.clone();
    *other.last_mut().unwrap() ^= 1;
    for (path, bytes) in
        [("root/bin/busybox", &program), ("root/app/sleep", &program), ("other/sleep", &other)]
    {
        machine.write(path, bytes);
        fs::set_permissions(machine.path(path), Permissions::from_mode(0o755)).unwrap();
    }
    symlink("busybox", machine.path("root/bin/sh")).unwrap();
    let tar = ["-C", "root", "-cf", "image.tar", "."];
    let ran = Command::new("tar").args(tar).current_dir(machine.path(".")).status();
    ran.map_err(|why| why.to_string()).map(|_| ())
}

#[test]
fn a_program_in_the_place_of_the_images_is_known_by_its_content() {
    let machine = Machine::new();
    let dockerd = match image(&machine).and_then(|()| Dockerd::for_builds()) {
        Ok(dockerd) => dockerd,
        Err(why) => return println!("skipped: {why}"),
    };
    let path = |name: &str| machine.path(name).display().to_string();
    dockerd.docker(&["import", &path("image.tar"), "sleeper:1"]).unwrap();
    let volume = format!("{}:/app", path("other"));
    let run = |name: &str, more: &[&str], command: &str| {
        let id = path(&format!("{name}.id"));
        let run = ["run", "-d", "--network=none", "--name", name, "--cidfile", &id];
        let command = ["sleeper:1", "/bin/sh", "-c", command];
        dockerd.docker(&[&run[..], more, &command[..]].concat())
    };
    // What it writes is written before anybody watches, and is what was there.
    let before = "cat /app/sleep > /kept; cat /kept > /app/sleep; read x < /dev/zero";
    if let Err(why) = run("before", &[], before) {
        return println!("skipped: no container runs here: {why}");
    }
    let mut watch = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["watch", "--inventory", "rootfs:root", "--no-runtimes", "-o", "json"])
        .current_dir(machine.path("."))
        .stdout(File::create(machine.path("alerts.jsonl")).unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut err = BufReader::new(watch.stderr.take().unwrap());
    let mut told = String::new();
    while !told.contains("watching") {
        if err.read_line(&mut told).unwrap() == 0 {
            watch.wait().unwrap();
            return println!("skipped: {told}");
        }
    }
    // The first has ended before anybody looks, but its shell has not.
    let twice = "/app/sleep 0; /app/sleep 2";
    run("own", &[], twice).unwrap();
    run("other", &["-v", &volume], twice).unwrap();
    dockerd.docker(&["exec", "before", "/app/sleep", "1"]).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let pid = watch.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    err.read_to_string(&mut told).unwrap();
    let lost = watch.wait().unwrap().code() != Some(0);
    let _ = dockerd.docker(&["rm", "-f", "before", "own", "other"]);
    if lost {
        return println!("skipped: this machine was too busy: {told}");
    }

    // Whoever runs these tests may be in a container itself.
    let alerts = fs::read_to_string(machine.path("alerts.jsonl")).unwrap();
    let of = |name: &str| -> BTreeSet<(String, String)> {
        let id = fs::read_to_string(machine.path(&format!("{name}.id"))).unwrap();
        let alerts = alerts.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let text = |fields: &Value, name: &str| fields[name].as_str().unwrap().to_owned();
        alerts
            .map(|alert| alert["output_fields"].clone())
            .filter(|fields| id.starts_with(fields["container.id"].as_str().unwrap()))
            .map(|it| (text(&it, "plimsoll.drift.path"), text(&it, "plimsoll.drift.reason")))
            .collect()
    };
    let told_of = ("/app/sleep".to_owned(), "the image has another content there".to_owned());
    assert_eq!(of("other"), BTreeSet::from([told_of]), "{told}{alerts}");
    assert_eq!(of("own"), BTreeSet::new(), "{told}");
    assert_eq!(of("before"), BTreeSet::new(), "{told}");
}
