//! Static libraries and other ar archives: time, owner and mode of each member.
//!
//! Source: <https://www.freebsd.org/cgi/man.cgi?query=ar&sektion=5>.

use std::io;
use std::ops::Range;

use super::super::cause;
use super::super::differing::{all_within, ranges};
use super::{Explained, Pair};
use crate::content::{ReadAt, read_exact_at};

const MAGIC: &[u8] = b"!<arch>\n";
const HEADER: u64 = 60;

/// Members that are looked at.
const MAX_MEMBERS: usize = 100_000;

/// Stretches that may differ: three fields of every member, with gaps where digits agree.
const MAX_RANGES: usize = 10 * MAX_MEMBERS;

pub(super) fn explain(pair: &Pair<'_>) -> io::Result<Explained> {
    if !pair.begins_with(MAGIC)? {
        return Ok(None);
    }
    let Some(found) = ranges(pair.original, pair.rebuilt, MAX_RANGES)? else { return Ok(None) };
    let fields = fields(pair.original)?;
    Ok(all_within(&found, &fields).then(|| (&cause::AR, String::new())))
}

/// Time, owner, group and mode of every member.
fn fields(file: &dyn ReadAt) -> io::Result<Vec<Range<u64>>> {
    let mut all = Vec::new();
    let mut at = MAGIC.len() as u64;
    while at.saturating_add(HEADER) <= file.size() && all.len() < MAX_MEMBERS {
        let header = read_exact_at(file, at, 60)?;
        let size = header.get(48..58).and_then(|size| std::str::from_utf8(size).ok());
        let Some(size) = size.and_then(|size| size.trim().parse::<u64>().ok()) else { break };
        all.push(at + 16..at + 48);
        at = at.saturating_add(HEADER).saturating_add(size).saturating_add(size % 2);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::super::testing::said;

    fn library(time: u32, owner: u32, object: &str) -> Vec<u8> {
        let header = format!(
            "{:<16}{time:<12}{owner:<6}{owner:<6}{:<8}{:<10}`\n",
            "a.o/",
            100_644,
            object.len()
        );
        format!("!<arch>\n{header}{object}").into_bytes()
    }

    #[test]
    fn times_and_owners_of_members_are_told_and_their_content_is_not() {
        assert_eq!(
            said("lib.a", &library(1, 0, "code"), &library(1_700_000_000, 1000, "code")),
            Some("ar")
        );
        assert_eq!(said("lib.a", &library(1, 0, "\u{1}ode"), &library(1, 0, "\u{1}ude")), None);
    }
}
