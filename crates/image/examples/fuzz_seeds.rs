//! Makes seeds for the fuzz target `catalogue` of real files.
//!
//! `fuzz_seeds FOLDER OUT`: each file below FOLDER that a cataloguer wants by its path becomes a seed:
//! the numbers of the cataloguer and of its wish, a byte each, and the content.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a tool of the tests stops at the first surprise"
)]

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_image::cataloguer::Want;
use plimsoll_image::cataloguers::ALL;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, out] = arguments.as_slice() else {
        eprintln!("usage: fuzz_seeds FOLDER OUT");
        std::process::exit(2);
    };
    fs::create_dir_all(out).unwrap();
    let mut open = vec![PathBuf::from(folder)];
    let mut made = 0_usize;
    while let Some(here) = open.pop() {
        for entry in fs::read_dir(&here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.metadata().is_ok_and(|file| file.len() < 1 << 20) {
                made += seeds(&path, Path::new(out), made);
            }
        }
    }
    println!("{made} seeds in {out}");
}

/// The seeds of one file: one for each wish that it fulfils.
fn seeds(file: &Path, out: &Path, before: usize) -> usize {
    let path = file.to_string_lossy();
    let mut made = 0;
    for (at, cataloguer) in ALL.iter().enumerate() {
        for (wish, want) in cataloguer.wants().iter().enumerate() {
            let fulfils = match *want {
                Want::Path(end) | Want::Name(end) | Want::Suffix(end) => path.ends_with(end),
                Want::In(folder, end) | Want::InNamed(folder, end) => {
                    let parent = file.parent().unwrap_or(file);
                    parent.ends_with(folder) && path.ends_with(end)
                }
                Want::Executable => false,
            };
            if fulfils {
                let mut seed = vec![u8::try_from(at).unwrap(), u8::try_from(wish).unwrap()];
                seed.extend(fs::read(file).unwrap());
                fs::write(out.join(format!("seed-{:05}", before + made)), seed).unwrap();
                made += 1;
            }
        }
    }
    made
}
