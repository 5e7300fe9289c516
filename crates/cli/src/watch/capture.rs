//! What a capture is, by its first bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter};
use std::path::Path;

use plimsoll_runtime::event::Stream;
use plimsoll_runtime::scap::Limits;
use plimsoll_runtime::sources::Reader;
use plimsoll_runtime::syscall::Capture;

/// How captures of system calls begin: plain, with gzip, with zstd.
const CAPTURES: [&[u8]; 3] = [&[0x0a, 0x0d, 0x0d, 0x0a], &[0x1f, 0x8b], &[0x28, 0xb5, 0x2f, 0xfd]];

/// The events of a file, or of standard input for `-`; those that are kept go to another file.
pub(super) fn open(path: &Path, record: Option<&Path>) -> io::Result<Box<dyn Stream>> {
    let mut input: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::with_capacity(1 << 16, File::open(path)?))
    };
    let begin = input.fill_buf()?;
    if !CAPTURES.iter().any(|magic| begin.starts_with(magic)) {
        if record.is_some() {
            let why = "only captures of system calls can be recorded";
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
        return Ok(Box::new(Reader::new(input)));
    }
    let mut capture = Capture::new(input, Limits::default())?;
    if let Some(record) = record {
        capture.record(Box::new(BufWriter::new(File::create(record)?)));
    }
    Ok(Box::new(capture))
}
