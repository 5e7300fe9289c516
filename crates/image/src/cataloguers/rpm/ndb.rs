//! The headers in SUSE's own database: slots that point at blobs.
//!
//! Slots of 16 bytes (magic, package number, block, number of blocks) fill the first pages, the
//! header of the file stands in place of the first two. A blob begins with 16 bytes (magic,
//! package number, generation, length) and ends with 12 (Adler-32, length, magic). Blocks have 16
//! bytes; numbers are little-endian.
//!
//! Source: <https://github.com/rpm-software-management/rpm/blob/master/lib/backend/ndb/rpmpkg.c>.

use crate::byte_order::ByteOrder::Little;
use crate::cataloguers::rpm::header::MAX_HEADER;
use crate::cataloguers::rpm::intake::Intake;
use crate::content::{ReadAt, read_exact_at};

pub(super) const MAGIC: &[u8] = b"RpmP";

const PAGE: usize = 4096;
const SLOT: usize = 16;
const BLOCK: u64 = 16;
const HEAD: usize = 16;
const TAIL: usize = 12;

/// Hands every header to `intake`.
pub(super) fn read(content: &dyn ReadAt, intake: &mut Intake) {
    let start = read_exact_at(content, 0, 32).unwrap_or_default();
    match Little.u32(&start, 4) {
        Some(0) => {}
        Some(version) => return intake.damaged(format!("unknown version {version}")),
        None => return intake.damaged("the file ends within its header"),
    }
    let claimed = Little.len32(&start, 12).unwrap_or(0);
    let held = usize::try_from(content.size().div_ceil(PAGE as u64)).unwrap_or(usize::MAX);
    if claimed > held {
        intake.damaged(format!("the file ends behind page {held} of {claimed} with slots"));
    }
    // Blobs do not overlap, so that together they are no larger than the file.
    let mut room = content.size();
    for page in 0..claimed.min(held) {
        let offset = (page * PAGE) as u64;
        let left = usize::try_from(content.size() - offset).unwrap_or(usize::MAX);
        let Ok(slots) = read_exact_at(content, offset, left.min(PAGE)) else {
            return intake.damaged(format!("page {page} of slots cannot be read"));
        };
        let first = if page == 0 { 2 } else { 0 };
        for (at, slot) in slots.chunks_exact(SLOT).enumerate().skip(first) {
            if let Err(why) = read_slot(content, slot, &mut room, intake) {
                intake.damaged(format!("slot {}: {why}", page * (PAGE / SLOT) + at));
            }
        }
    }
}

fn read_slot(
    content: &dyn ReadAt,
    slot: &[u8],
    room: &mut u64,
    intake: &mut Intake,
) -> Result<(), &'static str> {
    let number = |at| Little.u32(slot, at).ok_or("cut off");
    if slot.get(..4) != Some(b"Slot") {
        return Err("not a slot");
    }
    let (package, block, blocks) = (number(4)?, number(8)?, number(12)?);
    // Package number 0 is a free slot.
    if package == 0 {
        return Ok(());
    }
    let length = usize::try_from(u64::from(blocks) * BLOCK).unwrap_or(usize::MAX);
    if !(HEAD + TAIL..=MAX_HEADER).contains(&length) {
        return Err("impossible length");
    }
    *room = room.checked_sub(length as u64).ok_or("its blob overlaps others")?;
    let blob = read_exact_at(content, u64::from(block) * BLOCK, length)
        .map_err(|_| "its blob lies behind the end of the file")?;
    let tail = length - TAIL;
    if blob.get(..4) != Some(b"BlbS") || blob.get(tail + 8..) != Some(b"BlbE") {
        return Err("it points at no blob");
    }
    if Little.u32(&blob, 4) != Some(package) {
        return Err("its blob is another package's");
    }
    let held = Little.len32(&blob, 12).ok_or("cut off")?;
    let header = blob.get(HEAD..tail).and_then(|b| b.get(..held)).ok_or("its blob is cut off")?;
    if blob.get(..tail).map(adler32) != Little.u32(&blob, tail) {
        return Err("its blob has a wrong checksum");
    }
    intake.header(header);
    Ok(())
}

