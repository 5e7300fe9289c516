//! Merely inflates blobs with zlib-rs or zstd over all cores, and nothing else: the time that
//! the reading of a compressed image is measured against.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool of the benchmarks")]

use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::atomic::{AtomicUsize, Ordering};

fn main() {
    let blobs: Vec<String> = std::env::args().skip(1).collect();
    let begun = std::time::Instant::now();
    let (next, total) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(path) = blobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    total.fetch_add(inflate(path), Ordering::Relaxed);
                }
            });
        }
    });
    println!("{} bytes in {:?}", total.into_inner(), begun.elapsed());
}

fn inflate(path: &str) -> usize {
    let mut file = File::open(path).unwrap();
    let mut start = [0; 2];
    file.read_exact(&mut start).unwrap();
    let stored = BufReader::with_capacity(128 << 10, File::open(path).unwrap());
    let mut inflated: Box<dyn Read> = match start {
        [0x1f, 0x8b] => Box::new(flate2::bufread::MultiGzDecoder::new(stored)),
        [0x28, 0xb5] => Box::new(zstd::stream::read::Decoder::with_buffer(stored).unwrap()),
        _ => return 0,
    };
    let mut buffer = vec![0; 256 << 10];
    let mut total = 0;
    loop {
        match inflated.read(&mut buffer).unwrap() {
            0 => return total,
            read => total += read,
        }
    }
}
