//! What may make two files of one path differ, one file a format.

mod ar;
mod gzip;
mod object;
mod pyc;
mod text;
mod times;
mod zip;

use std::io;

use super::cause::Cause;
use super::differing::ranges;
use crate::content::ReadAt;

/// The two versions of a file.
pub(super) struct Pair<'p> {
    pub(super) path: &'p str,
    pub(super) original: &'p dyn ReadAt,
    pub(super) rebuilt: &'p dyn ReadAt,
    /// When each was changed, in seconds since 1970.
    pub(super) times: [i64; 2],
}

/// A cause, and what more there is to say.
pub(super) type Explained = Option<(&'static Cause, String)>;

/// Every explanation, the exact ones first. Each says nothing of files of another format.
const ALL: &[fn(&Pair<'_>) -> io::Result<Explained>] = &[
    pyc::explain,
    gzip::explain,
    ar::explain,
    zip::explain,
    object::explain,
    text::explain,
    times::explain,
];

/// The first explanation that holds. What says no more than which parts differ is the last word.
pub(super) fn of(pair: &Pair<'_>) -> io::Result<Explained> {
    // A layer may have a path twice, and what was kept is the first of them.
    if ranges(pair.original, pair.rebuilt, 0)?.is_some_and(|found| found.is_empty()) {
        return Ok(None);
    }
    let mut words = None;
    for explain in ALL {
        match explain(pair)? {
            Some((cause, detail)) if cause.id == super::cause::CONTENT.id => {
                words = words.or(Some((cause, detail)));
            }
            None => {}
            found => return Ok(found),
        }
    }
    Ok(words)
}

impl Pair<'_> {
    /// Whether both begin with `magic`.
    fn begins_with(&self, magic: &[u8]) -> io::Result<bool> {
        let begins = |file: &dyn ReadAt| {
            let mut start = vec![0; magic.len()];
            Ok::<_, io::Error>(file.read_at(&mut start, 0)? == magic.len() && start == magic)
        };
        Ok(begins(self.original)? && begins(self.rebuilt)?)
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// What is said of two contents of one path.
    pub(in super::super) fn said(
        path: &str,
        original: &[u8],
        rebuilt: &[u8],
    ) -> Option<&'static str> {
        explained(path, original, rebuilt, [0, 0]).map(|(id, _)| id)
    }

    pub(in super::super) fn explained(
        path: &str,
        original: &[u8],
        rebuilt: &[u8],
        times: [i64; 2],
    ) -> Option<(&'static str, String)> {
        let pair = Pair { path, original: &original, rebuilt: &rebuilt, times };
        of(&pair).unwrap().map(|(cause, detail)| (cause.id, detail))
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(
            mut one in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
            mut other in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
            same in proptest::bool::ANY,
            form in 0..7,
        ) {
            if same {
                other.clone_from(&one);
                if let Some(byte) = other.last_mut() {
                    *byte ^= 1;
                }
            }
            let magic: &[u8] = match form {
                0 => b"\x7fELF\x02\x01\x01", 1 => b"PK\x03\x04", 2 => b"!<arch>\n",
                3 => b"\x1f\x8b\x08\0", 4 => b"\xcb\x0d\x0d\x0a\0\0\0\0", 5 => b"2024-01-01 10:00:00 ",
                _ => b"",
            };
            one.splice(0..0, magic.iter().copied());
            other.splice(0..0, magic.iter().copied());
            explained("a.pyc", &one, &other, [1_700_000_000, 1_800_000_000]);
        }
    }
}
