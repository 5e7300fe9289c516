//! The headers in a Berkeley DB hash: pairs of package number and header on hash pages.
//!
//! Every page of a bucket is looked at in the order of the file, because the order of packages
//! does not matter and a damaged bucket then costs only itself. Large values lie on chains of
//! overflow pages. The file is in the byte order of the machine that wrote it.
//!
//! Source: <https://github.com/berkeleydb/libdb/blob/master/src/dbinc/db_page.h>.

use crate::byte_order::ByteOrder;
use crate::cataloguers::rpm::header::MAX_HEADER;
use crate::cataloguers::rpm::intake::{Intake, Pages};
use crate::content::{ReadAt, read_exact_at};

/// At byte 12 of the first page, in the file's byte order.
const HASH_MAGIC: u32 = 0x0006_1561;

const PAGE_HEAD: usize = 26;
const UNSORTED_HASH: u8 = 2;
const OVERFLOW: u8 = 7;
const HASH: u8 = 13;

const IN_PLACE: u8 = 1;
const OFF_PAGE: u8 = 3;

struct Database<'c> {
    order: ByteOrder,
    pages: Pages<'c>,
    size: usize,
}

/// In which order the file was written, where it is such a database.
pub(super) fn byte_order(start: &[u8]) -> Option<ByteOrder> {
    [ByteOrder::Little, ByteOrder::Big]
        .into_iter()
        .find(|order| order.u32(start, 12) == Some(HASH_MAGIC))
}

/// Hands every header to `intake`.
pub(super) fn read(content: &dyn ReadAt, order: ByteOrder, intake: &mut Intake) {
    let Ok(meta) = read_exact_at(content, 0, 72) else {
        return intake.damaged("the file ends within its header");
    };
    let size = order.len32(&meta, 20).unwrap_or(0);
    if !(512..=65_536).contains(&size) || !size.is_power_of_two() {
        return intake.damaged("impossible page size");
    }
    if meta.get(24).is_some_and(|&algorithm| algorithm != 0) {
        return intake.damaged("the database is encrypted");
    }
    let last = order.u32(&meta, 32).unwrap_or(0);
    let mut database = Database { order, pages: Pages::new(content, size), size };
    let whole = u32::try_from(database.pages.count()).unwrap_or(u32::MAX);
    if whole <= last {
        intake.damaged(format!("the file ends behind page {whole} of {}", u64::from(last) + 1));
    }
    for number in 1..whole {
        if intake.is_hopeless() {
            return;
        }
        let offset = u64::from(number) * size as u64;
        let Ok(head) = read_exact_at(content, offset, PAGE_HEAD) else {
            return intake.damaged(format!("page {number} cannot be read"));
        };
        if !matches!(head.last(), Some(&(HASH | UNSORTED_HASH))) || database.pages.is_used(number) {
            continue;
        }
        match database.pages.take(number) {
            Ok(page) => database.bucket(number, &page, intake),
            Err(why) => intake.damaged(format!("page {number}: {why}")),
        }
    }
}

