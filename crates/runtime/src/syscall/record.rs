//! Records a part of a capture that is replayed.
//!
//! What was there at the beginning is recorded as it is. Of the events those that are kept are; the
//! others only where they change what is known, and then marked so that a reader takes them in
//! without showing them.

use std::collections::HashMap;
use std::io::{self, Write};

use foldhash::fast::RandomState;

use crate::scap::schema::CHANGES;
use crate::scap::{Account, Interface, Item, RawEvent, Writer, codes};

/// Events that are there for their effect on what is known, not to be shown.
pub(super) const STATE_ONLY: u32 = 1;
/// How many threads may be within a call.
const MOST_ENTRIES: usize = 65_536;

/// A capture that is made of another.
pub(super) struct Recorder {
    writer: Option<Writer<Box<dyn Write + Send>>>,
    out: Option<Box<dyn Write + Send>>,
    interfaces: Vec<Interface>,
    accounts: Vec<Account>,
    /// Blocks of calls that have begun, by thread.
    entries: HashMap<i64, Vec<u8>, RandomState>,
    error: Option<io::Error>,
}

impl Recorder {
    pub(super) fn new(out: Box<dyn Write + Send>) -> Self {
        Self {
            writer: None,
            out: Some(out),
            interfaces: Vec::new(),
            accounts: Vec::new(),
            entries: HashMap::default(),
            error: None,
        }
    }

    /// Something that was there when the capture began.
    pub(super) fn item(&mut self, item: &Item<'_>) {
        let done = match item {
            Item::Section => self.section(),
            Item::Interface(interface) => {
                self.interfaces.push(interface.clone());
                Ok(())
            }
            Item::Account(account) => {
                self.accounts.push(account.clone());
                Ok(())
            }
            _ => self.lists().and_then(|()| {
                self.write(|writer| match item {
                    Item::Machine(machine) => writer.machine(machine),
                    Item::Process(process) => {
                        writer.processes(std::iter::once((**process).clone()))
                    }
                    Item::Descriptor(tid, one) => {
                        writer.descriptors(*tid, std::iter::once(one.clone()))
                    }
                    _ => Ok(()),
                })
            }),
        };
        self.note(done);
    }

    /// A call begins: what it was given is kept for its end.
    fn entry(&mut self, raw: &RawEvent<'_>) {
        if self.entries.len() >= MOST_ENTRIES {
            self.entries.clear();
        }
        let block = self.entries.entry(raw.tid).or_default();
        block.clear();
        let mut writer = Writer::part(std::mem::take(block));
        match writer.event(raw).and_then(|()| writer.finish()) {
            Ok(made) => *block = made,
            Err(error) => self.note(Err(error)),
        }
    }

    /// An event: whether it is kept, or only for what it changes.
    pub(super) fn event(&mut self, raw: &RawEvent<'_>, kept: bool) {
        // What tells of containers comes before their events, and is needed for their names and images.
        let changes = raw.event_type.is(CHANGES) || raw.event_type.code == codes::ASYNCEVENT_E;
        if !kept && !changes && !raw.event_type.is_exit() {
            return self.entry(raw);
        }
        let entry = self.entries.remove(&raw.tid).filter(|_| kept && raw.event_type.is_exit());
        if !kept && !changes {
            return;
        }
        let flags = if kept { 0 } else { STATE_ONLY };
        let done = self.lists().and_then(|()| {
            self.write(|writer| {
                if let Some(entry) = &entry {
                    writer.raw(entry)?;
                }
                writer.event(&RawEvent { flags, ..*raw })
            })
        });
        self.note(done);
    }

    /// Ends the recording.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let done = self.lists();
        self.note(done);
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        self.writer.take().map_or(Ok(()), |writer| writer.finish().map(|_| ()))
    }

    fn section(&mut self) -> io::Result<()> {
        self.lists()?;
        self.entries.clear();
        match (self.writer.as_mut(), self.out.take()) {
            (Some(writer), _) => writer.section(),
            (None, Some(out)) => {
                self.writer = Some(Writer::new(out)?);
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    /// Readers take each of these lists for the whole one, so that it has to be in one block.
    fn lists(&mut self) -> io::Result<()> {
        let (interfaces, accounts) =
            (std::mem::take(&mut self.interfaces), std::mem::take(&mut self.accounts));
        if !interfaces.is_empty() {
            self.write(|writer| writer.interfaces(&interfaces))?;
        }
        if !accounts.is_empty() {
            self.write(|writer| writer.accounts(&accounts))?;
        }
        Ok(())
    }

    fn write(
        &mut self,
        what: impl FnOnce(&mut Writer<Box<dyn Write + Send>>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), what)
    }

    /// The first error ends the recording.
    fn note(&mut self, done: io::Result<()>) {
        if let Err(error) = done {
            self.writer = None;
            self.error.get_or_insert(error);
        }
    }
}
