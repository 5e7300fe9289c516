//! Pages of the manual and completions: each command has its page, each shell takes its script.

use std::fs;
use std::process::Command;

use crate::is_there;
use crate::machine::Machine;

#[test]
fn every_command_has_a_page_that_a_manual_shows() {
    let machine = Machine::new();
    fs::create_dir(machine.path("man1")).unwrap();
    machine.run("man man1").ended(0);
    for page in ["plimsoll.1", "plimsoll-scan.1", "plimsoll-kube-netpol-matrix.1"] {
        let text = machine.read(&format!("man1/{page}"));
        assert!(text.contains(".TH"), "{page}: {text}");
    }
    assert!(machine.read("man1/plimsoll-scan.1").contains("fail\\-on"));
    assert_eq!(machine.run("man").ended(0).out, machine.read("man1/plimsoll.1"));
    machine.run("man nowhere").ended(3);
}

#[test]
fn every_shell_takes_its_script() {
    let machine = Machine::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = machine.run(&format!("completions {shell}")).ended(0).out;
        assert!(script.contains("plimsoll") && script.contains("fail-on"), "{shell}");
        machine.write(&format!("complete.{shell}"), script);
    }
    machine.run("completions tcsh").ended(2);
    for shell in ["bash", "zsh", "fish"] {
        if is_there(shell, "--version") {
            let script = machine.path(&format!("complete.{shell}"));
            let ran = Command::new(shell).arg("-n").arg(script).output().unwrap();
            assert!(ran.status.success(), "{shell}: {}", String::from_utf8_lossy(&ran.stderr));
        }
    }
    let asks = ". ./complete.bash; COMP_WORDS=(plimsoll sca); COMP_CWORD=1; _plimsoll plimsoll sca \
                plimsoll; printf '%s\\n' \"${COMPREPLY[@]}\"";
    if is_there("bash", "--version") {
        let ran = Command::new("bash").args(["-c", asks]).current_dir(machine.path("")).output();
        assert_eq!(String::from_utf8_lossy(&ran.unwrap().stdout), "scan\n");
    }
}
