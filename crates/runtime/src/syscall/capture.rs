//! A capture that is replayed.

use std::io::{self, Read, Write};

use super::call::{Moment, SystemCall, Taken};
use super::changes::{self, Step};
use super::record::{Recorder, STATE_ONLY};
use super::state::State;
use crate::event::{Next, Stream};
use crate::scap::schema::CHANGES;
use crate::scap::{Advance, Converter, Item, Limits, Problem, Reader};

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
    recorder: Option<Recorder>,
    /// The last event is to be recorded.
    kept: bool,
    /// How many of the problems have been told.
    told: usize,
    taken: Taken,
    /// It was told that there was no room for something.
    full: bool,
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
            state: State::new(limits.open_files),
            begun: false,
            moment: Moment::default(),
            last: None,
            recorder: None,
            kept: false,
            told: 0,
            taken: Taken::default(),
            full: false,
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

    /// Records into another capture what was there at the beginning, the events that
    /// [`Stream::keep`] is called for, and what else changes what is known.
    pub fn record(&mut self, out: Box<dyn Write + Send>) {
        self.recorder = Some(Recorder::new(out));
    }

    /// The next event; none at the end. See [`Capture::problems`] for why the end may be early.
    #[allow(clippy::should_implement_trait, reason = "what it gives borrows from the capture")]
    pub fn next(&mut self) -> Option<SystemCall<'_>> {
        if self.advance() { self.given() } else { None }
    }

    /// The event that was taken in last.
    fn given(&self) -> Option<SystemCall<'_>> {
        let raw = self.reader.event()?;
        let converted = self.converter.convert(&raw);
        Some(SystemCall::new(&self.state, &raw, &converted, self.taken, self.moment))
    }

    /// Takes in the next event that is given out; false at the end.
    fn advance(&mut self) -> bool {
        let Self {
            reader, converter, state, begun, moment, last, recorder, kept, taken, full, ..
        } = self;
        if let Some((code, tid)) = last.take() {
            let kept = std::mem::take(kept);
            if let (Some(recorder), Some(raw)) = (recorder.as_mut(), reader.event()) {
                recorder.event(&raw, kept);
            }
            converter.done(code, tid);
        }
        loop {
            if !*full && let Some(what) = state.lost() {
                *full = true;
                reader.report(what);
            }
            match reader.advance() {
                None => return false,
                Some(Advance::Event) => {}
                Some(Advance::Item(item)) => {
                    if let Some(recorder) = recorder {
                        recorder.item(&item);
                    }
                    if matches!(*item, Item::Section) {
                        // Numbers go on over captures that stand behind each other.
                        *state = State::new(reader.limits().open_files);
                        converter.clear();
                        *begun = false;
                        *full = false;
                    }
                    if matches!(*item, Item::Process(_)) {
                        // Threads that are listed, at the beginning or again after events were
                        // lost, find their parents when all of them are there.
                        *begun = false;
                    }
                    known(state, *item);
                    continue;
                }
            }
            if !std::mem::replace(begun, true) {
                state.begin();
            }
            let Some(raw) = reader.event() else { continue };
            let shown = raw.flags & STATE_ONLY == 0;
            if converter.note(&raw) {
                let converted = converter.convert(&raw);
                let mut step = Step::new(&converted, &raw, moment.number + 1);
                changes::apply(state, &mut step);
                if raw.event_type.is(CHANGES) {
                    state.has_read(raw.parameters.own_length());
                }
                if shown {
                    moment.number += 1;
                    moment.last_time = std::mem::replace(&mut moment.time, raw.time);
                    if moment.first_time == 0 && !raw.event_type.meta {
                        moment.first_time = raw.time;
                    }
                    *last = Some((raw.event_type.code, raw.tid));
                    *taken = Taken::from(&step);
                    return true;
                }
                converter.done(raw.event_type.code, raw.tid);
            }
            if let Some(recorder) = recorder
                && !shown
            {
                recorder.event(&raw, false);
            }
        }
    }

    /// The next problem that has not been told.
    fn untold(&mut self) -> Option<Next<'_>> {
        let problem = self.reader.problems().get(self.told)?;
        self.told += 1;
        Some(Next::Damaged(problem.to_string()))
    }
}

fn known(state: &mut State, item: Item<'_>) {
    match item {
        Item::Machine(machine) => state.machine = machine,
        Item::Process(process) => {
            state.has_read(process.texts());
            state.add_process(&process);
        }
        Item::Descriptor(tid, descriptor) => state.add_descriptor(tid, &descriptor),
        Item::Interface(interface) => state.add_interface(interface),
        Item::Account(account) => state.add_account(account),
        Item::Section | Item::Event(_) => {}
    }
}

impl<R: Read> Stream for Capture<R> {
    fn next(&mut self) -> io::Result<Option<Next<'_>>> {
        if !self.advance() {
            return Ok(self.untold());
        }
        Ok(self.given().map(Next::Call))
    }

    fn keep(&mut self) {
        self.kept = true;
    }

    fn finish(&mut self) -> io::Result<()> {
        self.recorder.take().map_or(Ok(()), |mut recorder| recorder.finish())
    }
}
