//! The headers in an SQLite database: rows of the table `Packages`, keyed by package number.
//!
//! Only what such a table needs is read: table b-trees and their overflow pages. Each page is
//! visited once at most, so that a loop of pages ends. A write-ahead log is another file and is
//! not looked at.
//!
//! Source: <https://www.sqlite.org/fileformat2.html>.

use crate::byte_order::ByteOrder::Big;
use crate::cataloguers::rpm::intake::{Intake, Pages};
use crate::content::{ReadAt, read_exact_at};

pub(super) const MAGIC: &[u8] = b"SQLite format 3\0";

/// SQLite's own limit on the depth of a b-tree.
const MAX_DEPTH: usize = 20;

const LEAF: u8 = 0x0d;
const INTERIOR: u8 = 0x05;

struct Database<'c> {
    pages: Pages<'c>,
    /// Bytes of a page that hold content.
    usable: usize,
}

/// Hands every header to `intake`.
pub(super) fn read(content: &dyn ReadAt, intake: &mut Intake) {
    let Ok(start) = read_exact_at(content, 0, 100) else {
        return intake.damaged("the file ends within its header");
    };
    // A page of 65,536 bytes does not fit the field and is written as 1.
    let page_size = match Big.u16(&start, 16) {
        Some(1) => 65_536,
        Some(size) if size >= 512 && size.is_power_of_two() => usize::from(size),
        _ => return intake.damaged("impossible page size"),
    };
    let reserved = start.get(20).copied().map_or(0, usize::from);
    let usable = page_size.saturating_sub(reserved);
    if usable < 480 {
        return intake.damaged("impossible page size");
    }
    let mut database = Database { pages: Pages::new(content, page_size), usable };
    let claimed = Big.u32(&start, 28).unwrap_or(0);
    if u64::from(claimed) > database.pages.count() {
        let held = database.pages.count();
        intake.damaged(format!("the file ends behind page {held} of {claimed}"));
    }
    let mut root = None;
    database.walk(1, intake, |row, _| {
        let [kind, name, _, page, ..] = row else { return };
        if kind == &Value::Bytes(b"table".to_vec()) && name == &Value::Bytes(b"Packages".to_vec()) {
            root = page.number();
        }
    });
    match root.and_then(|root| u32::try_from(root).ok()) {
        Some(root) => {
            database.walk(root, intake, |row, intake| match row.iter().find_map(Value::bytes) {
                Some(blob) => intake.header(blob),
                None => intake.damaged("a row of `Packages` without a header"),
            });
        }
        None => intake.damaged("there is no readable table `Packages`"),
    }
}

/// One column of a row, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
enum Value {
    /// NULL or a fraction.
    Other,
    Number(i64),
    /// Text or a blob.
    Bytes(Vec<u8>),
}

impl Value {
    fn number(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    fn bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }
}

