//! The log of Linux's audit, raw or enriched, as `auditd` writes it: records of one event have one
//! number, and each tells a part of it. Source: `audit-record-types` and `auparse` of
//! linux-audit/audit-userspace.

mod event;
mod record;

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

use super::report::Report;
use crate::sources::Skipped;
use event::Event;
use record::Record;

/// The longest record that is read; the kernel's own have 8,970 bytes at most.
const LONGEST: u64 = 64 * 1024;
/// So many events are open at once: their records may stand between each other.
const OPEN: usize = 32;
/// So many bytes of lines are open at once.
const OPEN_BYTES: usize = 4 * 1024 * 1024;

/// Whether a text begins as a record does.
pub(super) fn is_record(begin: &[u8]) -> bool {
    let text = String::from_utf8_lossy(begin.get(..begin.len().min(512)).unwrap_or_default());
    let line = text.lines().next().unwrap_or_default();
    Record::parse(line).is_some()
        || (line.starts_with("type=") && line.contains(" msg=audit("))
        || (line.starts_with("node=") && line.contains(" type="))
}

/// The events of a log.
#[derive(Debug)]
pub(super) struct Log<R> {
    input: R,
    line: u64,
    open: VecDeque<Event>,
    /// What the lines of open events take.
    bytes: usize,
    ended: bool,
}

impl<R: BufRead> Log<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, line: 0, open: VecDeque::new(), bytes: 0, ended: false }
    }

    /// The next event that tells of a call; none at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<Report, Skipped>>> {
        loop {
            let is_ready = self.open.front().is_some_and(|event| event.whole)
                || self.open.len() > OPEN
                || self.bytes > OPEN_BYTES
                || self.ended;
            if is_ready {
                let next = self.open.pop_front();
                self.bytes -= next.as_ref().map_or(0, |event| event.bytes).min(self.bytes);
                match next {
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
        let size = bytes.len();
        self.bytes += size;
        let own = self.open.iter_mut().rev().find(|event| {
            event
                .records
                .first()
                .is_some_and(|it| (it.time, it.serial) == (record.time, record.serial))
        });
        if let Some(event) = own {
            event.add(record, size);
        } else {
            let mut event = Event { line, records: Vec::new(), bytes: 0, whole: false };
            event.add(record, size);
            self.open.push_back(event);
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

#[cfg(test)]
mod tests {
    use super::event::socket;
    use super::record::unhex;
    use super::*;
    use crate::telemetry::report::{Address, Datum, Deed};

    fn reports(text: &str) -> Vec<Report> {
        let mut log = Log::new(text.as_bytes());
        let mut all = Vec::new();
        while let Some(next) = log.next().unwrap() {
            all.push(next.unwrap());
        }
        all
    }

    fn text(report: &Report, place: usize) -> Option<String> {
        let Deed::Call(call) = &report.deed else { return None };
        match call.arguments.get(place)?.clone()? {
            Datum::Text(text) => String::from_utf8(text).ok(),
            _ => None,
        }
    }

    #[test]
    fn records_are_put_together_whichever_stands_first() {
        let call = "type=SYSCALL msg=audit(1.5:9): arch=c000003e syscall=165 exit=0 a0=1 a1=2 a2=3 \
                    a3=1000 pid=7 exe=\"/bin/mount\"\n";
        let path = "type=PATH msg=audit(1.5:9): item=0 name=\"/mnt\" nametype=NORMAL\n\
                    type=PATH msg=audit(1.5:9): item=1 name=\"/srv\" nametype=NORMAL\n";
        let title = "type=PROCTITLE msg=audit(1.5:9): proctitle=6D6F756E74002D2D62696E64\n";
        let other =
            "type=SYSCALL msg=audit(1.6:10): arch=c00000b7 syscall=129 exit=0 a0=1 a1=9 pid=8\n";
        for order in [[call, path, other, title], [title, other, path, call]] {
            let found = reports(&order.concat());
            assert_eq!(found.len(), 2, "{found:?}");
            let mount = found.iter().find(|it| it.actor.pid == 7).unwrap();
            assert_eq!(text(mount, 1).as_deref(), Some("/mnt"));
            assert_eq!(text(mount, 0).as_deref(), Some("/srv"));
            assert_eq!(mount.actor.argv, ["mount", "--bind"]);
            let Deed::Call(kill) = &found.iter().find(|it| it.actor.pid == 8).unwrap().deed else {
                panic!("no call")
            };
            assert_eq!(kill.name, "kill");
        }
    }

    #[test]
    fn a_count_of_arguments_that_lies_costs_nothing() {
        let text = "type=SYSCALL msg=audit(1.5:9): arch=c000003e syscall=59 exit=0 pid=7\n\
                    type=EXECVE msg=audit(1.5:9): argc=4096 a1[0]=\"b\" a1[1]=\"c\" a0=\"a\"\n";
        assert_eq!(reports(text)[0].actor.argv[..2], ["a", "bc"]);
    }

    #[test]
    fn addresses_are_those_of_memory() {
        assert_eq!(
            socket(&unhex("0200115C7F0000010000000000000000").unwrap()),
            Some(Address::Ip("127.0.0.1:4444".parse().unwrap()))
        );
        assert_eq!(
            socket(&unhex("01002F72756E2F612E736F636B00").unwrap()),
            Some(Address::Unix(b"/run/a.sock".to_vec()))
        );
        assert_eq!(socket(&unhex("0200").unwrap()), None);
    }
}
