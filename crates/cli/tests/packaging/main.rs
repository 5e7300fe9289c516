//! What is shipped beside the program: the chart, units, pipelines' files, the image, the documentation.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
#![allow(dead_code, reason = "machines are those of the other tests, which use more of them")]

#[path = "../program/machine.rs"]
mod machine;

mod beside;
mod blocks;
mod book;
mod chart;
mod charts;
mod cluster;
mod compose;
mod image;
mod links;
mod manual;
mod pages;
mod pipelines;
mod units;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A file or folder of the repository.
fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap().join(path)
}

/// Whether a program is there; says so where it is not.
fn is_there(program: &str, asked: &str) -> bool {
    let there = Command::new(program).arg(asked).output().is_ok();
    if !there {
        eprintln!("skipped: there is no {program}");
    }
    there
}

/// What a program printed, which ended well.
#[track_caller]
fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{out}{}", String::from_utf8_lossy(&output.stderr));
    out
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let into = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &into);
        } else {
            std::fs::copy(&path, into).unwrap();
        }
    }
}

/// The path with the folder of our program first.
fn path() -> std::ffi::OsString {
    let ours = Path::new(env!("CARGO_BIN_EXE_plimsoll")).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(ours).chain(std::env::split_paths(&path))).unwrap()
}
