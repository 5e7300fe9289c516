//! A record of a ring becomes a block of a capture: looked over, with flags in the numbers that
//! captures have, and with the time of day.

use plimsoll_runtime::scap::Writer;

use crate::calls;
use crate::op::{CGROUPS, Parameter};

/// Before an event's parameters: time, thread, length, type, number of parameters.
const HEAD: usize = 8 + 8 + 4 + 2 + 4;
/// A block of an event that says how many parameters it has.
const EVENT: u32 = 0x216;
/// What stands around the body of a block.
const FRAME: usize = 12;

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It ends before its head does.
    #[error("it is shorter than its head")]
    Short,
    /// It says that it has another length.
    #[error("it says that it has another length")]
    Length,
    /// No call has an event of that type.
    #[error("no call has an event of its type")]
    Type,
    /// Not as many parameters as its type has.
    #[error("it has another number of parameters")]
    Count,
    /// Its parameters are longer or shorter than it.
    #[error("its parameters do not fit in it")]
    Parameters,
}

/// A type of event: its parameters, and which of them are the control groups.
#[derive(Clone, Copy)]
struct Type {
    parameters: &'static [Parameter],
    groups: Option<usize>,
}

/// By how many nanoseconds a clock differs that was set anew.
const STEP: u64 = 100_000_000;

/// What is made of records: the parameters of each type of event.
pub struct Framer {
    types: Vec<Option<Type>>,
    /// Nanoseconds between 1970 and the machine's start.
    boot_time: u64,
}

impl Framer {
    /// For a machine that was started so many nanoseconds after 1970.
    pub fn new(boot_time: u64) -> Self {
        let mut types = Vec::new();
        for call in calls::all() {
            let at = usize::from(call.event);
            if types.len() <= at {
                types.resize(at + 1, None);
            }
            if let Some(slot) = types.get_mut(at) {
                let parameters = call.parameters;
                let groups = parameters.iter().position(|one| one.word == CGROUPS.word);
                *slot = Some(Type { parameters, groups });
            }
        }
        Self { types, boot_time }
    }

    /// Follows the machine's clock where it was set anew; by the little that it is kept in step with
    /// others events would be put out of their order.
    pub(crate) fn follow(&mut self, boot_time: u64) {
        if self.boot_time.abs_diff(boot_time) > STEP {
            self.boot_time = boot_time;
        }
    }

    /// When a record was made, since the machine's start.
    pub fn time(record: &[u8]) -> u64 {
        record.first_chunk().copied().map_or(0, u64::from_le_bytes)
    }

    /// The control groups of the process that a record tells of, where it does.
    pub(crate) fn control_groups<'r>(&self, record: &'r [u8]) -> Option<&'r [u8]> {
        let code = record.get(20..22).and_then(|code| code.try_into().ok())?;
        let Type { parameters, groups } =
            self.types.get(usize::from(u16::from_le_bytes(code))).copied().flatten()?;
        let groups = groups?;
        let lengths = record.get(HEAD..HEAD + 2 * parameters.len())?;
        let mut at = HEAD + lengths.len();
        for (index, length) in lengths.chunks_exact(2).enumerate() {
            let length = length.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            if index == groups {
                return record.get(at..at + length);
            }
            at += length;
        }
        None
    }

    /// Appends the block of a record's event; nothing where the record is not what it says.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn frame(&self, record: &[u8], cpu: u16, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let begin = out.len();
        self.append(record, cpu, out).inspect_err(|_| out.truncate(begin))
    }

    fn append(&self, record: &[u8], cpu: u16, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let head = record.first_chunk::<HEAD>().ok_or(Malformed::Short)?;
        let number = |at: usize, width: usize| {
            let bytes = head.get(at..at + width).unwrap_or_default();
            bytes.iter().rev().fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte))
        };
        if number(16, 4) != record.len() as u64 {
            return Err(Malformed::Length);
        }
        let code = usize::try_from(number(20, 2)).unwrap_or(usize::MAX);
        let Type { parameters, .. } =
            self.types.get(code).copied().flatten().ok_or(Malformed::Type)?;
        if number(22, 4) != parameters.len() as u64 {
            return Err(Malformed::Count);
        }
        let begin = out.len();
        let padded = (2 + record.len()).next_multiple_of(4);
        let total = u32::try_from(padded + FRAME).map_err(|_| Malformed::Length)?;
        out.extend_from_slice(&EVENT.to_le_bytes());
        out.extend_from_slice(&total.to_le_bytes());
        out.extend_from_slice(&cpu.to_le_bytes());
        let event = out.len();
        out.extend_from_slice(record);
        let time = number(0, 8).saturating_add(self.boot_time);
        if let Some(place) = out.get_mut(event..event + 8) {
            place.copy_from_slice(&time.to_le_bytes());
        }
        fix(parameters, out.get_mut(event..).unwrap_or_default())?;
        out.resize(begin + 8 + padded, 0);
        out.extend_from_slice(&total.to_le_bytes());
        Ok(())
    }

    /// Appends an event that tells something: `asyncevent`, with a name and data.
    pub fn tell(&self, since_boot: u64, name: &str, data: &[u8], out: &mut Vec<u8>) {
        // Memory takes all that is written to it.
        let _ = Writer::part(out).tell(since_boot.saturating_add(self.boot_time), name, data);
    }
}

