//! Gzip files: a name and a time in the header, another level of compression.
//!
//! Source: RFC 1952.

use std::io::{self, Read};

use super::super::cause;
use super::{Explained, Pair};
use crate::content::ReadAt;

/// Inflated bytes that are compared: 1 GiB.
const MAX_INFLATED: u64 = 1 << 30;

pub(super) fn explain(pair: &Pair<'_>) -> io::Result<Explained> {
    if !pair.begins_with(b"\x1f\x8b\x08")? {
        return Ok(None);
    }
    let inflated =
        |file| flate2::read::MultiGzDecoder::new(InOrder { file, at: 0 }).take(MAX_INFLATED);
    let (mut one, mut other) = (inflated(pair.original), inflated(pair.rebuilt));
    // Damage is nobody's cause.
    match same(&mut one, &mut other) {
        Ok(true) => Ok(Some((&cause::GZIP, String::new()))),
        Ok(false) => Ok(Some((&cause::CONTENT, "differs when inflated".into()))),
        Err(_) => Ok(None),
    }
}

fn same(one: &mut impl Read, other: &mut impl Read) -> io::Result<bool> {
    let (mut a, mut b) = (Vec::with_capacity(PIECE), Vec::with_capacity(PIECE));
    loop {
        a.clear();
        b.clear();
        one.by_ref().take(PIECE as u64).read_to_end(&mut a)?;
        other.by_ref().take(PIECE as u64).read_to_end(&mut b)?;
        if a != b {
            return Ok(false);
        }
        if a.is_empty() {
            return Ok(true);
        }
    }
}

/// Inflated bytes that are compared at a time.
const PIECE: usize = 64 << 10;

struct InOrder<'f> {
    file: &'f dyn ReadAt,
    at: u64,
}

impl Read for InOrder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::testing::{explained, said};

    fn gzip(time: u32, level: u32, bytes: &[u8]) -> Vec<u8> {
        let mut out =
            flate2::GzBuilder::new().mtime(time).write(Vec::new(), flate2::Compression::new(level));
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn another_time_or_level_of_the_same_content_is_told() {
        let text = b"manual ".repeat(1000);
        assert_eq!(said("a.gz", &gzip(1, 6, &text), &gzip(2, 6, &text)), Some("gzip"));
        assert_eq!(said("a.gz", &gzip(1, 1, &text), &gzip(1, 9, &text)), Some("gzip"));
        let other = explained("a.gz", &gzip(1, 6, &text), &gzip(1, 6, &text[1..]), [0, 0]).unwrap();
        assert_eq!((other.0, other.1.as_str()), ("content", "differs when inflated"));
    }
}
