//! A `.dockerignore` of any bytes, asked for a path: the first line of the input is the path.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_build::build_context::{IgnoreFile, Steps};

fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|one| *one == b'\n').unwrap_or(data.len());
    let (path, text) = data.split_at(end);
    let path = String::from_utf8_lossy(path);
    let file = IgnoreFile::parse(text);
    let answer = file.ignores(&path, &mut Steps::default());
    // Nothing is left out where nothing is named, and what is left out is so each time.
    assert!(!file.is_empty() || answer == Some(false));
    assert_eq!(answer, file.ignores(&path, &mut Steps::default()));
});
