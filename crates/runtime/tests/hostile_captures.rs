//! Captures that are cut short, lie or are noise: an error with its place, the rest kept, no panic.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::io::{Cursor, Read};

use plimsoll_runtime::event::{Arena, Event, FieldRef};
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::scap::Limits;
use plimsoll_runtime::syscall::Capture;
use proptest::prelude::*;

/// A capture without its compression.
fn plain(name: &str) -> Option<Vec<u8>> {
    let path = plimsoll_testkit::shared("runtime/captures")?.join(name);
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_end(&mut bytes)
        .unwrap();
    Some(bytes)
}

/// Events and problems of a capture; every field is asked of some of the events.
fn read(bytes: &[u8], fields: &[FieldRef]) -> (u64, Vec<String>) {
    let mut capture = Capture::new(Cursor::new(bytes), Limits::default()).unwrap();
    let (mut events, mut arena) = (0, Arena::new());
    while let Some(call) = capture.next() {
        events += 1;
        for field in fields {
            let _ = call.field(field, &arena);
        }
        arena.reset();
    }
    (events, capture.problems().iter().map(ToString::to_string).collect())
}

fn every_field() -> Vec<FieldRef> {
    let plain = Source::Syscall.fields().filter(|field| !field.traits.needs_argument);
    plain.filter_map(|field| FieldRef::resolve(Source::Syscall, field.name, None).ok()).collect()
}

/// Where the blocks of a capture begin.
fn blocks(bytes: &[u8]) -> Vec<usize> {
    let mut at = 0;
    let mut all = Vec::new();
    while at + 8 <= bytes.len() {
        all.push(at);
        at += u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
    }
    all
}

#[test]
fn a_capture_cut_at_any_block_keeps_what_is_before() {
    let Some(whole) = plain("cat_write.scap") else { return };
    let (all, problems) = read(&whole, &[]);
    assert_eq!(problems, Vec::<String>::new());
    let places = blocks(&whole);
    assert!(places.len() > 200);
    let mut before = 0;
    for at in &places[1..] {
        let (events, problems) = read(&whole[..*at], &[]);
        assert_eq!(problems, Vec::<String>::new(), "cut at {at}");
        assert!(events >= before && events <= all);
        before = events;
        let (within, problems) = read(&whole[..*at + 9], &[]);
        assert_eq!((within, problems.len()), (events, 1), "{problems:?}");
        assert!(problems[0].contains("the capture ends within"), "{problems:?}");
        assert!(problems[0].starts_with(&format!("at byte {at}: ")), "{problems:?}");
    }
}

#[test]
fn a_block_that_lies_about_its_length_is_told_with_its_place() {
    let Some(whole) = plain("cat_write.scap") else { return };
    for at in blocks(&whole).into_iter().step_by(7) {
        for lie in [0_u32, 3, 11, 13, 1 << 20, u32::MAX] {
            let mut bytes = whole.clone();
            bytes[at + 4..at + 8].copy_from_slice(&lie.to_le_bytes());
            let (_, problems) = read(&bytes, &[]);
            assert!(!problems.is_empty() && problems[0].starts_with("at byte "), "{at} {lie}");
        }
    }
}

#[test]
fn an_event_that_lies_costs_no_other() {
    let Some(whole) = plain("cat_write.scap") else { return };
    let (all, _) = read(&whole, &[]);
    let event = blocks(&whole).into_iter().rev().nth(20).unwrap();
    let mut bytes = whole.clone();
    // The length of the event itself, behind the processor, the time and the thread.
    bytes[event + 8 + 2 + 16..event + 8 + 2 + 20].copy_from_slice(&u32::MAX.to_le_bytes());
    let (events, problems) = read(&bytes, &[]);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("says that it has 4294967295 bytes"), "{problems:?}");
    assert_eq!(events, all - 1);
}

#[test]
fn what_is_no_capture_is_told() {
    for (bytes, why) in [
        (&b""[..], "at byte 0: the capture is empty"),
        (b"hello, this is text", "at byte 0: this is no capture: it does not begin with a section"),
        (&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1], "at byte 0: cannot be read: "),
    ] {
        let (events, problems) = read(bytes, &[]);
        assert_eq!(events, 0);
        assert!(problems[0].starts_with(why), "{problems:?}");
    }
}

#[test]
fn captures_may_stand_behind_each_other_and_be_compressed_with_zstd() {
    let Some(whole) = plain("cat_write.scap") else { return };
    let (once, _) = read(&whole, &[]);
    let twice = zstd::encode_all(Cursor::new(whole.repeat(2)), 1).unwrap();
    assert_eq!(read(&twice, &[]), (2 * once, Vec::new()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_noise_in_a_capture_panics(
        places in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..24),
        which in 0..4_usize,
    ) {
        let names = ["cat_write.scap", "ping_sendto.scap", "libs/curl_google.scap", "libs/test_ipv6_client.scap"];
        if let Some(mut bytes) = plain(names[which]) {
            for (place, value) in places {
                let at = place.index(bytes.len());
                bytes[at] = value;
            }
            read(&bytes, &every_field());
        }
    }
}
