//! An event: what its records tell together.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::record::{Record, unhex};
use crate::telemetry::calls;
use crate::telemetry::report::{Actor, Address, Call, Datum, Deed, Report};

/// The most records of an event.
const RECORDS: usize = 256;
/// No user.
const UNSET: u32 = u32::MAX;

/// What is told under one number.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) line: u64,
    pub(super) records: Vec<Record>,
    /// What its lines take.
    pub(super) bytes: usize,
    pub(super) whole: bool,
}

impl Event {
    /// Takes in a record of so many bytes. `PROCTITLE` is the last that auditd writes, and the first
    /// that `ausearch` does.
    pub(super) fn add(&mut self, record: Record, size: usize) {
        self.bytes += size;
        let is_call = |it: &Record| it.kind == "SYSCALL";
        self.whole |= record.kind == "EOE"
            || (record.kind == "PROCTITLE" && self.records.iter().any(is_call));
        if self.records.len() < RECORDS {
            self.records.push(record);
        }
    }

    fn record(&self, kind: &str) -> Option<&Record> {
        self.records.iter().find(|record| record.kind == kind)
    }

    /// What it tells; nothing where it is about no call.
    pub(super) fn report(&self) -> Result<Option<Report>, String> {
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
            (None, ..) => return Err("a call without its number".to_owned()),
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
            vtid: None,
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
        let records = self.records.iter().filter(|it| it.kind == "EXECVE");
        let told: HashMap<&str, String> = records
            .flat_map(|it| it.fields.iter().map(move |(name, _)| (name.as_str(), it)))
            .filter_map(|(name, it)| Some((name, it.text(name)?)))
            .collect();
        let mut all = Vec::new();
        for at in 0..count.min(told.len()) {
            let argument = told.get(&*format!("a{at}")).cloned().or_else(|| {
                let parts = (0..told.len()).map_while(|part| told.get(&*format!("a{at}[{part}]")));
                Some(parts.cloned().collect::<String>()).filter(|joined| !joined.is_empty())
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
        let mut texts = calls::named(name).map(calls::Known::texts).unwrap_or_default();
        if name == "mount" {
            // The kernel looks for the folder first, and for what is bound to it after that; the
            // names of devices and types are not told.
            texts = vec![1, 0];
        }
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
        Call { name: name.to_owned(), result: Some(result), arguments, target: None }
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
pub(super) fn socket(bytes: &[u8]) -> Option<Address> {
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
