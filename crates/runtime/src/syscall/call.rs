//! A system call, or whatever else a capture has, as an event that rules judge.

use super::changes::Step;
use super::fields;
use super::state::{Fd, Place, State, Thread};
use crate::event::{Arena, Event, EventCode, FieldRef, Values};
use crate::fields::Source;
use crate::scap::schema::EventType;
use crate::scap::{Converted, Parameters, RawEvent};

/// An event of a capture with all that is known of its machine at that moment.
#[derive(Debug, Clone, Copy)]
pub struct SystemCall<'e> {
    state: &'e State,
    event_type: &'static EventType,
    parameters: Parameters<'e>,
    place: Option<Place>,
    thread: Option<&'e Thread>,
    fd: Option<&'e Fd>,
    renamed: bool,
    run: u64,
    tid: i64,
    cpu: u16,
    time: u64,
    number: u64,
    first_time: u64,
    last_time: u64,
}

/// When an event happened among others.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moment {
    pub(crate) number: u64,
    pub(crate) time: u64,
    pub(crate) first_time: u64,
    pub(crate) last_time: u64,
}

impl<'e> SystemCall<'e> {
    pub(crate) fn new(
        state: &'e State,
        raw: &RawEvent<'e>,
        converted: &Converted<'e>,
        taken: Taken,
        moment: Moment,
    ) -> Self {
        let thread = taken.place.and_then(|place| state.threads.get(place));
        let fd = taken.place.zip(taken.fd).and_then(|(place, fd)| state.fd(place, fd));
        Self {
            state,
            event_type: converted.event_type,
            parameters: converted.parameters,
            place: taken.place.filter(|_| thread.is_some()),
            thread,
            fd,
            renamed: taken.renamed,
            run: taken.run,
            tid: raw.tid,
            cpu: raw.cpu,
            time: raw.time,
            number: moment.number,
            first_time: moment.first_time,
            last_time: moment.last_time,
        }
    }

    /// Its type.
    pub fn event_type(&self) -> &'static EventType {
        self.event_type
    }

    /// Its parameters, in the newest version of its type.
    pub fn parameters(&self) -> &Parameters<'e> {
        &self.parameters
    }

    /// The number of its thread.
    pub fn tid(&self) -> i64 {
        self.tid
    }

    /// The processor that it happened on.
    pub fn cpu(&self) -> u16 {
        self.cpu
    }

    pub(crate) fn state(&self) -> &'e State {
        self.state
    }

    pub(crate) fn place(&self) -> Option<Place> {
        self.place
    }

    pub(crate) fn thread(&self) -> Option<&'e Thread> {
        self.thread
    }

    /// The file that it is about, by the number that its thread has for it.
    pub(crate) fn fd(&self) -> Option<&'e Fd> {
        self.fd
    }

    pub(crate) fn renamed(&self) -> bool {
        self.renamed
    }

    /// How long the thread has run when another takes its processor.
    pub(crate) fn run(&self) -> u64 {
        self.run
    }

    /// The time of the event before.
    pub(crate) fn last_time(&self) -> u64 {
        self.last_time
    }

    /// What a system call gave back.
    pub fn result(&self) -> Option<i64> {
        super::changes::result(self.event_type, &self.parameters)
    }
}

/// What taking an event in has found of it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Taken {
    place: Option<Place>,
    fd: Option<i64>,
    renamed: bool,
    run: u64,
}

impl From<&Step<'_>> for Taken {
    fn from(step: &Step<'_>) -> Self {
        Self { place: step.thread, fd: step.fd, renamed: step.renamed, run: step.run }
    }
}

impl Event for SystemCall<'_> {
    fn source(&self) -> Source {
        Source::Syscall
    }

    fn code(&self) -> EventCode {
        self.event_type.event
    }

    fn time(&self) -> u64 {
        self.time
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn first_time(&self) -> u64 {
        self.first_time
    }

    fn host(&self) -> Option<&str> {
        std::str::from_utf8(&self.state.machine.hostname).ok()
    }

    fn field<'f>(&'f self, field: &FieldRef, arena: &'f Arena) -> Values<'f> {
        fields::value(self, field, arena)
    }

    fn async_name(&self) -> Option<&str> {
        if !self.event_type.meta {
            return None;
        }
        if self.event_type.code == crate::scap::codes::ASYNCEVENT_E {
            return std::str::from_utf8(self.parameters.text(1)).ok();
        }
        Some(self.event_type.name)
    }
}
