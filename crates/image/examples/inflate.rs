//! Inflates layers and looks at none of the bytes: what a scan of them cannot beat.
//!
//! `inflate IMAGE` where IMAGE is an OCI layout, whose layers are inflated over all cores, or a
//! file that is read from end to end. Prints the number of bytes that came out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a tool of the benchmarks stops at the first surprise"
)]

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

fn main() {
    let image = PathBuf::from(std::env::args().nth(1).expect("usage: inflate IMAGE"));
    let mut files = if image.is_dir() { blobs(&image) } else { vec![image] };
    // The longest first, so that no core is left with it at the end.
    files.sort_by_key(|file| std::cmp::Reverse(fs::metadata(file).unwrap().len()));
    let bytes: u64 = files.into_par_iter().with_max_len(1).map(|file| drain(&file)).sum();
    println!("{bytes}");
}

/// The files of a layout that are compressed: its layers.
fn blobs(layout: &Path) -> Vec<PathBuf> {
    let blobs = fs::read_dir(layout.join("blobs/sha256")).unwrap().map(|blob| blob.unwrap().path());
    blobs.filter(|blob| start(blob).starts_with(&GZIP) || start(blob).starts_with(&ZSTD)).collect()
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

fn start(file: &Path) -> Vec<u8> {
    let mut start = Vec::new();
    File::open(file).unwrap().take(4).read_to_end(&mut start).unwrap();
    start
}

fn drain(path: &Path) -> u64 {
    let start = start(path);
    let file = BufReader::with_capacity(256 << 10, File::open(path).unwrap());
    let mut out: Box<dyn Read> = if start.starts_with(&GZIP) {
        Box::new(flate2::bufread::MultiGzDecoder::new(file))
    } else if start.starts_with(&ZSTD) {
        Box::new(zstd::Decoder::with_buffer(file).unwrap())
    } else {
        Box::new(file)
    };
    let mut buffer = vec![0; 256 << 10];
    let mut bytes = 0;
    loop {
        match out.read(&mut buffer).unwrap() {
            0 => return bytes,
            read => bytes += read as u64,
        }
    }
}
