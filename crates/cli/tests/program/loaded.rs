//! `watch --loaded` and `scan --loaded`: what of an image is used, and what that says of findings.
//!
//! The live test builds an image of compiled programs, runs it in a container and compares with
//! `/proc/PID/maps`; where no container can be started it says why and passes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use plimsoll_testkit::Dockerd;
use serde_json::{Value, json};

use crate::machine::{Machine, Ran};

const LIBC: &str = "/lib/x86_64-linux-gnu/libc.so.6";
const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";
/// Weaknesses of these versions stand in the starter set.
const PACKAGES: [(&str, &str, &[&str]); 3] = [
    ("curl", "7.88.1-10", &["/opt/planted/lib/libunused.so"]),
    ("libc6", "2.36-9+deb12u1", &[LIBC, LOADER, "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"]),
    ("planted", "1", &["/opt/planted/bin/app", "/opt/planted/lib/libused.so"]),
];

fn dpkg(machine: &Machine) {
    let mut status = String::new();
    for (name, version, files) in PACKAGES {
        let source = if name == "libc6" { "Source: glibc\n" } else { "" };
        let _ = write!(
            status,
            "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n{source}Version: {version}\n\n"
        );
        machine.write(&format!("root/var/lib/dpkg/info/{name}.list"), files.join("\n"));
    }
    machine.write("root/var/lib/dpkg/status", status);
    machine.write(
        "root/etc/os-release",
        "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nNAME=Debian\n",
    );
}

fn used(how: &str) -> Value {
    json!({"how": how, "by": "/usr/bin/server", "first": "2026-01-01T00:00:00Z",
        "last": "2026-01-01T10:00:00Z"})
}

fn record(files: &Value, gaps: &Value) -> String {
    let image = json!({"image": {"name": "rootfs:root"}, "files": files, "gaps": gaps,
        "windows": [{"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z", "containers": 3}]});
    json!({"schema": "plimsoll.loaded/v1", "images": [image]}).to_string()
}

/// The package and the state of each finding, in the order of the report.
fn states(ran: &Ran) -> Vec<(String, String)> {
    let report = ran.json();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|it| (text(&it["package"]["name"]), text(&it["loaded"]["state"]))).collect()
}

#[test]
fn findings_tell_whether_their_code_was_loaded_and_only_what_never_was_is_excused() {
    let machine = Machine::new();
    dpkg(&machine);
    machine.write("used.json", record(&json!({LIBC: used("mapped")}), &json!([])));
    let ran = machine.run("scan rootfs:root --loaded used.json -o json").ended(0);
    let of = |name: &str| -> BTreeSet<String> {
        states(&ran).into_iter().filter(|(of, _)| of == name).map(|(_, state)| state).collect()
    };
    assert_eq!(of("curl"), BTreeSet::from(["never_loaded".to_owned()]), "{}", ran.said());
    assert_eq!(of("libc6"), BTreeSet::from(["loaded".to_owned()]), "{}", ran.said());

    let table = machine.run("scan rootfs:root --loaded used.json").ended(0).out;
    assert!(table.contains("never loaded since 2026-01-01"), "{table}");
    assert!(table.contains("loaded (mapped)"), "{table}");

    let vex = machine.run("scan rootfs:root --loaded used.json -o openvex").ended(0).json();
    let statements = vex["statements"].as_array().unwrap();
    assert!(!statements.is_empty());
    for statement in statements {
        assert_eq!(statement["status"], "not_affected");
        assert_eq!(statement["justification"], "vulnerable_code_not_in_execute_path");
        let part = statement["products"][0]["subcomponents"][0]["@id"].as_str().unwrap();
        assert!(part.starts_with("pkg:deb/debian/curl@"), "{part}");
        let said = statement["impact_statement"].as_str().unwrap();
        assert!(said.contains("2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z (3 containers)"));
    }
    machine.run("scan rootfs:root --fail-on critical").ended(1);
    let gate = "scan rootfs:root --loaded used.json --only-loaded --fail-on critical";
    let ran = machine.run(gate).ended(0);
    assert!(!ran.out.contains("curl"), "{}", ran.said());
}

