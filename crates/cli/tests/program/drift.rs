//! `plimsoll watch --inventory`: programs that are none of the image's are told without a rule.

use plimsoll_runtime::scap::{Process, Writer};
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
