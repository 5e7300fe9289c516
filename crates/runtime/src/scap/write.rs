//! Writes a capture that libscap's readers take.

use std::io::{self, Write};

use super::block;
use super::codes;
use super::descriptor::Descriptor;
use super::event::RawEvent;
use super::host::{Account, Interface, Machine};
use super::process::Process;
use super::schema::{self, EventType};

/// The most of a list that stands in one block.
const LIST: usize = 16 * 1024 * 1024;

/// When, where and by whom an event was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Nanoseconds since 1970.
    pub time: u64,
    /// The thread.
    pub tid: i64,
    /// The processor.
    pub cpu: u16,
    /// Bit 0: it changes what is known and is not shown.
    pub flags: u32,
}

/// A capture that is being written, compressed with gzip or not as its output is.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    /// The body of the block that is being made.
    body: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a capture.
    pub fn new(out: W) -> io::Result<Self> {
        let mut writer = Self { out, body: Vec::new() };
        writer.section()?;
        Ok(writer)
    }

    /// Goes on with a part of a capture that has begun elsewhere.
    pub fn part(out: W) -> Self {
        Self { out, body: Vec::new() }
    }

    /// Writes blocks that are made already.
    pub(crate) fn raw(&mut self, blocks: &[u8]) -> io::Result<()> {
        self.out.write_all(blocks)
    }

    /// Begins another capture behind the one before.
    pub fn section(&mut self) -> io::Result<()> {
        self.body.extend_from_slice(&block::ORDER.to_le_bytes());
        // Version 1.2, of an unknown length.
        self.body.extend_from_slice(&1_u16.to_le_bytes());
        self.body.extend_from_slice(&2_u16.to_le_bytes());
        self.body.extend_from_slice(&u64::MAX.to_le_bytes());
        self.block(block::SECTION)
    }

    /// Writes what the machine is like.
    pub fn machine(&mut self, machine: &Machine) -> io::Result<()> {
        machine.write(&mut self.body);
        self.block(block::MACHINE)
    }

    /// Writes its interfaces.
    pub fn interfaces(&mut self, interfaces: &[Interface]) -> io::Result<()> {
        for interface in interfaces {
            interface.write(&mut self.body);
        }
        self.block(block::INTERFACES)
    }

    /// Writes its users and groups.
    pub fn accounts(&mut self, accounts: &[Account]) -> io::Result<()> {
        for account in accounts {
            account.write(&mut self.body);
        }
        self.block(block::ACCOUNTS)
    }

    /// Writes the threads that are there.
    pub fn processes(&mut self, processes: impl Iterator<Item = Process>) -> io::Result<()> {
        for process in processes {
            process.write(&mut self.body);
            if self.body.len() > LIST {
                self.block(block::PROCESSES)?;
            }
        }
        self.block(block::PROCESSES)
    }

    /// Writes the files that a thread has open.
    pub fn descriptors(
        &mut self,
        tid: i64,
        descriptors: impl Iterator<Item = Descriptor>,
    ) -> io::Result<()> {
        self.body.extend_from_slice(&tid.to_le_bytes());
        descriptors.for_each(|descriptor| descriptor.write(&mut self.body));
        self.block(block::DESCRIPTORS)
    }

    /// Writes an event as it was read.
    pub fn event(&mut self, event: &RawEvent<'_>) -> io::Result<()> {
        let head = Head { time: event.time, tid: event.tid, cpu: event.cpu, flags: event.flags };
        self.put(&head, event.event_type, || event.parameters.iter())
    }

    /// Writes an event of these parameters, which are in the order of its type.
    pub fn made(&mut self, head: &Head, kind: &EventType, values: &[Vec<u8>]) -> io::Result<()> {
        self.put(head, kind, || values.iter().map(Vec::as_slice))
    }

    /// Writes an event that tells something: `asyncevent`, with a name and data.
    pub fn tell(&mut self, time: u64, name: &str, data: &[u8]) -> io::Result<()> {
        let Some(kind) = schema::event_type(codes::ASYNCEVENT_E) else { return Ok(()) };
        let ended = |text: &[u8]| [text, b"\0"].concat();
        let values = [0_u32.to_le_bytes().to_vec(), ended(name.as_bytes()), ended(data)];
        self.made(&Head { time, tid: -1, cpu: 0, flags: 0 }, kind, &values)
    }

    fn put<'v, I: Iterator<Item = &'v [u8]>>(
        &mut self,
        head: &Head,
        event_type: &EventType,
        values: impl Fn() -> I,
    ) -> io::Result<()> {
        let large = event_type.is(schema::LARGE);
        let width = if large { 4 } else { 2 };
        let (count, bytes) =
            values().fold((0, 0), |(count, bytes), value| (count + 1, bytes + value.len()));
        let length = 8 + 8 + 4 + 2 + 4 + count * width + bytes;
        let too_long = || io::Error::new(io::ErrorKind::InvalidData, "an event of over 4 GiB");
        self.body.extend_from_slice(&head.cpu.to_le_bytes());
        if head.flags != 0 {
            self.body.extend_from_slice(&head.flags.to_le_bytes());
        }
        self.body.extend_from_slice(&head.time.to_le_bytes());
        self.body.extend_from_slice(&head.tid.to_le_bytes());
        let length = u32::try_from(length).map_err(|_| too_long())?;
        self.body.extend_from_slice(&length.to_le_bytes());
        self.body.extend_from_slice(&event_type.code.to_le_bytes());
        self.body.extend_from_slice(&u32::try_from(count).unwrap_or(0).to_le_bytes());
        for value in values() {
            let length = u32::try_from(value.len()).map_err(|_| too_long())?.to_le_bytes();
            self.body.extend_from_slice(length.get(..width).unwrap_or_default());
        }
        values().for_each(|value| self.body.extend_from_slice(value));
        // The kinds with flags are one above those without.
        let kind = if large { block::EVENT_LARGE } else { block::EVENT };
        self.block(kind + u32::from(head.flags != 0))
    }

    /// Ends the capture and gives back what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn block(&mut self, kind: u32) -> io::Result<()> {
        let padded = self.body.len().next_multiple_of(4);
        self.body.resize(padded, 0);
        let total = u32::try_from(padded + 12)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a block of over 4 GiB"))?;
        self.out.write_all(&kind.to_le_bytes())?;
        self.out.write_all(&total.to_le_bytes())?;
        self.out.write_all(&self.body)?;
        self.out.write_all(&total.to_le_bytes())?;
        self.body.clear();
        Ok(())
    }
}