impl Database<'_> {
    /// Calls `each` for the rows below page `root`, left to right.
    fn walk(
        &mut self,
        root: u32,
        intake: &mut Intake,
        mut each: impl FnMut(&[Value], &mut Intake),
    ) {
        let mut open = vec![(root, 0)];
        while let Some((number, depth)) = open.pop() {
            if intake.is_hopeless() {
                return;
            }
            let page = match self.pages.take(number.wrapping_sub(1)) {
                Ok(page) => page,
                Err(why) => {
                    intake.damaged(format!("page {number}: {why}"));
                    continue;
                }
            };
            // The first page begins with the header of the database.
            let start = if number == 1 { 100 } else { 0 };
            let kind = page.get(start).copied();
            let cells = Big.u16(&page, start + 3).map_or(0, usize::from);
            match kind {
                Some(LEAF) => {
                    for cell in 0..cells {
                        let at = Big.u16(&page, start + 8 + 2 * cell).map(usize::from);
                        match at
                            .and_then(|at| page.get(at..))
                            .ok_or("cut off")
                            .and_then(|cell| self.row(cell))
                        {
                            Ok(row) => each(&row, intake),
                            Err(why) => intake.damaged(format!("page {number}, row {cell}: {why}")),
                        }
                    }
                }
                Some(INTERIOR) if (open.len() + cells) as u64 > self.pages.count() => {
                    intake.damaged(format!("page {number} has more branches than there are pages"));
                }
                Some(INTERIOR) if depth < MAX_DEPTH => {
                    // The last is pushed first, so that rows come in the order of their keys.
                    let right = Big.u32(&page, start + 8);
                    let child = |cell: usize| {
                        let at = Big.u16(&page, start + 12 + 2 * cell).map(usize::from)?;
                        Big.u32(&page, at)
                    };
                    let children = (0..cells).map(child).chain([right]).rev();
                    for child in children {
                        match child {
                            Some(child) => open.push((child, depth + 1)),
                            None => intake.damaged(format!("page {number} is cut off")),
                        }
                    }
                }
                Some(INTERIOR) => intake.damaged(format!("page {number} lies too deep")),
                _ => intake.damaged(format!("page {number} is no page of a table")),
            }
        }
    }

    /// The columns in a leaf's cell.
    fn row(&mut self, cell: &[u8]) -> Result<Vec<Value>, &'static str> {
        let (length, cell) = varint(cell).ok_or("cut off")?;
        let (_key, cell) = varint(cell).ok_or("cut off")?;
        let payload = self.payload(usize::try_from(length).map_err(|_| "too long")?, cell)?;
        columns(&payload).ok_or("malformed row")
    }

    /// The whole payload: what stands in the cell and what its overflow pages add.
    fn payload(&mut self, length: usize, cell: &[u8]) -> Result<Vec<u8>, &'static str> {
        if length > super::header::MAX_HEADER {
            return Err("row is too long");
        }
        self.pages.spend(length)?;
        let most = self.usable - 35;
        if length <= most {
            return Ok(cell.get(..length).ok_or("cut off")?.to_vec());
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let fitting = least + (length - least) % (self.usable - 4);
        let local = if fitting <= most { fitting } else { least };
        let mut payload = cell.get(..local).ok_or("cut off")?.to_vec();
        let mut next = Big.u32(cell, local).ok_or("cut off")?;
        while payload.len() < length {
            if next == 0 {
                return Err("its overflow pages end too early");
            }
            let page = self.pages.take(next - 1)?;
            next = Big.u32(&page, 0).ok_or("cut off")?;
            let taken = (length - payload.len()).min(self.usable - 4);
            payload.extend(page.get(4..4 + taken).ok_or("cut off")?);
        }
        Ok(payload)
    }
}

/// Columns of a record: a header of serial types, then the values.
fn columns(record: &[u8]) -> Option<Vec<Value>> {
    let (header, _) = varint(record)?;
    let header = usize::try_from(header).ok()?;
    let mut values = record.get(header..)?;
    let after = varint(record)?.1;
    let mut types = after.get(..header.checked_sub(record.len() - after.len())?)?;
    let mut columns = Vec::new();
    while !types.is_empty() {
        let (kind, rest) = varint(types)?;
        types = rest;
        let length = match kind {
            0..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            8..=11 => 0,
            _ => (kind - 12) / 2,
        };
        let (bytes, rest) = values.split_at_checked(usize::try_from(length).ok()?)?;
        values = rest;
        columns.push(match kind {
            1..=6 => {
                let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
                let sign = if negative { -1 } else { 0 };
                Value::Number(bytes.iter().fold(sign, |sum, &byte| (sum << 8) | i64::from(byte)))
            }
            8 => Value::Number(0),
            9 => Value::Number(1),
            0 | 7 | 10 | 11 => Value::Other,
            _ => Value::Bytes(bytes.to_vec()),
        });
    }
    Some(columns)
}

