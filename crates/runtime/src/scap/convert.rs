//! Makes of an older event what the newest version of its type has.
//!
//! Captures have kept what a call was given in an event of its own on entry; the newest versions
//! have all of it on exit. So an entry is kept until the exit comes. It is given out as well, as it
//! stands: that is how many alerts such a capture has always raised; Falco before 0.42 counted them.
//! What is done with which event stands in `convert.tsv`; the steps for an event, which may go
//! through several versions, are put together once.
//!
//! After falcosecurity/libs, `userspace/libscap/engine/savefile/converter`.

use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::RandomState;

use super::event::{MOST, Parameters, RawEvent, Span, Spans};
use super::schema::{self, CONVERTED, EventType, OLD, Shape, UNUSED};

/// How many threads may be within a call, and what their entries may take in bytes.
const MOST_THREADS: usize = 131_072;
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// The longest entry that is kept.
const MOST_ENTRY: usize = 65 * 1024;
/// How many versions an event may go through.
const MOST_STEPS: usize = 20;

static PLANS: LazyLock<Plans> = LazyLock::new(Plans::build);
/// What stands before everything that is not in an event itself: zeros, and no user or group.
static CONSTANTS: [u8; ZEROS + 4] =
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
const ZEROS: usize = 16;

/// An event in the newest version of its type.
#[derive(Debug, Clone, Copy)]
pub struct Converted<'e> {
    /// Its type.
    pub event_type: &'static EventType,
    /// Its parameters.
    pub parameters: Parameters<'e>,
}

/// Keeps entries until their exits come.
#[derive(Debug, Default)]
pub struct Converter {
    /// Places in `entries`.
    by_thread: HashMap<i64, u32, RandomState>,
    entries: Vec<Entry>,
    free: Vec<u32>,
    /// The thread that was looked for last: mostly it is asked for again.
    last: Option<(i64, u32)>,
    bytes: usize,
    /// What is made up rather than read, behind [`CONSTANTS`].
    made: Vec<u8>,
    /// Of the event that was noted last.
    current: Current,
    spans: Spans,
}

/// How the event that was noted last is converted.
#[derive(Debug, Default, Clone, Copy)]
struct Current {
    /// None where it stays as it is.
    plan: Option<&'static Plan>,
    entry: Option<u32>,
}

#[derive(Debug, Default)]
struct Entry {
    /// None once it was used.
    code: Option<u16>,
    /// The parameters behind [`CONSTANTS`].
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Converter {
    /// Takes note of an event, and says whether it is given out.
    pub fn note(&mut self, raw: &RawEvent<'_>) -> bool {
        self.current = Current::default();
        let Some(plan) = PLANS.of(raw) else { return false };
        match plan.action {
            Action::Drop => return false,
            Action::Pass => {}
            Action::Store => self.store(raw),
        }
        if plan.same {
            return true;
        }
        let entry = if plan.needs_entry { self.find(raw.tid) } else { None };
        self.current = Current { plan: Some(plan), entry };
        if plan.makes_json {
            self.made.clear();
            self.made.extend_from_slice(&CONSTANTS);
            container_json(&raw.parameters, &mut self.made);
        }
        let (entry, made) = (entry.and_then(|at| self.entries.get(at as usize)), self.made.len());
        self.spans.clear();
        for part in &plan.parts {
            let constant = |from, width| match width {
                1..=ZEROS => Span::new(from, from + width),
                _ => Span::default(),
            };
            let span = match *part {
                Part::Own(at) => {
                    self.spans.push(raw.parameters.span(at.into()));
                    continue;
                }
                Part::None => Span::default(),
                Part::Zero(width) => constant(0, width.into()),
                Part::Nobody => constant(ZEROS, 4),
                Part::Json => Span::new(CONSTANTS.len(), made),
                Part::Entry { at, code, otherwise } => entry
                    .filter(|entry| entry.code == Some(code))
                    .and_then(|entry| entry.span(at.into()))
                    .unwrap_or_else(|| constant(0, otherwise.into())),
            };
            self.spans.push(span.behind(raw.parameters.own_length()));
        }
        true
    }

    /// The newest version of the event that was noted last.
    pub fn convert<'e>(&'e self, raw: &RawEvent<'e>) -> Converted<'e> {
        let Current { plan, entry } = self.current;
        let Some(plan) = plan else {
            return Converted { event_type: raw.event_type, parameters: raw.parameters };
        };
        let entry = entry.and_then(|at| self.entries.get(at as usize));
        let more = match entry {
            Some(entry) => &entry.bytes,
            None if plan.makes_json => &self.made,
            None => &CONSTANTS[..],
        };
        let parameters = raw.parameters.arranged(more, self.spans.as_slice());
        Converted { event_type: plan.event_type, parameters }
    }

    /// Forgets what was kept for an event that has been given out.
    pub fn done(&mut self, raw_code: u16, tid: i64) {
        // The thread is gone: `procexit`.
        if matches!(raw_code, 16 | 186) {
            self.last = None;
            if let Some(at) = self.by_thread.remove(&tid)
                && let Some(entry) = self.entries.get_mut(at as usize)
            {
                // Its memory is for the next thread.
                entry.code = None;
                self.free.push(at);
            }
        } else if raw_code % 2 == 1
            && let Some(at) = self.find(tid)
            && let Some(entry) = self.entries.get_mut(at as usize)
        {
            entry.code = None;
        }
    }

    /// Forgets everything: another capture begins.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn find(&mut self, tid: i64) -> Option<u32> {
        if let Some((last, at)) = self.last
            && last == tid
        {
            return Some(at);
        }
        let at = *self.by_thread.get(&tid)?;
        self.last = Some((tid, at));
        Some(at)
    }

