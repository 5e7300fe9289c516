//! The log of Linux's audit, raw or enriched, as `auditd` writes it: records of one event have one
//! number, and each tells a part of it. Source: `audit-record-types` and `auparse` of
//! linux-audit/audit-userspace.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::calls;
use super::report::{Actor, Address, Call, Datum, Deed, Report};
use crate::sources::Skipped;

/// The longest record that is read; the kernel's own have 8,970 bytes at most.
const LONGEST: u64 = 64 * 1024;
/// So many events are open at once: their records may stand between each other.
const OPEN: usize = 32;
/// The most records of an event.
const RECORDS: usize = 256;
/// What stands between a record of the kernel and what `auditd` adds to it.
const ENRICHED: u8 = 0x1d;
/// No user.
const UNSET: u32 = u32::MAX;

/// Whether a text begins as a record does.
pub(super) fn is_record(begin: &[u8]) -> bool {
    let text = String::from_utf8_lossy(begin.get(..begin.len().min(512)).unwrap_or_default());
    let line = text.lines().next().unwrap_or_default();
    Record::parse(line).is_some()
        || (line.starts_with("type=") && line.contains(" msg=audit("))
        || (line.starts_with("node=") && line.contains(" type="))
}

/// One line.
#[derive(Debug, Clone)]
struct Record {
    kind: String,
    node: Option<String>,
    /// Nanoseconds since 1970.
    time: u64,
    serial: u64,
    fields: Vec<(String, String)>,
}

/// What is told under one number.
#[derive(Debug)]
struct Event {
    line: u64,
    records: Vec<Record>,
    whole: bool,
}

/// The events of a log.
#[derive(Debug)]
pub(super) struct Log<R> {
    input: R,
    line: u64,
    open: VecDeque<Event>,
    ended: bool,
}

impl<R: BufRead> Log<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, line: 0, open: VecDeque::new(), ended: false }
    }

    /// The next event that tells of a call; none at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<Report, Skipped>>> {
        loop {
            let is_ready = self.open.front().is_some_and(|event| event.whole)
                || self.open.len() > OPEN
                || self.ended;
            if is_ready {
                match self.open.pop_front() {
                    Some(event) => match event.report() {
                        Ok(None) => continue,
                        Ok(Some(report)) => return Ok(Some(Ok(report))),
                        Err(why) => return Ok(Some(Err(Skipped { line: event.line, why }))),
                    },
                    None if self.ended => return Ok(None),
                    None => {}
                }
            }
            if let Some(skipped) = self.read()? {
                return Ok(Some(Err(skipped)));
            }
        }
    }

    /// Takes in a line; gives back what is none.
    fn read(&mut self) -> io::Result<Option<Skipped>> {
        let mut bytes = Vec::new();
        let read = (&mut self.input).take(LONGEST).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            self.ended = true;
            return Ok(None);
        }
        self.line = self.line.saturating_add(1);
        let line = self.line;
        let skipped = |why: &str| Ok(Some(Skipped { line, why: why.to_owned() }));
        if bytes.last() != Some(&b'\n') && read as u64 == LONGEST {
            self.pass_over()?;
            return skipped("a record has more than 65536 bytes");
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end();
        if text.is_empty() || text == "----" || text.starts_with("time->") {
            return Ok(None);
        }
        let Some(record) = Record::parse(text) else { return skipped("no record of an audit log") };
        let is_last = matches!(&*record.kind, "EOE" | "PROCTITLE");
        let own = self.open.iter_mut().rev().find(|event| {
            event
                .records
                .first()
                .is_some_and(|it| (it.time, it.serial) == (record.time, record.serial))
        });
        match own {
            Some(event) => {
                event.whole |= is_last;
                if event.records.len() < RECORDS {
                    event.records.push(record);
                }
            }
            None if record.kind == "EOE" => {}
            None => {
                self.open.push_back(Event { line, records: vec![record], whole: is_last });
            }
        }
        Ok(None)
    }

    fn pass_over(&mut self) -> io::Result<()> {
        loop {
            let mut bytes = Vec::new();
            let read = (&mut self.input).take(LONGEST).read_until(b'\n', &mut bytes)?;
            if read == 0 || bytes.last() == Some(&b'\n') {
                return Ok(());
            }
        }
    }
}

