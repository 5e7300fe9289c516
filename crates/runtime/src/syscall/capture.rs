//! A capture that is replayed.

use std::io::{self, Read, Write};

use super::call::{Moment, SystemCall, Taken};
use super::changes::{self, Step};
use super::state::State;
use crate::scap::{Advance, Converter, Item, Limits, Problem, RawEvent, Reader, Writer};

/// Events that are there for their effect on what is known, not to be shown.
const STATE_ONLY: u32 = 1;

/// Events of a capture, one after the other, with all that is known when each happens.
pub struct Capture<R: Read> {
    reader: Reader<R>,
    converter: Converter,
    state: State,
    /// The list of what was there at the beginning is over.
    begun: bool,
    moment: Moment,
    /// The event that was given out last: its first type and its thread.
    last: Option<(u16, i64)>,
}

impl<R: Read> Capture<R> {
    /// Opens a capture that is plain or compressed with gzip or zstd.
    ///
    /// # Errors
    /// Those of the reader on its first bytes.
    pub fn new(reader: R, limits: Limits) -> io::Result<Self> {
        Ok(Self {
            reader: Reader::new(reader, limits)?,
            converter: Converter::default(),
            state: State::default(),
            begun: false,
            moment: Moment::default(),
            last: None,
        })
    }

    /// What has been wrong with it so far, at most as many as the limits say.
    pub fn problems(&self) -> &[Problem] {
        self.reader.problems()
    }

    /// How many problems there have been.
    pub fn problem_count(&self) -> u64 {
        self.reader.problem_count()
    }

    /// How many events were left out because their types are newer than the table.
    pub fn new_types(&self) -> u64 {
        self.reader.new_types()
    }

    /// The name of the machine that it was made on.
    pub fn hostname(&self) -> Option<&str> {
        let name = std::str::from_utf8(&self.state.machine.hostname).ok()?;
        (!name.is_empty()).then_some(name)
    }

    /// How many threads are known.
    pub fn threads(&self) -> usize {
        self.state.threads.len()
    }

    /// Begins a capture in which the machine is as it is now.
    ///
    /// # Errors
    /// Those of the output.
    pub fn snapshot<W: Write>(&self, out: W) -> io::Result<Writer<W>> {
        let mut writer = Writer::new(out)?;
        let state = &self.state;
        writer.machine(&state.machine)?;
        writer.interfaces(state.interfaces.all())?;
        writer.accounts(&state.accounts.of_machine())?;
        writer.processes(state.threads.iter().map(super::state::Thread::to_capture))?;
        for thread in state.threads.iter().filter(|thread| thread.is_main()) {
            let fds = thread.fds.iter().map(|(number, fd)| fd.to_capture(number));
            writer.descriptors(thread.tid, fds)?;
        }
        Ok(writer)
    }

    /// The next event; none at the end. See [`Capture::problems`] for why the end may be early.
    #[allow(clippy::should_implement_trait, reason = "what it gives borrows from the capture")]
    pub fn next(&mut self) -> Option<SystemCall<'_>> {
        self.next_with(|_, _| {})
    }

    /// The next event; `seen` is handed every event that is read on the way, as it stands in the
    /// capture, and whether it is given out.
    pub fn next_with(
        &mut self,
        mut seen: impl FnMut(&RawEvent<'_>, bool),
    ) -> Option<SystemCall<'_>> {
        let Self { reader, converter, state, begun, moment, last } = self;
        if let Some((code, tid)) = last.take() {
            converter.done(code, tid);
        }
        loop {
            match reader.advance()? {
                Advance::Event => {}
                Advance::Item(item) => {
                    if matches!(item, Item::Section) {
                        // Numbers go on over captures that stand behind each other.
                        *state = State::default();
                        converter.clear();
                        *begun = false;
                    }
                    known(state, item);
                    continue;
                }
            }
            if !std::mem::replace(begun, true) {
                state.begin();
            }
            if !reader.check() {
                continue;
            }
            let Some(raw) = reader.event() else { continue };
            let given = converter.note(&raw) && raw.flags & STATE_ONLY == 0;
            seen(&raw, given);
            if given {
                break;
            }
            if raw.flags & STATE_ONLY != 0 {
                let converted = converter.convert(&raw);
                let mut step = Step::new(&converted, raw.time, raw.tid, 0);
                changes::apply(state, &mut step);
                converter.done(raw.event_type.code, raw.tid);
            }
        }
        let raw = reader.event()?;
        moment.number += 1;
        if moment.first_time == 0 && !raw.event_type.meta {
            moment.first_time = raw.time;
        }
        *last = Some((raw.event_type.code, raw.tid));
        let converted = converter.convert(&raw);
        let mut step = Step::new(&converted, raw.time, raw.tid, moment.number);
        changes::apply(state, &mut step);
        let taken = Taken::from(&step);
        let now = *moment;
        moment.last_time = raw.time;
        Some(SystemCall::new(state, &raw, converted, taken, now))
    }
}

fn known(state: &mut State, item: Item<'_>) {
    match item {
        Item::Machine(machine) => state.machine = machine,
        Item::Process(process) => state.add_process(&process),
        Item::Descriptor(tid, descriptor) => state.add_descriptor(tid, &descriptor),
        Item::Interface(interface) => state.add_interface(interface),
        Item::Account(account) => state.add_account(account),
        Item::Section | Item::Event(_) => {}
    }
}