/// Brings numbers into those of captures, and sees that the parameters use up the event.
fn fix(parameters: &[Parameter], event: &mut [u8]) -> Result<(), Malformed> {
    let mut at = HEAD + 2 * parameters.len();
    for (index, parameter) in parameters.iter().enumerate() {
        let place = HEAD + 2 * index;
        let length = event.get(place..place + 2).ok_or(Malformed::Parameters)?;
        let length = length.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let end = at + length;
        let value = event.get_mut(at..end).ok_or(Malformed::Parameters)?;
        if parameter.fix != plimsoll_runtime::scap::Fix::None && value.len() <= 8 {
            let number = value.iter().rev().fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
            let fixed = parameter.fix.apply(number).to_le_bytes();
            let width = value.len();
            value.copy_from_slice(fixed.get(..width).unwrap_or_default());
        }
        at = end;
    }
    if at == event.len() { Ok(()) } else { Err(Malformed::Parameters) }
}

#[cfg(test)]
mod tests {
    use plimsoll_runtime::scap::{Item, Limits, Reader};
    use proptest::prelude::*;

    use super::*;

    /// A record as the kernel's side makes it.
    fn record(code: u16, values: &[&[u8]]) -> Vec<u8> {
        let mut record = Vec::new();
        record.extend_from_slice(&7_u64.to_le_bytes());
        record.extend_from_slice(&42_u64.to_le_bytes());
        let length: usize = values.iter().map(|value| value.len() + 2).sum();
        record.extend_from_slice(&u32::try_from(HEAD + length).unwrap().to_le_bytes());
        record.extend_from_slice(&code.to_le_bytes());
        record.extend_from_slice(&u32::try_from(values.len()).unwrap().to_le_bytes());
        for value in values {
            record.extend_from_slice(&u16::try_from(value.len()).unwrap().to_le_bytes());
        }
        for value in values {
            record.extend_from_slice(value);
        }
        record
    }

    /// Whether a reader of captures takes what stands behind a section.
    fn read(blocks: &[u8]) -> (usize, usize) {
        let mut capture = Writer::new(Vec::new()).unwrap().finish().unwrap();
        capture.extend_from_slice(blocks);
        let mut reader = Reader::new(capture.as_slice(), Limits::default()).unwrap();
        let mut events = 0;
        while let Some(item) = reader.next() {
            events += usize::from(matches!(item, Item::Event(_)));
        }
        (events, reader.problems().len())
    }

    #[test]
    fn a_clock_that_is_set_anew_is_followed_and_one_that_is_kept_in_step_is_not() {
        let mut framer = Framer::new(10 * STEP);
        framer.follow(11 * STEP);
        assert_eq!(framer.boot_time, 10 * STEP);
        framer.follow(5 * STEP);
        assert_eq!(framer.boot_time, 5 * STEP);
        framer.follow(3_600_000_000_000);
        assert_eq!(framer.boot_time, 3_600_000_000_000);
    }

