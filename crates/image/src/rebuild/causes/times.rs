//! Binary files in which nothing differs but numbers that are the time of the build.
//!
//! Such a number is within a week of the time at which its own file was changed, on both sides:
//! by chance that is so for one in some hundred million pairs of numbers.

use std::io;
use std::ops::Range;

use super::super::cause;
use super::super::differing::ranges;
use super::{Explained, Pair};
use crate::byte_order::ByteOrder;
use crate::content::{ReadAt, read_exact_at};

/// Stretches that may differ.
const MAX_RANGES: usize = 4096;

/// How far a time may be from that of the file, in seconds: a week.
const NEAR: i64 = 7 * 86_400;

pub(super) fn explain(pair: &Pair<'_>) -> io::Result<Explained> {
    let Some(found) = ranges(pair.original, pair.rebuilt, MAX_RANGES)? else { return Ok(None) };
    // Files that were given no time of their own prove nothing.
    if pair.times[0] == pair.times[1] || pair.times.iter().any(|time| *time < 1_000_000_000) {
        return Ok(None);
    }
    let mut numbers = 0;
    // Bytes that agree by chance part one number into several stretches.
    let mut covered = 0;
    for range in &found {
        if range.end <= covered {
            continue;
        }
        match number(pair, range)? {
            Some(end) => (numbers, covered) = (numbers + 1, end),
            None => return Ok(None),
        }
    }
    let found = (numbers > 0).then(|| (&cause::BINARY_TIME, format!("{numbers} numbers")));
    Ok(found)
}

/// The end of the number that `range` belongs to, if it is a time.
fn number(pair: &Pair<'_>, range: &Range<u64>) -> io::Result<Option<u64>> {
    let size = pair.original.size();
    for start in range.start.saturating_sub(3)..=range.start {
        if start + 4 < range.end || start + 4 > size {
            continue;
        }
        let (a, b) = (four(pair.original, start)?, four(pair.rebuilt, start)?);
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let near = |bytes: &[u8], time: i64| {
                order.u32(bytes, 0).is_some_and(|it| (i64::from(it) - time).abs() <= NEAR)
            };
            if near(&a, pair.times[0]) && near(&b, pair.times[1]) {
                return Ok(Some(start + 4));
            }
        }
    }
    Ok(None)
}

fn four(file: &dyn ReadAt, at: u64) -> io::Result<Vec<u8>> {
    read_exact_at(file, at, 4)
}

#[cfg(test)]
mod tests {
    use super::super::testing::explained;

    #[test]
    fn a_number_near_the_files_own_time_is_told_in_either_order() {
        let file = |time: u32, order: fn(u32) -> [u8; 4]| {
            [&b"\0head\xff"[..], &order(time), b"\0tail\xfe", &order(time + 5)].concat()
        };
        let times = [1_700_000_000, 1_710_000_000];
        for order in [u32::to_le_bytes, u32::to_be_bytes] {
            let (a, b) = (file(1_700_000_100, order), file(1_710_000_100, order));
            let (id, detail) = explained("a.bin", &a, &b, times).unwrap();
            assert_eq!((id, detail.as_str()), ("binary-time", "2 numbers"));
            assert_eq!(explained("a.bin", &a, &b, [5, 6]), None);
            assert_eq!(explained("a.bin", &a, &file(1_810_000_100, order), times), None);
        }
    }
}