/// The checksum of RFC 1950.
fn adler32(bytes: &[u8]) -> u32 {
    const PRIME: u32 = 65_521;
    let (mut a, mut b) = (1_u32, 0_u32);
    // The longest run after which neither sum can have overflowed.
    for run in bytes.chunks(5552) {
        for &byte in run {
            a += u32::from(byte);
            b += a;
        }
        a %= PRIME;
        b %= PRIME;
    }
    (b << 16) | a
}

#[cfg(test)]
mod tests {
    use super::super::Rpm;
    use super::super::header::tests::header;
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn the_checksum_is_that_of_zlib() {
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        assert_eq!(adler32(&vec![0xff; 20_000]) >> 16, {
            let mut sums = (1_u64, 0_u64);
            for _ in 0..20_000 {
                sums.0 = (sums.0 + 255) % 65_521;
                sums.1 = (sums.1 + sums.0) % 65_521;
            }
            u32::try_from(sums.1).unwrap()
        });
    }

    /// A database of these headers, as rpm writes it.
    fn database(headers: &[Vec<u8>]) -> Vec<u8> {
        let mut slots = [MAGIC, &[0; 8], &1_u32.to_le_bytes(), &[0; 16]].concat();
        let mut blobs: Vec<u8> = Vec::new();
        for (number, header) in (1_u32..).zip(headers) {
            let block = u32::try_from((PAGE + blobs.len()) / 16).unwrap();
            let held = u32::try_from(header.len()).unwrap();
            let mut blob =
                [b"BlbS", &number.to_le_bytes()[..], &[0; 4], &held.to_le_bytes()].concat();
            blob.extend(header);
            while !(blob.len() + TAIL).is_multiple_of(16) {
                blob.push(0);
            }
            let sum = adler32(&blob);
            blob.extend([sum, held].into_iter().flat_map(u32::to_le_bytes));
            blob.extend(b"BlbE");
            let blocks = u32::try_from(blob.len() / 16).unwrap();
            slots.extend(b"Slot");
            slots.extend([number, block, blocks].into_iter().flat_map(u32::to_le_bytes));
            blobs.extend(blob);
        }
        while slots.len() < PAGE {
            slots.extend(b"Slot");
            slots.extend([0; 12]);
        }
        [slots, blobs].concat()
    }

    fn package(name: &str) -> Vec<u8> {
        let name = format!("{name}\0");
        header(&[(1000, 6, 1, name.as_bytes()), (1001, 6, 1, b"1\0"), (1002, 6, 1, b"2\0")])
    }

    #[test]
    fn each_slot_gives_its_header() {
        let bytes = database(&[package("a"), package("gpg-pubkey"), package("b")]);
        assert_eq!(listing(&Rpm, "var/lib/rpm/Packages.db", &bytes), "rpm a 1-2\nrpm b 1-2\n");
    }

    #[test]
    fn damage_costs_one_package_and_is_named() {
        let mut bytes = database(&[package("a"), package("b")]);
        let end = bytes.len();
        bytes[PAGE + 40] ^= 1;
        insta::assert_snapshot!(listing(&Rpm, "var/lib/rpm/Packages.db", &bytes), @r"
        rpm b 1-2
        Partial: the rpm database is damaged: slot 2: its blob has a wrong checksum
        ");
        bytes[PAGE + 40] ^= 1;
        insta::assert_snapshot!(listing(&Rpm, "var/lib/rpm/Packages.db", &bytes[..end - 1]), @r"
        rpm a 1-2
        Partial: the rpm database is damaged: slot 3: its blob lies behind the end of the file
        ");
    }

    #[test]
    fn a_slot_for_the_same_blob_again_is_refused() {
        let mut bytes = database(&[package("a")]);
        let slot = bytes[32..48].to_vec();
        for at in (48..PAGE).step_by(16) {
            bytes[at..at + 16].copy_from_slice(&slot);
        }
        let listed = listing(&Rpm, "var/lib/rpm/Packages.db", &bytes);
        assert!(listed.matches("rpm a 1-2").count() < 60, "{listed}");
        assert!(listed.contains("its blob overlaps others"), "{listed}");
    }

    proptest::proptest! {
        #[test]
        fn no_change_panics(at in 0_usize..PAGE + 200, byte in proptest::num::u8::ANY) {
            let mut bytes = database(&[package("a"), package("b")]);
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            listing(&Rpm, "var/lib/rpm/Packages.db", &bytes);
        }
    }
}