#[test]
fn a_package_of_which_only_a_program_would_tell_was_never_loaded_if_that_never_ran() {
    let machine = Machine::new();
    dpkg(&machine);
    machine.write("root/var/lib/dpkg/info/curl.list", "/.\n/opt/curl\n/opt/curl/run\n");
    machine.write("root/opt/curl/run", "a program");
    let mode = |mode| {
        let program = machine.path("root/opt/curl/run");
        fs::set_permissions(program, fs::Permissions::from_mode(mode)).unwrap();
        let ran = machine.run("scan rootfs:root --loaded used.json -o json").ended(0);
        states(&ran).into_iter().find(|(of, _)| of == "curl").unwrap().1
    };
    machine.write("used.json", record(&json!({LIBC: used("mapped")}), &json!([])));
    assert_eq!(mode(0o755), "never_loaded");
    assert_eq!(mode(0o644), "not_observed", "nothing that runs is in it");
}

#[test]
fn where_something_may_have_been_missed_nothing_is_excused() {
    let machine = Machine::new();
    dpkg(&machine);
    for gap in [
        "events_lost",
        "mappings_not_watched",
        "unknown_files",
        "too_many_files",
        "unknown_containers",
    ] {
        machine.write("used.json", record(&json!({}), &json!([gap])));
        let ran = machine.run("scan rootfs:root --loaded used.json -o json").ended(0);
        let states: BTreeSet<String> = states(&ran).into_iter().map(|(_, state)| state).collect();
        assert_eq!(states, BTreeSet::from(["not_observed".to_owned()]), "{gap}");
        let vex = machine.run("scan rootfs:root --loaded used.json -o openvex").ended(0).json();
        assert_eq!(vex["statements"], json!([]));
    }
    // What only hides interpreted code says nothing against libraries.
    machine.write("used.json", record(&json!({}), &json!(["begun_before"])));
    let ran = machine.run("scan rootfs:root --loaded used.json -o json").ended(0);
    assert!(states(&ran).iter().all(|(_, state)| state == "never_loaded"), "{}", ran.said());
    // Of another image nothing is known.
    let other = record(&json!({}), &json!([])).replace("rootfs:root", "web:1");
    machine.write("used.json", other);
    let ran = machine.run("scan rootfs:root --loaded used.json -o json").ended(0);
    assert!(ran.err.contains("nothing of this image was recorded"), "{}", ran.said());
    assert!(states(&ran).iter().all(|(_, state)| state == "not_observed"));
}

#[test]
fn a_wrong_record_is_named_and_vex_needs_one() {
    let machine = Machine::new();
    dpkg(&machine);
    machine.write("used.json", "{}");
    let ran = machine.run("scan rootfs:root --loaded used.json").ended(2);
    assert!(ran.err.contains("`used.json`"), "{}", ran.said());
    let ran = machine.run("scan rootfs:root -o openvex").ended(2);
    assert!(ran.err.contains("--loaded"), "{}", ran.said());
}

fn compile(machine: &Machine, arguments: &[&str]) -> Result<(), String> {
    let mut cc = Command::new("cc");
    cc.args(arguments).current_dir(machine.path("."));
    let ran = cc.output().map_err(|error| format!("cc: {error}"))?;
    if ran.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&ran.stderr).into()) }
}

/// An image with a program, a library that it uses and one that it does not.
fn image(machine: &Machine) -> Result<(), String> {
    dpkg(machine);
    for path in [LIBC, LOADER] {
        let bytes = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
        machine.write(&format!("root{path}"), bytes);
    }
    machine.write("used.c", "int used(void) { return 7; }");
    machine.write("app.c", "int used(void); unsigned sleep(unsigned);\nint main(void) { return used() == 7 ? (int) sleep(120) : 1; }");
    fs::create_dir_all(machine.path("root/opt/planted/lib")).unwrap();
    fs::create_dir_all(machine.path("root/opt/planted/bin")).unwrap();
    for library in ["root/opt/planted/lib/libused.so", "root/opt/planted/lib/libunused.so"] {
        compile(machine, &["-shared", "-fPIC", "-o", library, "used.c"])?;
    }
    compile(
        machine,
        &[
            "-o",
            "root/opt/planted/bin/app",
            "app.c",
            "-Lroot/opt/planted/lib",
            "-lused",
            "-Wl,-rpath,/opt/planted/lib",
        ],
    )?;
    for path in [LOADER, LIBC, "/opt/planted/bin/app"] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(machine.path(&format!("root{path}")), mode).unwrap();
    }
    Command::new("tar")
        .args(["-C", "root", "-cf", "image.tar", "."])
        .current_dir(machine.path("."))
        .status()
        .map_err(|error| error.to_string())?;
    Ok(())
}

