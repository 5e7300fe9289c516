//! Units for systemd: they load, they are as closed as they can be, and what they start exists.

use std::fs;
use std::process::Command;

use crate::machine::Machine;
use crate::{at, is_there, said};

/// Each service, and the exposure that systemd may give it at most, in tenths.
///
/// The sensor loads programs into the kernel and reads the processes of others: that is what it costs.
const SERVICES: &[(&str, u32)] = &[
    ("plimsoll-db.service", 15),
    ("plimsoll-scan.service", 10),
    ("plimsoll-server.service", 15),
    ("plimsoll-watch.service", 28),
];

#[test]
fn every_service_is_closed_to_what_it_does_not_need() {
    if !is_there("systemd-analyze", "--version") {
        return;
    }
    let there: Vec<String> = fs::read_dir(at("deploy/systemd"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "service"))
        .map(|path| path.display().to_string())
        .collect();
    assert_eq!(there.len(), SERVICES.len(), "{there:?}");
    for (name, most) in SERVICES {
        let ran = Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager", &format!("--threshold={most}")])
            .arg(at("deploy/systemd").join(name))
            .output()
            .unwrap();
        said(&ran);
    }
}

#[test]
fn every_unit_loads_and_starts_what_the_program_takes() {
    let machine = Machine::new();
    let program = env!("CARGO_BIN_EXE_plimsoll");
    let mut units = Vec::new();
    for entry in fs::read_dir(at("deploy/systemd")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        for line in text.lines().filter_map(|line| line.strip_prefix("ExecStart=")) {
            let words = line.split_whitespace().skip(1).filter(|word| !word.starts_with('$'));
            // Flags before it are judged before it is obeyed.
            let ran = machine.command().args(words).arg("--help").output().unwrap();
            said(&ran);
        }
        machine.write(&format!("units/{name}"), text.replace("/usr/bin/plimsoll", program));
        units.push(machine.path(&format!("units/{name}")));
    }
    if is_there("systemd-analyze", "--version") {
        let ran = Command::new("systemd-analyze")
            .args(["verify", "--recursive-errors=no"])
            .args(&units)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&ran.stderr).into_owned();
        let ours: Vec<&str> = told.lines().filter(|line| line.contains("plimsoll")).collect();
        assert!(ours.is_empty(), "{told}");
    }
}
