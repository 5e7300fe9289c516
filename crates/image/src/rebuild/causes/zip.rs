//! Zip archives and jars: the times of their members.

use std::io;

use super::super::cause;
use super::super::differing::{all_within, merged, ranges};
use super::{Explained, Pair};
use crate::zip::{Zip, ZipError};

/// Stretches that may differ: two times of each of 100,000 members, in two places.
const MAX_RANGES: usize = 1_000_000;

pub(super) fn explain(pair: &Pair<'_>) -> io::Result<Explained> {
    if !pair.begins_with(b"PK\x03\x04")? {
        return Ok(None);
    }
    let Some(found) = ranges(pair.original, pair.rebuilt, MAX_RANGES)? else { return Ok(None) };
    let times = match Zip::open(pair.original).and_then(|zip| zip.times()) {
        Ok(times) => merged(times),
        Err(ZipError::Io(error)) => return Err(error),
        Err(_) => return Ok(None),
    };
    Ok(all_within(&found, &times).then(|| (&cause::ZIP, String::new())))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::super::testing::said;

    fn jar(year: u16, content: &[u8]) -> Vec<u8> {
        let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let time = zip::DateTime::from_date_and_time(year, 1, 2, 3, 4, 6).unwrap();
        let options = zip::write::SimpleFileOptions::default().last_modified_time(time);
        for name in ["META-INF/MANIFEST.MF", "a.class"] {
            out.start_file(name, options).unwrap();
            out.write_all(content).unwrap();
        }
        out.finish().unwrap().into_inner()
    }

    #[test]
    fn times_of_members_are_told_and_their_content_is_not() {
        assert_eq!(said("a.jar", &jar(2020, b"code"), &jar(2021, b"code")), Some("zip"));
        assert_eq!(said("a.jar", &jar(2020, b"code"), &jar(2020, b"cude")), None);
    }
}
