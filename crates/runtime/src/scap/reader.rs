//! Reads a capture block by block, item by item.

use std::fmt;
use std::io::{self, Read};

use super::block::{self, BlockKind, EventBlock};
use super::bytes::Bytes;
use super::descriptor::Descriptor;
use super::event::{Broken, Head, RawEvent, Spans};
use super::host::{Account, Interface, Machine};
use super::input::Input;
use super::process::Process;

/// The most that an entry of a list can have: its texts are bounded.
const ENTRY: usize = 64 * 1024;
/// The head of a block and the length that stands again behind it.
const HEAD: usize = 8;
const FRAME: usize = HEAD + 4;
/// The most of an event that is not of a large kind: what libscap's reader takes.
const EVENT: usize = 64 * 1024 + HEAD;
/// The most of any event, so that places in it are small numbers.
const EVENT_LARGE: usize = 1 << 30;

/// What a reader takes before it gives up.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest event in bytes.
    pub event: usize,
    /// How many problems are kept in words.
    pub problems: usize,
    /// What the open files of all processes may take in memory while it is replayed, in bytes.
    pub open_files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { event: 16 * 1024 * 1024, problems: 100, open_files: 512 * 1024 * 1024 }
    }
}

/// What is wrong with a capture, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The byte of the uncompressed capture at which the block begins.
    pub offset: u64,
    /// In words.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.offset, self.what)
    }
}

/// A piece of a capture.
#[derive(Debug)]
pub enum Item<'b> {
    /// A capture begins: nothing that was known before holds.
    Section,
    /// What machine it is.
    Machine(Machine),
    /// A thread that was there.
    Process(Box<Process>),
    /// A file that a thread had open.
    Descriptor(i64, Descriptor),
    /// An address of the machine.
    Interface(Interface),
    /// A user or group of it.
    Account(Account),
    /// An event.
    Event(RawEvent<'b>),
}

/// A stream of the items of a capture.
pub struct Reader<R: Read> {
    input: Input<R>,
    limits: Limits,
    /// The list that is being read.
    list: Option<List>,
    /// Bytes of the block that the last item was of.
    used: usize,
    current: Option<Current>,
    /// Where the parameters of the event lie.
    spans: Spans,
    ended: bool,
    begun: bool,
    problems: Vec<Problem>,
    problem_count: u64,
    new_types: u64,
}

#[derive(Debug, Clone, Copy)]
struct List {
    kind: BlockKind,
    offset: u64,
    total: u32,
    left: usize,
    tid: i64,
}

/// What a reader has come to.
#[derive(Debug)]
pub enum Advance {
    /// An item that is whole by itself.
    Item(Box<Item<'static>>),
    /// An event, which [`Reader::event`] gives.
    Event,
}

/// An event's block in the window.
#[derive(Debug, Clone, Copy)]
struct Current {
    event: Head,
    body: usize,
}

impl<R: Read> Reader<R> {
    /// Opens a capture that is plain or compressed with gzip or zstd.
    ///
    /// # Errors
    /// Those of the reader on its first bytes.
    pub fn new(reader: R, limits: Limits) -> io::Result<Self> {
        let input = Input::open(reader)?;
        Ok(Self {
            input,
            limits,
            list: None,
            used: 0,
            current: None,
            spans: Spans::default(),
            ended: false,
            begun: false,
            problems: Vec::new(),
            problem_count: 0,
            new_types: 0,
        })
    }

    /// What has been wrong so far, at most as many as the limits say.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How many problems there have been.
    pub fn problem_count(&self) -> u64 {
        self.problem_count
    }

    /// How many events were left out because their types are newer than the table.
    pub fn new_types(&self) -> u64 {
        self.new_types
    }

    /// How many bytes of the uncompressed capture have been read.
    pub fn offset(&self) -> u64 {
        self.input.offset()
    }

    /// The next item; none at the end, or where damage makes the rest unreadable.
    #[allow(clippy::should_implement_trait, reason = "what it gives borrows from the reader")]
    pub fn next(&mut self) -> Option<Item<'_>> {
        match self.advance()? {
            Advance::Item(item) => Some(*item),
            Advance::Event => self.event().map(Item::Event),
        }
    }

    /// Goes on to the next item; none at the end.
    pub fn advance(&mut self) -> Option<Advance> {
        loop {
            self.input.consume(std::mem::take(&mut self.used));
            self.current = None;
            if self.ended {
                return None;
            }
            let found = match self.list {
                Some(list) => self.entry(list),
                None => self.block(),
            };
            match found {
                Ok(Some(found)) => return Some(found),
                Ok(None) => {}
                Err(error) => {
                    let offset = self.input.offset();
                    self.stop(offset, format!("cannot be read: {error}"));
                }
            }
        }
    }