impl Record {
    fn parse(line: &str) -> Option<Self> {
        let mut node = None;
        let mut rest = line;
        if let Some(named) = rest.strip_prefix("node=") {
            let (name, behind) = named.split_once(' ')?;
            node = Some(name.to_owned());
            rest = behind;
        }
        let (kind, rest) = rest.strip_prefix("type=")?.split_once(' ')?;
        let (stamp, rest) = rest.trim_start().strip_prefix("msg=audit(")?.split_once(')')?;
        let (time, serial) = stamp.rsplit_once(':')?;
        let (seconds, part) = time.split_once('.')?;
        let nanoseconds = format!("{part:0<9}").get(..9)?.parse::<u64>().ok()?;
        let time = seconds.parse::<u64>().ok()?.checked_mul(1_000_000_000)?;
        Some(Self {
            kind: kind.to_owned(),
            node,
            time: time.checked_add(nanoseconds)?,
            serial: serial.parse().ok()?,
            fields: fields(rest.strip_prefix(':').unwrap_or(rest)),
        })
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A text: in quotes as it is, without them in hexadecimal.
    fn text(&self, name: &str) -> Option<String> {
        let value = self.get(name)?;
        if let Some(quoted) = value.strip_prefix('"') {
            return Some(quoted.strip_suffix('"').unwrap_or(quoted).to_owned());
        }
        if matches!(value, "(null)" | "(none)" | "?") {
            return None;
        }
        let decoded = unhex(value).filter(|bytes| !bytes.is_empty());
        Some(
            decoded.map_or_else(
                || value.to_owned(),
                |bytes| String::from_utf8_lossy(&bytes).into_owned(),
            ),
        )
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }

    fn id(&self, name: &str) -> Option<u32> {
        self.get(name)?.parse().ok()
    }
}

/// `key=value` one behind the other; values in quotes may have blanks.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', char::from(ENRICHED)]);
        let Some((key, behind)) = rest.split_once('=') else { return all };
        let key = key.rsplit(' ').next().unwrap_or(key);
        let quote = behind.chars().next().filter(|first| matches!(first, '"' | '\''));
        let end = match quote {
            Some(quote) => {
                behind.get(1..).and_then(|it| it.find(quote)).map_or(behind.len(), |at| at + 2)
            }
            None if behind.starts_with('{') => behind.find('}').map_or(behind.len(), |at| at + 1),
            None => behind.find([' ', char::from(ENRICHED)]).unwrap_or(behind.len()),
        };
        let (value, behind) = behind.split_at(end);
        all.push((key.to_owned(), value.to_owned()));
        rest = behind;
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
            _ => None,
        })
        .collect()
}

impl Event {
    fn record(&self, kind: &str) -> Option<&Record> {
        self.records.iter().find(|record| record.kind == kind)
    }

    /// What it tells; nothing where it is about no call.
    fn report(&self) -> Result<Option<Report>, String> {
        let Some(call) = self.record("SYSCALL") else { return Ok(None) };
        let arch = call.get("arch").and_then(|arch| u64::from_str_radix(arch, 16).ok());
        let number = call.get("syscall").and_then(|number| number.parse().ok());
        let named = call.get("SYSCALL").filter(|name| !name.starts_with("unknown"));
        let name = match (named, arch, number) {
            (Some(name), ..) => name.to_owned(),
            (None, Some(arch), Some(number)) => match calls::numbered(arch, number) {
                Some(name) => name.to_owned(),
                None => return Ok(None),
            },
            // `ausearch -i` writes the name itself.
            (None, ..) => call.get("syscall").ok_or("a call without `syscall`")?.to_owned(),
        };
        let failed = call.get("success") == Some("no");
        let result = call.number("exit").unwrap_or(-i64::from(failed));
        let pid = call.number("pid").filter(|pid| *pid > 0).ok_or("a call without `pid`")?;
        let binary = call.text("exe").unwrap_or_default();
        let mut actor = Actor {
            pid,
            tid: pid,
            ppid: call.number("ppid"),
            vpid: None,
            uid: call.id("euid").or_else(|| call.id("uid")),
            gid: call.id("egid").or_else(|| call.id("gid")),
            loginuid: call.id("auid"),
            comm: call.text("comm"),
            argv: self.title().unwrap_or_else(|| vec![binary.clone()]),
            cwd: self.record("CWD").and_then(|it| it.text("cwd")),
            container: None,
            execution: format!("{:?} {binary}", call.number("ppid")),
            binary,
        };
        let deed = match &*name {
            "execve" | "execveat" => {
                if result == 0 {
                    actor.argv = self.run().unwrap_or(actor.argv);
                }
                Deed::Run(result)
            }
            "exit" | "exit_group" => Deed::End { status: hex(call, 0).unwrap_or(0), signal: 0 },
            _ => Deed::Call(self.call(&name, call, result)),
        };
        let host = self.records.iter().find_map(|record| record.node.clone());
        let time = call.time;
        Ok(Some(Report { time, host, actor, ancestors: Vec::new(), deed, users: users(call) }))
    }

