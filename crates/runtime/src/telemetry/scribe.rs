//! Writes what another sensor tells as the blocks of a capture.
//!
//! A process that is met for the first time is born and runs its program in events that change what is
//! known and are not shown, as those of `plimsoll watch --write` are.

use std::collections::{HashMap, HashSet};
use std::io;

use super::calls;
use super::container::{described, full};
use super::report::{self, Actor, Address, Call, Datum, Deed, Report, Target, UNTOLD};
use crate::scap::schema::{self, EventType};
use crate::scap::{Account, Head, Machine, Writer, codes};

/// It changes what is known and is not shown.
const HIDDEN: u32 = 1;
/// So many processes are remembered; when there are more all are written anew.
const MOST: usize = 65_536;
/// The longest list of arguments that captures have.
const LONGEST_ARGUMENTS: usize = 4096;
/// The longest path.
const LONGEST_TEXT: usize = 4095;
/// What has been written so far.
#[derive(Debug)]
pub(super) struct Scribe {
    writer: Writer<Vec<u8>>,
    begun: bool,
    /// What each process runs, and its parent.
    known: HashMap<i64, (String, Option<i64>)>,
    /// Sockets of processes that were told when they were made.
    sockets: HashSet<(i64, i64)>,
    containers: HashSet<String>,
    users: HashSet<u32>,
}

type Values<'v> = Vec<(&'v str, Datum)>;

