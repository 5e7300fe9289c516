//! What a capture is, by its first bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use plimsoll_runtime::event::Stream;
use plimsoll_runtime::sources::Reader;

/// The events of a file, or of standard input for `-`.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn Stream>> {
    let mut input: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::with_capacity(1 << 16, File::open(path)?))
    };
    let begin = input.fill_buf()?;
    if begin.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) || begin.starts_with(&[0x1f, 0x8b]) {
        let why = "it is a capture of system calls, which this build cannot read";
        return Err(io::Error::new(io::ErrorKind::Unsupported, why));
    }
    Ok(Box::new(Reader::new(input)))
}