    /// The event that the reader has come to.
    pub fn event(&self) -> Option<RawEvent<'_>> {
        let Current { event, body } = self.current.as_ref()?;
        let held = self.input.held(HEAD + body);
        Some(event.at(held.get(HEAD..).unwrap_or_default(), &self.spans))
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Notes something that is wrong with where the reader is.
    pub(crate) fn report(&mut self, what: String) {
        self.problem(self.input.offset(), what);
    }

    /// Begins a block.
    fn block(&mut self) -> io::Result<Option<Advance>> {
        let offset = self.input.offset();
        let head = self.input.peek(HEAD)?;
        if head.is_empty() {
            self.ended = true;
            if !self.begun {
                self.problem(offset, "the capture is empty".to_owned());
            }
            return Ok(None);
        }
        let mut words = Bytes(head);
        let (Some(number), Some(total)) = (words.u32(), words.u32()) else {
            self.stop(offset, "the capture ends within the head of a block".to_owned());
            return Ok(None);
        };
        let kind = BlockKind::of(number);
        if !self.begun && kind != BlockKind::Section {
            self.stop(offset, "this is no capture: it does not begin with a section".to_owned());
            return Ok(None);
        }
        if (total as usize) < FRAME {
            let what = format!("{} block of {total} bytes, less than its frame", kind.name());
            self.stop(offset, what);
            return Ok(None);
        }
        let body = total as usize - FRAME;
        match kind {
            BlockKind::Section => self.section(offset, total),
            BlockKind::Machine => self.machine(offset, total),
            BlockKind::Event(block) => self.hold_event(offset, block, body),
            BlockKind::Other => {
                self.input.consume(HEAD);
                self.leave(offset, kind, body, total)?;
                Ok(None)
            }
            _ => {
                self.input.consume(HEAD);
                let mut list = List { kind, offset, total, left: body, tid: 0 };
                if matches!(kind, BlockKind::Descriptors { .. }) {
                    let tid = self.input.peek(8.min(body))?;
                    let Ok(tid) = <[u8; 8]>::try_from(tid) else {
                        // Where the capture ends here, its end is what is told.
                        if body < 8 {
                            let what = "a list of open files without its thread";
                            self.problem(offset, what.to_owned());
                        }
                        self.leave(offset, kind, body, total)?;
                        return Ok(None);
                    };
                    list.tid = i64::from_le_bytes(tid);
                    self.input.consume(8);
                    list.left -= 8;
                }
                self.list = Some(list);
                Ok(None)
            }
        }
    }

    fn section(&mut self, offset: u64, total: u32) -> io::Result<Option<Advance>> {
        let body = self.input.peek(HEAD + 16)?.get(HEAD..).unwrap_or_default();
        let word = body.first_chunk::<4>().copied().map(u32::from_le_bytes);
        let major = body
            .get(4..6)
            .map(|major| major.iter().rev().fold(0, |sum, b| sum << 8 | u32::from(*b)));
        match (word, major) {
            (Some(block::ORDER), Some(0..=1)) if total as usize >= FRAME + 16 => {}
            (Some(block::ORDER), Some(major)) => {
                let what = format!("version {major} of the format is newer than what is read here");
                self.stop(offset, what);
                return Ok(None);
            }
            (Some(word), _) if word == block::ORDER.swap_bytes() => {
                let what = "the capture was made on a machine with the other order of bytes";
                self.stop(offset, what.to_owned());
                return Ok(None);
            }
            _ => {
                self.stop(offset, "this is no capture: its section is broken".to_owned());
                return Ok(None);
            }
        }
        self.begun = true;
        self.input.consume(HEAD);
        self.leave(offset, BlockKind::Section, total as usize - FRAME, total)?;
        Ok(Some(Advance::Item(Box::new(Item::Section))))
    }

    fn machine(&mut self, offset: u64, total: u32) -> io::Result<Option<Advance>> {
        let body = total as usize - FRAME;
        let held = self.input.peek(HEAD + body.min(Machine::SIZE))?;
        let machine = held.get(HEAD..).and_then(Machine::read);
        self.input.consume(HEAD);
        self.leave(offset, BlockKind::Machine, body, total)?;
        if machine.is_none() && !self.ended {
            self.problem(offset, "the machine information is too short".to_owned());
        }
        Ok(machine.map(|machine| Advance::Item(Box::new(Item::Machine(machine)))))
    }