    #[test]
    fn a_record_becomes_a_block_that_readers_take() {
        let framer = Framer::new(1000);
        let record = record(
            307,
            &[
                &3_i64.to_le_bytes(),
                &(-100_i64).to_le_bytes(),
                b"shadow\0",
                &0_u32.to_le_bytes(),
                &0_u32.to_le_bytes(),
                &1_u32.to_le_bytes(),
                &2_u64.to_le_bytes(),
                b"/etc/shadow\0",
            ],
        );
        let mut blocks = Vec::new();
        framer.frame(&record, 1, &mut blocks).unwrap();
        let mut capture = Writer::new(Vec::new()).unwrap().finish().unwrap();
        capture.extend_from_slice(&blocks);
        let mut reader = Reader::new(capture.as_slice(), Limits::default()).unwrap();
        reader.next();
        let Some(Item::Event(event)) = reader.next() else { panic!("no event") };
        assert_eq!((event.time, event.tid, event.cpu), (1007, 42, 1));
        assert_eq!(event.event_type.name, "openat");
        assert_eq!(event.parameters.text(2), b"shadow");
        // Reading has a bit of its own in captures.
        assert_eq!(event.parameters.u32(3), Some(1));
        assert_eq!(event.parameters.text(7), b"/etc/shadow");
        assert!(reader.next().is_none() && reader.problems().is_empty());
    }

    #[test]
    fn a_record_that_lies_is_named_and_leaves_nothing_behind() {
        let framer = Framer::new(0);
        let good = record(5, &[&0_i64.to_le_bytes(), &3_i64.to_le_bytes()]);
        let with = |at: usize, byte: u8| {
            let mut record = good.clone();
            record[at] = byte;
            record
        };
        for (record, expected) in [
            (good[..20].to_vec(), Malformed::Short),
            (good[..good.len() - 1].to_vec(), Malformed::Length),
            (with(20, 17), Malformed::Type),
            (with(22, 3), Malformed::Count),
            (with(HEAD, 9), Malformed::Parameters),
            (with(HEAD + 1, 0xff), Malformed::Parameters),
            (with(HEAD, 7), Malformed::Parameters),
        ] {
            let mut out = b"before".to_vec();
            assert_eq!(framer.frame(&record, 0, &mut out), Err(expected));
            assert_eq!(out, b"before");
        }
        let mut out = Vec::new();
        framer.frame(&good, 0, &mut out).unwrap();
        assert_eq!(read(&out), (1, 0));
    }

    #[test]
    fn what_is_told_of_containers_is_an_event_of_its_own() {
        let mut out = Vec::new();
        Framer::new(0).tell(1, "container", br#"{"container":{"id":"abc"}}"#, &mut out);
        assert_eq!(read(&out), (1, 0));
    }

    proptest! {
        #[test]
        fn whatever_is_framed_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut out = Vec::new();
            if Framer::new(0).frame(&bytes, 0, &mut out).is_ok() {
                prop_assert_eq!(read(&out), (1, 0));
            } else {
                prop_assert!(out.is_empty());
            }
        }

        #[test]
        fn lengths_that_lie_do_no_harm(
            code in proptest::sample::select(vec![5_u16, 307, 293, 23, 405]),
            lengths in proptest::collection::vec(any::<u16>(), 0..32),
            data in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut bytes = vec![0; 16];
            let length = HEAD + 2 * lengths.len() + data.len();
            bytes.extend_from_slice(&u32::try_from(length).unwrap().to_le_bytes());
            bytes.extend_from_slice(&code.to_le_bytes());
            bytes.extend_from_slice(&u32::try_from(lengths.len()).unwrap().to_le_bytes());
            for length in &lengths {
                bytes.extend_from_slice(&length.to_le_bytes());
            }
            bytes.extend_from_slice(&data);
            let mut out = Vec::new();
            if Framer::new(0).frame(&bytes, 0, &mut out).is_ok() {
                prop_assert_eq!(read(&out), (1, 0));
            }
        }
    }
}