/// A number in one to nine bytes, seven bits each but for the last.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (at, &byte) in bytes.iter().enumerate().take(9) {
        let rest = bytes.get(at + 1..)?;
        if at == 8 {
            return Some(((number << 8) | u64::from(byte), rest));
        }
        number = (number << 7) | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((number, rest));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_have_one_to_nine_bytes() {
        assert_eq!(varint(&[0x05, 9]), Some((5, &[9][..])));
        assert_eq!(varint(&[0x81, 0x00]), Some((128, &[][..])));
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, &[][..])));
        assert_eq!(varint(&[0xff; 8]), None);
    }

    #[test]
    fn a_record_gives_its_columns() {
        let record = [4, 0, 1, 16, 0xfe, b'h', b'i'];
        let row = [Value::Other, Value::Number(-2), Value::Bytes(b"hi".to_vec())];
        assert_eq!(columns(&record).unwrap(), row);
        assert_eq!(columns(&[4, 0, 1, 200, 1]), None);
    }

    /// A database of 512-byte pages whose first page points at page 2 as root of `Packages`.
    fn database(pages: &[&[u8]]) -> Vec<u8> {
        let mut first = MAGIC.to_vec();
        first.extend([2, 0, 1, 1, 0, 64, 32, 32]);
        first.resize(100, 0);
        // One leaf cell: ("table", "Packages", "Packages", 2).
        let record = b"\x05\x17\x1d\x1d\x01tablePackagesPackages\x02";
        let length = u8::try_from(record.len()).unwrap();
        let cell = [&[length, 1][..], record].concat();
        let at = 512 - cell.len();
        first.extend([LEAF, 0, 0, 0, 1, 0, 0, 0]);
        first.extend(u16::try_from(at).unwrap().to_be_bytes());
        first.resize(at, 0);
        first.extend(cell);
        for page in pages {
            let mut page = page.to_vec();
            page.resize(512, 0);
            first.extend(page);
        }
        first
    }

    fn damage(pages: &[&[u8]]) -> Vec<String> {
        let mut intake = Intake::default();
        let bytes = database(pages);
        read(&bytes, &mut intake);
        intake.damage
    }

    #[test]
    fn a_tree_that_points_at_itself_ends() {
        let interior = [INTERIOR, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 14, 0, 0, 0, 2];
        assert_eq!(
            damage(&[&interior]),
            ["page 2: page is used twice", "page 2: page is used twice"]
        );
    }

    #[test]
    fn an_overflow_chain_that_loops_ends() {
        let mut leaf = vec![LEAF, 0, 0, 0, 1, 0, 0, 0, 0, 10];
        leaf.extend([0x83, 0xff, 0x00, 1]);
        leaf.extend([0; 500]);
        // Every second four bytes of the cell may be the chain's first page: page 3 at any rate.
        let leaf: Vec<u8> = leaf
            .into_iter()
            .enumerate()
            .map(|(i, b)| if i > 14 && i % 4 == 1 { 3 } else { b })
            .collect();
        let overflow = [0, 0, 0, 3];
        let damage = damage(&[&leaf, &overflow]);
        assert_eq!(damage.len(), 1, "{damage:?}");
        assert!(damage[0].starts_with("page 2, row 0"), "{damage:?}");
    }

    #[test]
    fn rows_that_share_their_bytes_are_refused() {
        // 200 cells, all at the same place, with 60 bytes of payload.
        let mut leaf = vec![LEAF, 0, 0, 0, 200, 0, 0, 0];
        leaf.extend([1, 180].repeat(200));
        leaf.resize(436, 0);
        leaf.extend([60, 1, 2, 0]);
        let damage = damage(&[&leaf]);
        assert_eq!(damage[0], "a row of `Packages` without a header");
        assert_eq!(damage.last().unwrap(), "page 2, row 19: its bytes are used twice");
    }

    #[test]
    fn a_missing_table_is_said() {
        assert_eq!(damage(&[])[0], "page 2: page lies behind the end of the file");
        let mut intake = Intake::default();
        let mut bytes = database(&[]);
        bytes[511] = 0;
        read(&bytes, &mut intake);
        assert_eq!(intake.damage, ["page 0: page lies behind the end of the file"]);
    }

    proptest::proptest! {
        #[test]
        fn no_pages_panic(pages in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..512), 0..4), kind in 0..3) {
            let pages: Vec<Vec<u8>> = pages.into_iter().map(|mut page| {
                if let (Some(first), Some(kind)) = (page.first_mut(), [LEAF, INTERIOR].get(usize::try_from(kind).unwrap())) {
                    *first = *kind;
                }
                page
            }).collect();
            let pages: Vec<&[u8]> = pages.iter().map(Vec::as_slice).collect();
            damage(&pages);
        }
    }
}
