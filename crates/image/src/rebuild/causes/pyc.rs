//! Compiled Python: its header has the time of its source unless it goes by hash.
//!
//! Source: <https://peps.python.org/pep-0552/>.

use std::io;

use super::super::cause;
use super::super::differing::{all_within, ranges};
use super::{Explained, Pair};
use crate::content::read_exact_at;

pub(super) fn explain(pair: &Pair<'_>) -> io::Result<Explained> {
    let is_pyc = |file: &dyn crate::content::ReadAt| -> io::Result<bool> {
        if file.size() < 16 {
            return Ok(false);
        }
        let head = read_exact_at(file, 0, 8)?;
        // Version and line end, then flags: with none of them the time comes next.
        Ok(head.get(2..4) == Some(b"\r\n") && head.get(4..8) == Some(&[0; 4]))
    };
    let is_named = std::path::Path::new(pair.path).extension().is_some_and(|it| it == "pyc");
    if !is_named || !is_pyc(pair.original)? || !is_pyc(pair.rebuilt)? {
        return Ok(None);
    }
    let found = ranges(pair.original, pair.rebuilt, 4)?;
    let only_time = found.is_some_and(|found| all_within(&found, std::slice::from_ref(&(8..12))));
    Ok(only_time.then(|| (&cause::PYC, String::new())))
}

#[cfg(test)]
mod tests {
    use super::super::testing::said;

    fn pyc(time: u32, code: &[u8]) -> Vec<u8> {
        [&b"\xcb\x0d\x0d\x0a\0\0\0\0"[..], &time.to_le_bytes(), &[9, 0, 0, 0], code].concat()
    }

    #[test]
    fn a_time_in_the_header_is_told_and_other_code_is_other_content() {
        assert_eq!(said("a.pyc", &pyc(1, b"code"), &pyc(2, b"code")), Some("pyc"));
        assert_eq!(said("a.pyc", &pyc(1, b"code"), &pyc(2, b"cude")), None);
        assert_eq!(said("a.txt", &pyc(1, b"\x01"), &pyc(2, b"\x01")), None);
    }
}