/// The number of the container's process, by a look from outside.
fn process(dockerd: &Dockerd, name: &str) -> String {
    let ran = Command::new("docker")
        .arg("--host")
        .arg(format!("unix://{}", dockerd.socket().display()))
        .args(["inspect", "-f", "{{.State.Pid}}", name])
        .output()
        .unwrap();
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

/// The files that a process has mapped as code, as the kernel has them.
fn maps(pid: &str) -> BTreeSet<String> {
    let maps = fs::read_to_string(Path::new("/proc").join(pid).join("maps")).unwrap();
    let code =
        maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|it| it.contains('x')));
    code.filter_map(|line| line.find('/').and_then(|at| line.get(at..)))
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_a_container_maps_is_what_the_kernel_says_and_the_unused_library_is_never_loaded() {
    let machine = Machine::new();
    let dockerd = match image(&machine).and_then(|()| Dockerd::for_builds()) {
        Ok(dockerd) => dockerd,
        Err(why) => return println!("skipped: {why}"),
    };
    let tar = machine.path("image.tar").display().to_string();
    dockerd.docker(&["import", &tar, "planted:1"]).unwrap();
    let run = |name: &str| {
        let run =
            ["run", "-d", "--network=none", "--name", name, "planted:1", "/opt/planted/bin/app"];
        dockerd.docker(&run)
    };
    if let Err(why) = run("before") {
        return println!("skipped: no container runs here: {why}");
    }
    let mut watch = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["watch", "--loaded", "used.json", "--inventory", "rootfs:root", "--no-runtimes"])
        .args(["-o", "json"])
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
    run("after").unwrap();
    let new = machine.path("root/opt/planted/bin/app").display().to_string();
    dockerd.docker(&["cp", &new, "after:/opt/planted/bin/intruder"]).unwrap();
    dockerd.docker(&["exec", "-d", "after", "/opt/planted/bin/intruder"]).unwrap();
    std::thread::sleep(Duration::from_secs(1));
    let mut oracle = maps(&process(&dockerd, "before"));
    oracle.extend(maps(&process(&dockerd, "after")));
    let pid = watch.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    err.read_to_string(&mut told).unwrap();
    let lost = watch.wait().unwrap().code() != Some(0);
    let _ = dockerd.docker(&["rm", "-f", "before", "after"]);
    if lost {
        return println!("skipped: this machine was too busy: {told}");
    }

    let record: Value =
        serde_json::from_slice(&fs::read(machine.path("used.json")).unwrap()).unwrap();
    let files = record["images"][0]["files"].as_object().unwrap();
    let planted = |path: &&String| path.starts_with("/opt/planted/");
    for path in &oracle {
        assert!(files.contains_key(path), "{path} is missing: {record}\n{told}");
    }
    let seen: BTreeSet<&String> = files.keys().filter(planted).collect();
    let mut expected: BTreeSet<String> = oracle.iter().filter(planted).cloned().collect();
    expected.insert("/opt/planted/bin/intruder".to_owned());
    assert_eq!(seen, expected.iter().collect(), "{record}");
    assert_eq!(files["/opt/planted/bin/app"]["how"], "executed");
    assert_eq!(files["/opt/planted/lib/libused.so"]["how"], "mapped");
    let packages = record["images"][0]["packages"].as_object().unwrap();
    assert!(packages.keys().any(|purl| purl.starts_with("pkg:deb/debian/planted@1")), "{record}");

    let alerts = fs::read_to_string(machine.path("alerts.jsonl")).unwrap();
    let drift = alerts.lines().filter(|line| line.contains("/opt/planted/bin/intruder")).count();
    assert!(drift >= 1, "{alerts}\n{told}");
    assert!(!alerts.contains("\"plimsoll.drift.path\":\"/opt/planted/bin/app\""), "{alerts}");

    let ran = machine.run("scan rootfs:root --loaded used.json -o json").ended(0);
    let states = states(&ran);
    // A machine that is too busy misses something, which the record says; then nothing is excused.
    let gaps = record["images"][0]["gaps"].as_array().unwrap();
    let is_whole = gaps.iter().all(|gap| gap == "begun_before");
    let unused = if is_whole { "never_loaded" } else { "not_observed" };
    assert!(states.iter().any(|it| it.0 == "curl" && it.1 == unused), "{states:?} {gaps:?}");
    assert!(states.iter().any(|it| it.0 == "libc6" && it.1 == "loaded"), "{states:?}");
}