impl Scribe {
    /// Begins a capture.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            writer: Writer::new(Vec::new())?,
            begun: false,
            known: HashMap::new(),
            sockets: HashSet::new(),
            containers: HashSet::new(),
            users: HashSet::new(),
        })
    }

    /// What has been written since it was last asked for.
    pub(super) fn take(&mut self) -> io::Result<Vec<u8>> {
        std::mem::replace(&mut self.writer, Writer::part(Vec::new())).finish()
    }

    /// Writes what is told.
    pub(super) fn write(&mut self, report: &Report) -> io::Result<()> {
        if !self.begun {
            self.begun = true;
            let hostname = report.host.clone().unwrap_or_default().into_bytes();
            self.writer.machine(&Machine { hostname, ..Machine::default() })?;
        }
        self.users(report)?;
        for ancestor in report.ancestors.iter().rev() {
            self.meet(ancestor, report.time)?;
        }
        let actor = &report.actor;
        match &report.deed {
            Deed::Run(result) => {
                self.born(actor, report.time)?;
                self.run(actor, *result, report.time, 0)
            }
            deed => {
                self.meet(actor, report.time)?;
                match deed {
                    Deed::Call(call) => self.call(actor, call, report.time),
                    Deed::End { status, signal } => {
                        self.ends(actor, *status, *signal, report.time, 0)
                    }
                    Deed::Run(_) | Deed::Nothing => Ok(()),
                }
            }
        }
    }

    fn users(&mut self, report: &Report) -> io::Result<()> {
        for (uid, name) in &report.users {
            if self.users.len() < MOST && self.users.insert(*uid) {
                let (name, none) = (name.clone().into_bytes(), Vec::new());
                let user =
                    Account::User { uid: *uid, gid: 0, name, home: none.clone(), shell: none };
                self.writer.accounts(&[user])?;
            }
        }
        Ok(())
    }

    /// Sees that a process is known with what it runs.
    fn meet(&mut self, actor: &Actor, time: u64) -> io::Result<()> {
        if self.known.get(&actor.tid).is_some_and(|(run, _)| *run == actor.execution) {
            return self.moved(actor, time);
        }
        self.born(actor, time)?;
        self.run(actor, 0, time, HIDDEN)
    }

    /// Sees that a process is known.
    fn born(&mut self, actor: &Actor, time: u64) -> io::Result<()> {
        self.contained(actor, time)?;
        match self.known.get(&actor.tid) {
            // Another parent: the number is used again, and the end of the one before was not told.
            Some((run, parent)) if *run != actor.execution && *parent != actor.ppid => {
                self.ends(actor, 0, 0, time, HIDDEN)?;
            }
            Some(_) => return self.moved(actor, time),
            None => {}
        }
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(actor.tid, (actor.execution.clone(), actor.ppid));
        let mut values = common(actor);
        // Seen by the child, whose result is 0.
        values.extend([
            ("res", Datum::Number(0)),
            ("flags", Datum::Number(0)),
            ("gid", Datum::Number(actor.gid.unwrap_or(u32::MAX).into())),
            ("vtid", Datum::Number(actor.vtid.or(actor.vpid).unwrap_or(actor.tid))),
            ("vpid", Datum::Number(actor.vpid.unwrap_or(actor.pid))),
        ]);
        self.event(codes::CLONE_X, HIDDEN, time, actor.tid, &values)?;
        self.moved(actor, time)
    }

    /// A program is run, or could not be.
    fn run(&mut self, actor: &Actor, result: i64, time: u64, flags: u32) -> io::Result<()> {
        let mut values = common(actor);
        let number = |value: u32| Datum::Number(value.into());
        values.extend([
            ("res", Datum::Number(result)),
            ("loginuid", number(actor.loginuid.unwrap_or(u32::MAX))),
            ("gid", number(actor.gid.unwrap_or(u32::MAX))),
            ("trusted_exepath", text(actor.binary.as_bytes())),
        ]);
        self.event(codes::EXECVE_X, flags, time, actor.tid, &values)?;
        if result == 0 {
            self.known.insert(actor.tid, (actor.execution.clone(), actor.ppid));
        }
        Ok(())
    }

    /// Where it works, which no event before told.
    fn moved(&mut self, actor: &Actor, time: u64) -> io::Result<()> {
        let Some(cwd) = &actor.cwd else { return Ok(()) };
        let values = vec![("res", Datum::Number(0)), ("path", text(cwd.as_bytes()))];
        self.event(codes::CHDIR_X, HIDDEN, time, actor.tid, &values)
    }

    fn ends(
        &mut self,
        actor: &Actor,
        status: i64,
        signal: u8,
        time: u64,
        flags: u32,
    ) -> io::Result<()> {
        let values = vec![
            ("status", Datum::Number(status << 8 | i64::from(signal))),
            ("ret", Datum::Number(status)),
            ("sig", Datum::Number(signal.into())),
            ("core", Datum::Number(0)),
            ("reaper_tid", Datum::Number(0)),
        ];
        self.known.remove(&actor.tid);
        self.event(codes::PROCEXIT_E, flags, time, actor.tid, &values)
    }

    fn call(&mut self, actor: &Actor, call: &Call, time: u64) -> io::Result<()> {
        let known = calls::named(&call.name);
        let Some(kind) = known.map_or_else(|| calls::event_of(&call.name), calls::Known::event)
        else {
            return self.generic(&call.name, actor, time);
        };
        let result = kind.parameters.first().map_or("res", |first| first.name);
        let mut values: Values<'_> = Vec::new();
        values.extend(call.result.map(|told| (result, Datum::Number(told))));
        if let Some(known) = known {
            values.extend(known.parameters(&call.arguments));
        }
        if kind.code == codes::SOCKET_X
            && let Some(number) = call.result.filter(|number| *number >= 0)
        {
            if self.sockets.len() >= MOST {
                self.sockets.clear();
            }
            self.sockets.insert((actor.pid, number));
        }
        let descriptor = kind.descriptor.and_then(|at| kind.parameters.get(at));
        let number = values.iter().find_map(|(name, datum)| match datum {
            Datum::Number(number) if descriptor.is_some_and(|it| it.name == *name) => Some(*number),
            _ => None,
        });
        let untold = number.is_none();
        let number = number.unwrap_or(UNTOLD);
        let given = values.iter().find_map(|(_, datum)| match datum {
            Datum::Address(address) => Some(address.clone()),
            _ => None,
        });
        match (&call.target, given) {
            (Some(Target::File(path)), _) => self.opened(path, number, actor, time)?,
            (Some(Target::Connection { from, to, udp }), _) => {
                self.socket(&Address::Ip(*to), *udp, number, actor, time)?;
                values.push(("addr", Datum::Address(Address::Ip(*to))));
                return self.connect(kind, values, (number, calls::tuple(*from, *to)), actor, time);
            }
            (None, Some(address)) if kind.code == codes::CONNECT_X => {
                self.socket(&address, false, number, actor, time)?;
                let ends = match &address {
                    Address::Ip(to) => calls::tuple(report::nowhere(*to), *to),
                    Address::Unix(path) => calls::unix_tuple(path),
                    Address::Other(_) => Vec::new(),
                };
                return self.connect(kind, values, (number, ends), actor, time);
            }
            _ => {}
        }
        if untold
            && call.target.is_some()
            && let Some(descriptor) = descriptor
        {
            values.push((descriptor.name, Datum::Number(number)));
        }
        self.event(kind.code, 0, time, actor.tid, &values)
    }

    fn connect(
        &mut self,
        kind: &EventType,
        mut values: Values<'_>,
        (number, ends): (i64, Vec<u8>),
        actor: &Actor,
        time: u64,
    ) -> io::Result<()> {
        values.retain(|(name, _)| *name != "fd");
        values.push(("fd", Datum::Number(number)));
        let mut bytes = arranged(kind, &values);
        if let Some(place) = kind.position("tuple").and_then(|at| bytes.get_mut(at)) {
            *place = ends;
        }
        self.writer.made(&Head { time, tid: actor.tid, cpu: 0, flags: 0 }, kind, &bytes)
    }

    /// A file that a process has open, of which it was not told that it was opened.
    fn opened(&mut self, path: &str, number: i64, actor: &Actor, time: u64) -> io::Result<()> {
        let values = vec![
            ("fd", Datum::Number(number)),
            ("dirfd", Datum::Number(-100)),
            ("name", text(path.as_bytes())),
            ("flags", Datum::Converted(0)),
            ("mode", Datum::Number(0)),
        ];
        self.event(codes::OPENAT_X, HIDDEN, time, actor.tid, &values)
    }

    fn socket(
        &mut self,
        to: &Address,
        udp: bool,
        number: i64,
        actor: &Actor,
        time: u64,
    ) -> io::Result<()> {
        if self.sockets.contains(&(actor.pid, number)) {
            return Ok(());
        }
        let (domain, protocol) = match to {
            Address::Ip(to) if to.is_ipv4() => (2, if udp { 17 } else { 6 }),
            Address::Ip(_) => (10, if udp { 17 } else { 6 }),
            Address::Unix(_) => (1, 0),
            Address::Other(_) => return Ok(()),
        };
        let values = vec![
            ("fd", Datum::Number(number)),
            ("domain", Datum::Number(domain)),
            ("type", Datum::Number(if udp { 2 } else { 1 })),
            ("proto", Datum::Number(protocol)),
        ];
        self.event(codes::SOCKET_X, HIDDEN, time, actor.tid, &values)
    }

    /// A call that has no event of its own.
    fn generic(&mut self, name: &str, actor: &Actor, time: u64) -> io::Result<()> {
        let number = schema::system_call_named(name).unwrap_or(0);
        let values = vec![("ID", Datum::Number(number.into()))];
        self.event(codes::GENERIC_X, 0, time, actor.tid, &values)
    }

    /// What is told of a process's container, once.
    fn contained(&mut self, actor: &Actor, time: u64) -> io::Result<()> {
        let Some(container) = &actor.container else { return Ok(()) };
        if self.containers.len() >= MOST {
            self.containers.clear();
        }
        if !self.containers.insert(container.id.clone()) {
            return Ok(());
        }
        let described = described(container).to_string().into_bytes();
        self.writer.tell(time, "container", &described)
    }

    fn event(
        &mut self,
        code: u16,
        flags: u32,
        time: u64,
        tid: i64,
        values: &Values<'_>,
    ) -> io::Result<()> {
        let Some(kind) = schema::event_type(code) else { return Ok(()) };
        self.writer.made(&Head { time, tid, cpu: 0, flags }, kind, &arranged(kind, values))
    }
}