    /// Makes a place for the entries of a thread.
    fn add(&mut self, tid: i64) -> u32 {
        if self.by_thread.len() >= MOST_THREADS {
            self.clear();
        }
        let next = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let at = self.free.pop().unwrap_or(next);
        if at == next {
            self.entries.push(Entry::default());
        }
        self.by_thread.insert(tid, at);
        at
    }

    fn store(&mut self, raw: &RawEvent<'_>) {
        if raw.parameters.own_length() > MOST_ENTRY {
            return;
        }
        let at = self.find(raw.tid).unwrap_or_else(|| self.add(raw.tid));
        let Some(entry) = self.entries.get_mut(at as usize) else { return };
        self.bytes -= entry.bytes.capacity();
        entry.code = Some(raw.event_type.code);
        entry.bytes.clear();
        entry.ends.clear();
        entry.bytes.extend_from_slice(&CONSTANTS);
        for value in raw.parameters.iter() {
            entry.bytes.extend_from_slice(value);
            entry.ends.push(u32::try_from(entry.bytes.len()).unwrap_or(u32::MAX));
        }
        self.bytes += entry.bytes.capacity();
        if self.bytes >= MOST_BYTES {
            self.clear();
        }
    }
}

impl Entry {
    /// Where a parameter lies in its bytes.
    fn span(&self, at: usize) -> Option<Span> {
        let end = *self.ends.get(at)? as usize;
        let begin = match at.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => CONSTANTS.len(),
        };
        Some(Span::new(begin, end))
    }
}

/// What is done with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Drop,
    Store,
    Pass,
}

/// Where a parameter of the newest version comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Own(u8),
    /// Of the entry of this code; zeros of this width where there is none.
    Entry {
        at: u8,
        code: u16,
        otherwise: u8,
    },
    None,
    Zero(u8),
    Nobody,
    /// What is known of a container, as later versions have it.
    Json,
}

#[derive(Debug)]
struct Plan {
    action: Action,
    event_type: &'static EventType,
    parts: Vec<Part>,
    /// The event is already what it becomes.
    same: bool,
    needs_entry: bool,
    makes_json: bool,
}

/// A row of the table: action, new code, where the parameters come from.
type Row = (&'static str, Option<u16>, Vec<&'static str>);
type Rows = HashMap<(u16, usize), Row>;

struct Plans {
    plans: Vec<Plan>,
}

impl Plans {
    fn build() -> Self {
        let lines = include_str!("convert.tsv").lines().filter(|line| !line.starts_with('#'));
        let rows: Rows = lines
            .filter_map(|line| {
                let mut cells = line.split('\t');
                let key = (cells.next()?.parse().ok()?, cells.next()?.parse().ok()?);
                let (action, code) = (cells.next()?, cells.next()?.parse().ok());
                let parts = cells.next()?.split(' ').filter(|part| *part != "-").collect();
                Some((key, (action, code, parts)))
            })
            .collect();
        let types = schema::event_types().iter();
        let plans = types
            .flat_map(|event_type| (0..=MOST).map(move |count| (event_type, count)))
            .map(|(event_type, count)| Plan::build(event_type, count, &rows))
            .collect();
        Self { plans }
    }