    /// The arguments of the program that was run, of which long ones stand in several records.
    fn run(&self) -> Option<Vec<String>> {
        let record = self.record("EXECVE")?;
        let count = record.number("argc").and_then(|count| usize::try_from(count).ok())?;
        let records = || self.records.iter().filter(|it| it.kind == "EXECVE");
        let whole = |name: &str| records().find_map(|it| it.text(name));
        let mut all = Vec::new();
        for at in 0..count.min(4096) {
            let argument = whole(&format!("a{at}")).or_else(|| {
                let parts = (0..1024).map_while(|part| whole(&format!("a{at}[{part}]")));
                Some(parts.collect::<String>()).filter(|joined| !joined.is_empty())
            });
            all.push(argument.unwrap_or_default());
        }
        Some(all)
    }

    /// What the process calls itself.
    fn title(&self) -> Option<Vec<String>> {
        let title = self.record("PROCTITLE")?.text("proctitle")?;
        Some(title.split('\0').filter(|part| !part.is_empty()).map(str::to_owned).collect())
    }

    fn call(&self, name: &str, record: &Record, result: i64) -> Call {
        let mut arguments: Vec<Option<Datum>> =
            (0..4).map(|at| hex(record, at).map(Datum::Number)).collect();
        let texts = calls::named(name).map(calls::Known::texts).unwrap_or_default();
        // The folders that files are in are not what the call was given.
        let paths = self
            .records
            .iter()
            .filter(|it| it.kind == "PATH" && it.get("nametype") != Some("PARENT"));
        let names: Vec<Option<String>> = paths.map(|it| it.text("name")).collect();
        for (at, place) in texts.iter().enumerate() {
            let name = names.get(at).cloned().flatten();
            if let Some(slot) = arguments.get_mut(*place) {
                *slot = name.map(|name| Datum::Text(name.into_bytes()));
            }
        }
        if let Some(address) = self.record("SOCKADDR").and_then(|it| it.get("saddr"))
            && let Some(address) = unhex(address).and_then(|bytes| socket(&bytes))
            && matches!(name, "connect" | "bind")
            && let Some(slot) = arguments.get_mut(1)
        {
            *slot = Some(Datum::Address(address));
        }
        Call { name: name.to_owned(), result, arguments, target: None }
    }
}

/// An argument of a call, which stands in hexadecimal; a folder's number is one of 32 bits.
fn hex(record: &Record, at: usize) -> Option<i64> {
    const NAMES: [&str; 4] = ["a0", "a1", "a2", "a3"];
    let value = u64::from_str_radix(record.get(NAMES.get(at)?)?, 16).ok()?;
    Some(match u32::try_from(value) {
        Ok(low) if low > 0x8000_0000 => i64::from(low.cast_signed()),
        _ => value.cast_signed(),
    })
}

/// Users that an enriched record tells the names of.
fn users(call: &Record) -> Vec<(u32, String)> {
    let pairs = [("uid", "UID"), ("euid", "EUID"), ("auid", "AUID")];
    let told = pairs.iter().filter_map(|(number, name)| {
        let id = call.id(number).filter(|id| *id != UNSET)?;
        let name = call.text(name)?;
        (!name.starts_with("unknown(")).then_some((id, name))
    });
    told.collect()
}

/// `struct sockaddr` as it lies in memory.
fn socket(bytes: &[u8]) -> Option<Address> {
    let (family, rest) = bytes.split_first_chunk::<2>()?;
    Some(match u16::from_le_bytes(*family) {
        1 => {
            let end = memchr::memchr(0, rest).unwrap_or(rest.len());
            Address::Unix(rest.get(..end)?.to_vec())
        }
        2 => {
            let (port, rest) = rest.split_first_chunk::<2>()?;
            let (ip, _) = rest.split_first_chunk::<4>()?;
            Address::Ip(SocketAddr::from((Ipv4Addr::from(*ip), u16::from_be_bytes(*port))))
        }
        10 => {
            let (port, rest) = rest.split_first_chunk::<2>()?;
            let (ip, _) = rest.get(4..)?.split_first_chunk::<16>()?;
            Address::Ip(SocketAddr::from((Ipv6Addr::from(*ip), u16::from_be_bytes(*port))))
        }
        other => Address::Other(u8::try_from(other).unwrap_or(0)),
    })
}