/// The bytes of an event's parameters; those that are not told are empty.
fn arranged(kind: &EventType, values: &Values<'_>) -> Vec<Vec<u8>> {
    let parameters = kind.parameters.iter().map(|parameter| {
        let told = values.iter().find(|(name, _)| *name == parameter.name);
        let mut bytes = told.map(|(_, datum)| calls::bytes(parameter, datum)).unwrap_or_default();
        bytes.truncate(usize::from(u16::MAX));
        bytes
    });
    parameters.collect()
}

/// What the birth of a process and the run of a program have alike.
fn common(actor: &Actor) -> Values<'static> {
    let mut arguments = Vec::new();
    for argument in actor.argv.iter().skip(1) {
        let room = LONGEST_ARGUMENTS.saturating_sub(arguments.len() + 1);
        let kept = argument.len().min(room);
        arguments.extend_from_slice(argument.as_bytes().get(..kept).unwrap_or_default());
        arguments.push(0);
        if kept < argument.len() {
            break;
        }
    }
    let mut values = vec![
        ("exe", text(actor.exe().as_bytes())),
        ("args", Datum::Text(arguments)),
        ("tid", Datum::Number(actor.tid)),
        ("pid", Datum::Number(actor.pid)),
        ("ptid", Datum::Number(actor.ppid.unwrap_or(0))),
        ("comm", text(actor.comm().as_bytes())),
        ("uid", Datum::Number(actor.uid.unwrap_or(u32::MAX).into())),
    ];
    if let Some(container) = &actor.container {
        let group = format!("cpuset=/docker/{}\0", full(&container.id));
        values.push(("cgroups", Datum::Text(group.into_bytes())));
    }
    values
}

/// A text, as long as captures have them at most and without NUL.
fn text(bytes: &[u8]) -> Datum {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len()).min(LONGEST_TEXT);
    Datum::Text(bytes.get(..end).unwrap_or_default().to_vec())
}
