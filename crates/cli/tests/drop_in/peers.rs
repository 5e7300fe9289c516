//! The real programs, where they are.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A program in `PATH` or in `PLIMSOLL_PEERS`; what is skipped without it is told.
pub(crate) fn peer(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let given = std::env::var_os("PLIMSOLL_PEERS").map(PathBuf::from);
    let found = std::env::split_paths(&path)
        .chain(given)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    if found.is_none() {
        println!("skipped: there is no {name} in PATH or PLIMSOLL_PEERS");
    }
    found
}

/// What a filter of jq gives, a line each.
pub(crate) fn jq(filter: &str, document: &str) -> Option<Vec<String>> {
    let said = fed(Command::new(peer("jq")?).args(["-r", filter]), document);
    Some(String::from_utf8(said).unwrap().lines().map(str::to_owned).collect())
}

/// What a program prints that gets a text; it must go well.
pub(crate) fn fed(command: &mut Command, text: &str) -> Vec<u8> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}");
    output.stdout
}
