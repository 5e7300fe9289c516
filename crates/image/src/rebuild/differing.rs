//! Where two files of one size differ.

use std::io;
use std::ops::Range;

use crate::content::{ReadAt, read_exact_at};

/// Bytes compared at a time.
const PIECE: u64 = 64 << 10;

/// The stretches that differ, in order; `None` where sizes differ or there are more than `most`.
pub(super) fn ranges(
    one: &dyn ReadAt,
    other: &dyn ReadAt,
    most: usize,
) -> io::Result<Option<Vec<Range<u64>>>> {
    let size = one.size();
    if size != other.size() {
        return Ok(None);
    }
    let mut found: Vec<Range<u64>> = Vec::new();
    let mut at = 0;
    while at < size {
        let len = usize::try_from(PIECE.min(size - at)).unwrap_or(0);
        let (a, b) = (read_exact_at(one, at, len)?, read_exact_at(other, at, len)?);
        if a != b {
            for (place, _) in a.iter().zip(&b).enumerate().filter(|(_, (x, y))| x != y) {
                let place = at + place as u64;
                let count = found.len();
                match found.last_mut() {
                    Some(last) if last.end == place => last.end = place + 1,
                    _ if count == most => return Ok(None),
                    _ => found.push(place..place + 1),
                }
            }
        }
        at += len as u64;
    }
    Ok(Some(found))
}

/// Whether every stretch lies in one of `allowed`, which are in order and do not overlap.
pub(super) fn all_within(ranges: &[Range<u64>], allowed: &[Range<u64>]) -> bool {
    ranges.iter().all(|range| {
        let next = allowed.partition_point(|it| it.end <= range.start);
        allowed.get(next).is_some_and(|it| it.start <= range.start && range.end <= it.end)
    })
}

/// Ranges in order, those that touch as one.
pub(super) fn merged(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| range.start);
    let mut done: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match done.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => done.push(range),
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_found_across_pieces_and_bounded() {
        let one = vec![0_u8; 200_000];
        let mut other = one.clone();
        for at in [0, 65_535, 65_536, 65_537, 199_999] {
            other[at] = 1;
        }
        let found = ranges(&one, &other, 10).unwrap().unwrap();
        assert_eq!(found, [0..1, 65_535..65_538, 199_999..200_000]);
        assert_eq!(ranges(&one, &other, 2).unwrap(), None);
        assert_eq!(ranges(&one, &vec![0; 3], 2).unwrap(), None);
        let allowed = merged(vec![65_530..65_540, 0..1, 199_990..200_000, 65_538..65_541]);
        assert!(all_within(&found, &allowed));
        assert!(!all_within(&found, &allowed[1..]));
    }
}