    fn hold_event(
        &mut self,
        offset: u64,
        block: EventBlock,
        body: usize,
    ) -> io::Result<Option<Advance>> {
        let total = body + FRAME;
        let most = if block.large { EVENT_LARGE } else { EVENT }.min(self.limits.event);
        if total > most {
            self.problem(offset, format!("an event of {total} bytes, more than {most}"));
            let total = u32::try_from(total).unwrap_or(u32::MAX);
            self.input.consume(HEAD);
            self.leave(offset, BlockKind::Event(block), body, total)?;
            return Ok(None);
        }
        let held = self.input.peek(total)?;
        let Some(trailer) = held.get(HEAD + body..).filter(|_| held.len() == total) else {
            self.stop(offset, "the capture ends within an event".to_owned());
            return Ok(None);
        };
        let trailer = <[u8; 4]>::try_from(trailer).map_or(0, u32::from_le_bytes) as usize;
        if trailer != total {
            let what = format!("an event block is {total} bytes long and {trailer} at its end");
            self.stop(offset, what);
            return Ok(None);
        }
        self.used = total;
        let read = held.get(HEAD..HEAD + body).unwrap_or_default();
        match Head::read(read, block, offset, &mut self.spans) {
            Ok(event) => {
                self.current = Some(Current { event, body });
                return Ok(Some(Advance::Event));
            }
            Err(Broken::NewType) => self.new_types += 1,
            Err(Broken::Because(what)) => self.problem(offset, what),
        }
        Ok(None)
    }

    /// The next entry of a list.
    fn entry(&mut self, list: List) -> io::Result<Option<Advance>> {
        if list.left < 4 {
            self.list = None;
            self.leave(list.offset, list.kind, list.left, list.total)?;
            return Ok(None);
        }
        let window = self.input.peek(list.left.min(ENTRY))?;
        let cut = window.len() < list.left.min(ENTRY);
        let found = match list.kind {
            BlockKind::Processes(version) => Process::read(window, version)
                .map(|(process, used)| (Item::Process(Box::new(process)), used)),
            BlockKind::Descriptors { sized } => Descriptor::read(window, sized)
                .map(|(descriptor, used)| (Item::Descriptor(list.tid, descriptor), used)),
            BlockKind::Interfaces { sized } => Interface::read(window, sized)
                .map(|(interface, used)| (Item::Interface(interface), used)),
            BlockKind::Accounts { sized } => {
                Account::read(window, sized).map(|(account, used)| (Item::Account(account), used))
            }
            _ => None,
        };
        let Some((item, used)) = found.filter(|(_, used)| *used > 0) else {
            self.list = None;
            let place = list.total as usize - FRAME - list.left;
            let name = list.kind.name();
            if cut {
                self.stop(list.offset, format!("the capture ends within a {name}"));
            } else {
                let what = format!("an entry of the {name} is broken, {place} bytes into it");
                self.problem(list.offset, what);
                self.leave(list.offset, list.kind, list.left, list.total)?;
            }
            return Ok(None);
        };
        self.input.consume(used);
        self.list = Some(List { left: list.left.saturating_sub(used), ..list });
        Ok(Some(Advance::Item(Box::new(item))))
    }

    /// Leaves out what is left of a block, and looks whether it ends as it began.
    fn leave(&mut self, offset: u64, kind: BlockKind, left: usize, total: u32) -> io::Result<()> {
        let name = kind.name();
        if !self.input.skip(left as u64)? {
            self.stop(offset, format!("the capture ends within a {name} block"));
            return Ok(());
        }
        let Ok(trailer) = <[u8; 4]>::try_from(self.input.peek(4)?) else {
            self.stop(offset, format!("the capture ends within a {name} block"));
            return Ok(());
        };
        let trailer = u32::from_le_bytes(trailer);
        self.input.consume(4);
        if trailer != total {
            let what = format!("a {name} block is {total} bytes long and {trailer} at its end");
            self.stop(offset, what);
        }
        Ok(())
    }

    fn stop(&mut self, offset: u64, what: String) {
        self.ended = true;
        self.problem(offset, what);
    }

    fn problem(&mut self, offset: u64, what: String) {
        self.problem_count += 1;
        if self.problems.len() < self.limits.problems {
            self.problems.push(Problem { offset, what });
        }
    }
}