    /// Every type and number of parameters has a plan.
    fn of(&self, raw: &RawEvent<'_>) -> Option<&Plan> {
        self.plans.get(usize::from(raw.event_type.code) * (MOST + 1) + raw.parameters.len())
    }
}

impl Plan {
    fn build(first: &'static EventType, count: usize, rows: &Rows) -> Self {
        let mut event_type = first;
        let mut parts: Vec<Part> =
            (0..count).filter_map(|at| u8::try_from(at).ok()).map(Part::Own).collect();
        let end = |action, event_type, parts| Self::of(action, event_type, parts, first.code);
        for _ in 0..MOST_STEPS {
            let expected = event_type.parameters.len();
            let exit = event_type.is_exit();
            if event_type.is(UNUSED) {
                return end(Action::Drop, event_type, parts);
            }
            if !event_type.is(CONVERTED) {
                let lost = event_type.is(OLD) && exit;
                let action = if lost { Action::Drop } else { Action::Pass };
                return end(action, event_type, parts);
            }
            if exit && !event_type.is(OLD) && parts.len() >= expected {
                // A later version appends parameters.
                parts.truncate(expected);
                return end(Action::Pass, event_type, parts);
            }
            let Some((action, code, from)) = rows.get(&(event_type.code, parts.len())) else {
                if !exit {
                    return end(Action::Pass, event_type, parts);
                }
                if event_type.is(OLD) {
                    return end(Action::Drop, event_type, parts);
                }
                parts.resize(expected, Part::None);
                return end(Action::Pass, event_type, parts);
            };
            match *action {
                "store" | "store_and_pass" => return end(Action::Store, event_type, parts),
                "pass" => return end(Action::Pass, event_type, parts),
                _ => {}
            }
            let target = code.and_then(schema::event_type).unwrap_or(event_type);
            let kept = if *action == "add" { parts.len() } else { 0 };
            let new: Vec<_> = from
                .iter()
                .enumerate()
                .map(|(at, word)| part(word, kept + at, target, event_type.code, &parts))
                .collect();
            parts.truncate(kept);
            parts.extend(new);
            event_type = target;
        }
        end(Action::Drop, event_type, parts)
    }

    fn of(action: Action, event_type: &'static EventType, parts: Vec<Part>, from: u16) -> Self {
        let own = |(at, part): (usize, &Part)| *part == Part::Own(u8::try_from(at).unwrap_or(255));
        let same = event_type.code == from && parts.iter().enumerate().all(own);
        let needs_entry = parts.iter().any(|part| matches!(part, Part::Entry { .. }));
        let makes_json = parts.contains(&Part::Json);
        Self { action, event_type, parts, same, needs_entry, makes_json }
    }
}

/// Where one parameter of the next version comes from.
fn part(word: &str, place: usize, target: &EventType, code: u16, parts: &[Part]) -> Part {
    let parameter = target.parameters.get(place);
    let width = parameter.map_or(0, |parameter| u8::try_from(parameter.width).unwrap_or(0));
    let nobody =
        parameter.is_some_and(|parameter| matches!(parameter.shape, Shape::Uid | Shape::Gid));
    let number = |prefix| {
        word.strip_prefix(prefix).and_then(|at: &str| at.trim_end_matches('?').parse::<u8>().ok())
    };
    if let Some(at) = number("old") {
        return parts.get(usize::from(at)).copied().unwrap_or(Part::None);
    }
    if let Some(at) = number("enter") {
        let otherwise = if word.ends_with('?') { 0 } else { width };
        return Part::Entry { at, code: code.saturating_sub(1), otherwise };
    }
    match word {
        "zero" if nobody => Part::Nobody,
        "zero" => Part::Zero(width),
        "json" => Part::Json,
        _ => Part::None,
    }
}

/// Appends what the first kind of container event says, in JSON.
fn container_json(parameters: &Parameters<'_>, made: &mut Vec<u8>) {
    let text = |at| String::from_utf8_lossy(parameters.text(at)).into_owned();
    let json = serde_json::json!({
        "container": {
            "id": text(0),
            "type": parameters.unsigned(1).unwrap_or_default(),
            "name": text(2),
            "image": text(3),
        }
    });
    made.extend_from_slice(json.to_string().as_bytes());
    made.push(0);
}
