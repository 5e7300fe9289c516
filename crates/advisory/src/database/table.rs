//! A sorted table from hash to number, found by bisection.
//!
//! A row is 12 bytes: xxh3 of the key, and the number. Different keys may share a hash; whoever
//! looks up compares the key at the place that the number leads to.

use xxhash_rust::xxh3::xxh3_64;

use super::encoding::Reader;

const ROW: usize = 12;

/// The hash of a package of an ecosystem.
pub(super) fn package_hash(ecosystem: &str, package: &str) -> u64 {
    xxh3_64(package.as_bytes()) ^ xxh3_64(ecosystem.as_bytes()).rotate_left(32)
}

/// The hash of an advisory's id, in any case.
pub(super) fn id_hash(id: &str) -> u64 {
    xxh3_64(id.to_ascii_uppercase().as_bytes())
}

/// Sorts rows into a table.
pub(super) fn build(mut rows: Vec<(u64, u32)>) -> Vec<u8> {
    rows.sort_unstable();
    rows.dedup();
    let mut out = Vec::with_capacity(rows.len() * ROW);
    for (hash, number) in rows {
        out.extend_from_slice(&hash.to_le_bytes());
        out.extend_from_slice(&number.to_le_bytes());
    }
    out
}

/// Numbers of all rows with this hash.
pub(super) fn find(table: &[u8], hash: u64) -> impl Iterator<Item = u32> + '_ {
    let (rows, _) = table.as_chunks::<ROW>();
    let first = rows.partition_point(|row| Reader::new(row).u64().is_some_and(|h| h < hash));
    rows.get(first..).unwrap_or_default().iter().map_while(move |row| {
        let mut reader = Reader::new(row);
        (reader.u64()? == hash).then(|| reader.u32())?
    })
}

/// Numbers of all rows.
pub(super) fn numbers(table: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let (rows, _) = table.as_chunks::<ROW>();
    rows.iter().filter_map(|row| {
        let mut reader = Reader::new(row);
        reader.u64()?;
        reader.u32()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_went_in_is_found(rows in proptest::collection::vec((0..50_u64, 0..9_u32), 0..80)) {
            let table = build(rows.clone());
            for (hash, number) in rows {
                proptest::prop_assert!(find(&table, hash).any(|found| found == number));
            }
            proptest::prop_assert_eq!(find(&table, 99).count(), 0);
        }
    }
}
