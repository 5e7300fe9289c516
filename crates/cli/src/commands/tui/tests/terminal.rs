//! That the terminal is given back where the program panics.

use std::process::Command;

use super::super::screen::Screen;

#[test]
#[ignore = "run by the test below, in a terminal of its own"]
fn panics_while_it_has_the_terminal() {
    let _screen = Screen::enter().unwrap();
    panic!("on purpose");
}

#[test]
fn a_panic_is_told_on_the_first_screen_of_a_terminal_that_is_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let this = std::env::current_exe().unwrap();
    let test = "commands::tui::tests::terminal::panics_while_it_has_the_terminal";
    let script = format!(
        "stty -g > before; {} --ignored --exact {test} --nocapture; stty -g > after",
        this.display()
    );
    std::fs::write(folder.path().join("run.sh"), script).unwrap();
    let ran = Command::new("script")
        .args(["-qec", "sh run.sh", "/dev/null"])
        .current_dir(folder.path())
        .env("TERM", "xterm")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("before"), read("after"));
    let left = said.find("\u{1b}[?1049l").unwrap_or_else(|| panic!("{said}"));
    let told = said.find("on purpose").unwrap_or_else(|| panic!("{said}"));
    assert!(left < told, "{said}");
}
