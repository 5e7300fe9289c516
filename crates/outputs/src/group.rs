//! A storm of alerts as one: the first of its kind passes at once, the rest is counted and told at
//! the end of a window.

use std::collections::{HashMap, VecDeque};

use plimsoll_runtime::alert::Alert;
use serde_json::Value;

/// How many kinds are followed at once; with more the oldest is told before its time.
const MAX_KINDS: usize = 10_000;

/// Alerts by their kind.
#[derive(Debug)]
pub struct Groups {
    /// Nanoseconds.
    window: u64,
    kinds: HashMap<String, Kind>,
    /// The kinds in the order of their begin.
    order: VecDeque<(u64, String)>,
}

#[derive(Debug)]
struct Kind {
    begin: u64,
    more: u64,
    last: Option<Box<Alert>>,
}

impl Groups {
    /// Groups over so many nanoseconds of the events' time; 0 groups nothing.
    pub fn new(window: u64) -> Self {
        Self { window, kinds: HashMap::new(), order: VecDeque::new() }
    }

    /// Takes an alert and gives what is to be told now, in its order.
    pub fn take(&mut self, alert: Alert, tell: &mut Vec<Alert>) {
        if self.window == 0 {
            tell.push(alert);
            return;
        }
        self.close(alert.time, tell);
        let key = key(&alert);
        if let Some(kind) = self.kinds.get_mut(&key) {
            kind.more = kind.more.saturating_add(1);
            kind.last = Some(Box::new(alert));
            return;
        }
        if self.kinds.len() >= MAX_KINDS {
            self.close_first(tell);
        }
        self.order.push_back((alert.time, key.clone()));
        self.kinds.insert(key, Kind { begin: alert.time, more: 0, last: None });
        tell.push(alert);
    }

    /// Tells what is counted and not told: at the end.
    pub fn end(&mut self, tell: &mut Vec<Alert>) {
        while self.close_first(tell) {}
    }

    /// Ends the windows that are over at this time and gives what they counted.
    pub fn close(&mut self, time: u64, tell: &mut Vec<Alert>) {
        while let Some((begin, _)) = self.order.front()
            && begin.saturating_add(self.window) <= time
        {
            self.close_first(tell);
        }
    }

    fn close_first(&mut self, tell: &mut Vec<Alert>) -> bool {
        let Some((_, key)) = self.order.pop_front() else { return false };
        if let Some(Kind { begin, more, last: Some(last) }) = self.kinds.remove(&key) {
            tell.push(counted(*last, more, begin));
        }
        true
    }
}

/// What alerts of one kind have in common: the rule and the values that do not change with every
/// event.
fn key(alert: &Alert) -> String {
    let changes = |name: &str| {
        name.starts_with("evt.")
            && !matches!(name, "evt.type" | "evt.res" | "evt.source" | "evt.hostname")
            || name.ends_with("pid")
            || name.ends_with("tid")
            || name.ends_with("duration")
            || name.rsplit_once('.').is_some_and(|(_, last)| last == "ts")
            || matches!(name, "ka.auditid" | "ct.id" | "ct.requestid" | "ct.time" | "fd.cport")
    };
    let mut key = alert.rule.clone();
    for (name, value) in alert.fields.iter().filter(|(name, _)| !changes(name)) {
        key.push('\0');
        key.push_str(name);
        key.push('=');
        match value {
            Value::String(text) => key.push_str(text),
            other => key.push_str(&other.to_string()),
        }
    }
    key
}

/// The last alert of a window, with how many there were beside the first.
fn counted(mut alert: Alert, more: u64, begin: u64) -> Alert {
    let seconds = alert.time.saturating_sub(begin) / 1_000_000_000;
    let times = format!(" (and {more} more in {seconds} s)");
    alert.message.push_str(&times);
    alert.output.push_str(&times);
    alert.fields.insert("plimsoll.more".to_owned(), more.into());
    alert
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_runtime::fields::Source;
    use plimsoll_runtime::loader::Priority;

    fn alert(second: u64, name: &str) -> Alert {
        Alert {
            rule: "R".to_owned(),
            source: Source::Syscall,
            priority: Priority::Notice,
            tags: Vec::new(),
            time: second * 1_000_000_000,
            host: "h".to_owned(),
            output: name.to_owned(),
            message: name.to_owned(),
            fields: [("proc.name".to_owned(), name.into()), ("proc.pid".to_owned(), second.into())]
                .into(),
            explanation: None,
        }
    }

    fn told(window: u64, alerts: &[(u64, &str)]) -> Vec<String> {
        let mut groups = Groups::new(window * 1_000_000_000);
        let mut tell = Vec::new();
        for (second, name) in alerts {
            groups.take(alert(*second, name), &mut tell);
        }
        groups.end(&mut tell);
        tell.into_iter().map(|alert| alert.message).collect()
    }

    #[test]
    fn the_first_is_told_and_then_the_count() {
        let alerts = [(1, "a"), (2, "a"), (3, "b"), (4, "a"), (11, "a"), (12, "c")];
        let expected = ["a", "b", "a (and 2 more in 3 s)", "a", "c"];
        assert_eq!(told(10, &alerts), expected);
        assert_eq!(told(0, &alerts).len(), 6);
    }

    #[test]
    fn the_count_is_told_when_its_window_ends() {
        let mut groups = Groups::new(10_000_000_000);
        let mut tell = Vec::new();
        for second in [1, 2, 3] {
            groups.take(alert(second, "a"), &mut tell);
        }
        groups.close(10_999_999_999, &mut tell);
        assert_eq!(tell.len(), 1);
        groups.close(11_000_000_000, &mut tell);
        assert_eq!(tell.last().map(|it| it.message.as_str()), Some("a (and 2 more in 2 s)"));
        groups.end(&mut tell);
        assert_eq!(tell.len(), 2);
    }

    #[test]
    fn no_more_kinds_are_followed_than_memory_has_room_for() {
        let mut groups = Groups::new(u64::MAX);
        let mut tell = Vec::new();
        for number in 0..30_000 {
            groups.take(alert(1, &number.to_string()), &mut tell);
        }
        assert!(groups.kinds.len() <= MAX_KINDS && groups.order.len() <= MAX_KINDS);
        assert_eq!(tell.len(), 30_000);
    }
}