impl Database<'_> {
    fn bucket(&mut self, number: u32, page: &[u8], intake: &mut Intake) {
        let entries = self.order.u16(page, 20).map_or(0, usize::from);
        if PAGE_HEAD + entries * 2 > self.size {
            return intake.damaged(format!("page {number} claims too many entries"));
        }
        // Keys and values take turns; an entry reaches up to where the one before it begins.
        let place = |at: usize| self.order.u16(page, PAGE_HEAD + 2 * at).map(usize::from);
        let item = |at: usize| {
            let end = if at == 0 { self.size } else { place(at - 1)? };
            page.get(place(at)?..end)
        };
        let pairs: Vec<_> =
            (0..entries / 2).map(|pair| (item(2 * pair), item(2 * pair + 1))).collect();
        for (pair, (key, value)) in pairs.into_iter().enumerate() {
            let header = match (key, value) {
                // Under number 0 stands the next number to give.
                (Some([IN_PLACE, 0, 0, 0, 0]), _) => continue,
                (Some(_), Some([IN_PLACE, header @ ..])) => {
                    self.pages.spend(header.len()).map(|()| header.to_vec())
                }
                (Some(_), Some(item @ [OFF_PAGE, ..])) => self.overflow(item),
                _ => Err("malformed"),
            };
            match header {
                Ok(header) => intake.header(&header),
                Err(why) => intake.damaged(format!("page {number}, entry {pair}: {why}")),
            }
        }
    }

    /// A value on pages of its own: type, 3 bytes unused, first page, length.
    fn overflow(&mut self, item: &[u8]) -> Result<Vec<u8>, &'static str> {
        let mut next = self.order.u32(item, 4).ok_or("cut off")?;
        let length = self.order.len32(item, 8).ok_or("cut off")?;
        if length > MAX_HEADER {
            return Err("value is too long");
        }
        self.pages.spend(length)?;
        let mut value = Vec::new();
        while value.len() < length {
            if next == 0 {
                return Err("its overflow pages end too early");
            }
            let page = self.pages.take(next)?;
            if page.get(25) != Some(&OVERFLOW) {
                return Err("its chain leads to a page of another kind");
            }
            let held = self.order.u16(&page, 22).map_or(0, usize::from);
            let bytes = page.get(PAGE_HEAD..).and_then(|rest| rest.get(..held)).ok_or("cut off")?;
            value.extend(bytes.get(..length - value.len()).unwrap_or(bytes));
            next = self.order.u32(&page, 16).ok_or("cut off")?;
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rpm;
    use super::super::header::tests::header;
    use super::*;
    use crate::cataloguer::listing;

    const PAGE: usize = 512;

    fn number(order: ByteOrder, number: usize) -> [u8; 4] {
        let number = u32::try_from(number).unwrap();
        if order == ByteOrder::Big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn short(order: ByteOrder, number: usize) -> [u8; 2] {
        let number = u16::try_from(number).unwrap();
        if order == ByteOrder::Big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    /// A page of `kind`; for overflow pages `entries` is unused and `used` the bytes on it.
    fn page(order: ByteOrder, kind: u8, next: usize, entries: usize, used: usize) -> Vec<u8> {
        let mut page = vec![0; 16];
        page.extend(number(order, next));
        page.extend(short(order, entries));
        page.extend(short(order, used));
        page.extend([0, kind]);
        page
    }

    /// A database with one header in the bucket and one on overflow pages, the last of which
    /// points at `after`.
    fn database(order: ByteOrder, after: usize) -> Vec<u8> {
        let mut meta = vec![0; 12];
        meta.extend(number(order, 0x0006_1561));
        meta.extend(number(order, 9));
        meta.extend(number(order, PAGE));
        meta.extend([0, 8, 0, 0]);
        meta.resize(32, 0);
        meta.extend(number(order, 3));
        meta.resize(PAGE, 0);

        let small = package("small", 0);
        let large = package("large", 700);
        let off_page =
            [&[OFF_PAGE, 0, 0, 0][..], &number(order, 2), &number(order, large.len())].concat();
        let items: [Vec<u8>; 6] = [
            vec![IN_PLACE, 0, 0, 0, 0],
            vec![IN_PLACE, 9, 0, 0, 0],
            vec![IN_PLACE, 1, 0, 0, 0],
            [&[IN_PLACE][..], &small].concat(),
            vec![IN_PLACE, 2, 0, 0, 0],
            off_page,
        ];
        let mut bucket = page(order, HASH, 0, items.len(), 0);
        let mut end = PAGE;
        for item in &items {
            end -= item.len();
            bucket.extend(short(order, end));
        }
        bucket.resize(end, 0);
        bucket.extend(items.iter().rev().flatten());

        let mut first = page(order, OVERFLOW, 3, 1, PAGE - PAGE_HEAD);
        first.extend(&large[..PAGE - PAGE_HEAD]);
        let rest = &large[PAGE - PAGE_HEAD..];
        let mut second = page(order, OVERFLOW, after, 1, rest.len());
        second.extend(rest);
        second.resize(PAGE, 0);
        [meta, bucket, first, second].concat()
    }

    fn package(name: &str, padding: usize) -> Vec<u8> {
        let name = format!("{name}\0");
        header(&[
            (1000, 6, 1, name.as_bytes()),
            (1001, 6, 1, b"1\0"),
            (1002, 6, 1, b"2\0"),
            (63, 7, 1, &vec![7; padding]),
        ])
    }

    const PATH: &str = "var/lib/rpm/Packages";

    #[test]
    fn both_byte_orders_give_small_and_large_headers() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let listed = listing(&Rpm, PATH, &database(order, 0));
            assert_eq!(listed, "rpm small 1-2\nrpm large 1-2\n", "{order:?}");
        }
    }

    #[test]
    fn a_chain_that_loops_costs_one_package() {
        let mut bytes = database(ByteOrder::Little, 0);
        bytes[2 * PAGE + 16] = 2;
        insta::assert_snapshot!(listing(&Rpm, PATH, &bytes), @r"
        rpm small 1-2
        Partial: the rpm database is damaged: page 1, entry 2: page is used twice
        ");
        bytes[2 * PAGE + 16] = 1;
        insta::assert_snapshot!(listing(&Rpm, PATH, &bytes), @r"
        rpm small 1-2
        Partial: the rpm database is damaged: page 1, entry 2: page is used twice
        ");
    }

    #[test]
    fn of_a_file_that_ends_early_the_readable_part_is_kept() {
        let bytes = database(ByteOrder::Big, 0);
        insta::assert_snapshot!(listing(&Rpm, PATH, &bytes[..3 * PAGE + 100]), @r"
        rpm small 1-2
        Partial: the rpm database is damaged: the file ends behind page 3 of 4
        Partial: the rpm database is damaged: page 1, entry 2: page lies behind the end of the file
        ");
    }

    proptest::proptest! {
        #[test]
        fn no_change_panics(changes in proptest::collection::vec((0_usize..4 * PAGE, proptest::num::u8::ANY), 1..8)) {
            let mut bytes = database(ByteOrder::Little, 0);
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            listing(&Rpm, PATH, &bytes);
        }
    }
}
