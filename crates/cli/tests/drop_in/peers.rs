//! The real programs, where they are.

use std::path::PathBuf;
use std::process::Command;

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
    use std::io::Write;
    let mut child = Command::new(peer("jq")?)
        .args(["-r", filter])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{filter}");
    Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
}
