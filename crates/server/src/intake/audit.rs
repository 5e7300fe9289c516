//! The audit log of a Kubernetes API server, judged by rules on the way in.
//!
//! Source: `audit.k8s.io/v1`, `EventList`, as the webhook backend sends it.

use std::cell::RefCell;

use plimsoll_runtime::alert::{Formatter, Style};
use plimsoll_runtime::defaults;
use plimsoll_runtime::engine::{Engine, Matching};
use plimsoll_runtime::event::Arena;
use plimsoll_runtime::loader::{Loader, Options};
use plimsoll_runtime::sources::{Read, Reader};

use crate::error::{Error, Result};

/// The rules that events are judged by.
pub const RULES: &str = defaults::K8S_AUDIT.0;

/// What became of events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Auditor {
    /// Alerts as lines, each with its end.
    pub lines: Vec<u8>,
    /// How many events there were.
    pub events: usize,
    /// How many alerts came of them.
    pub alerts: usize,
    /// How many parts of the body were no events.
    pub skipped: usize,
    /// What was wrong with the first of them.
    pub why: Option<String>,
}

struct Judge {
    engine: Engine,
    formatters: Vec<Formatter>,
    style: Style,
}

thread_local! {
    /// An engine belongs to one thread.
    static JUDGE: RefCell<Option<Judge>> = const { RefCell::new(None) };
}

impl Judge {
    fn new() -> Result<Self> {
        let (name, text) = defaults::K8S_AUDIT;
        let mut loader = Loader::new(Options::default());
        let report = loader.load(name, text);
        if !report.is_loaded() {
            return Err(Error::Refused(format!(
                "the rules on audit logs do not load: {:?}",
                report.errors
            )));
        }
        let rules = &loader.definitions().rules;
        let style = Style { json: true, iso_time: true, ..Style::default() };
        let formatters: std::result::Result<Vec<_>, String> =
            rules.iter().map(|rule| Formatter::new(rule, &style, &[])).collect();
        let formatters = formatters.map_err(Error::Refused)?;
        Ok(Self { engine: Engine::new(rules, Matching::All), formatters, style })
    }

    fn judge(&mut self, body: &[u8], host: &str) -> Result<Auditor> {
        let mut found = Auditor::default();
        let (mut matched, mut arena) = (Vec::new(), Arena::new());
        let mut reader = Reader::new(body);
        let failed = |error: std::io::Error| Error::Refused(error.to_string());
        while let Some(read) = reader.read().map_err(failed)? {
            let event = match read {
                Read::Event(event) => event,
                Read::Skipped(skipped) => {
                    found.skipped += 1;
                    found.why.get_or_insert(format!("line {}: {}", skipped.line, skipped.why));
                    continue;
                }
            };
            found.events += 1;
            self.engine.judge(&event, &mut matched);
            for at in &matched {
                let Some(formatter) = self.formatters.get(*at) else { continue };
                arena.reset();
                let alert = formatter.alert(&event, host, &arena);
                found.lines.extend(alert.line(&self.style).into_bytes());
                found.lines.push(b'\n');
                found.alerts += 1;
            }
        }
        Ok(found)
    }
}

impl Auditor {
    /// Judges a body: an `EventList`, or events. It computes, and is for threads that may.
    pub fn judge(body: &[u8], host: &str) -> Result<Self> {
        JUDGE.with(|cell| {
            let mut slot = cell.try_borrow_mut().map_err(|_| Error::Damaged("a judge"))?;
            let judge = match slot.as_mut() {
                Some(judge) => judge,
                None => slot.insert(Judge::new()?),
            };
            judge.judge(body, host)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_in_a_pod_is_told_and_a_list_of_pods_is_not() {
        let event = |verb: &str, sub: &str| {
            format!(
                r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"1","stage":"ResponseComplete",
                "verb":"{verb}","requestURI":"/api/v1/namespaces/shop/pods/web/exec?command=sh",
                "user":{{"username":"eve"}},"objectRef":{{"resource":"pods","namespace":"shop","name":"web"{sub}}},
                "responseStatus":{{"code":200}},"stageTimestamp":"2026-11-24T08:00:00.000000Z"}}"#
            )
        };
        let list = format!(
            r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{},{}]}}"#,
            event("create", r#","subresource":"exec""#),
            event("list", "")
        );
        let found = Auditor::judge(list.as_bytes(), "cluster").unwrap();
        assert_eq!((found.events, found.alerts, found.skipped), (2, 1, 0), "{found:?}");
        let alert = crate::intake::Alert::parse(found.lines.trim_ascii(), 0).unwrap();
        assert_eq!(alert.rule, "Command in a pod by way of the API server");
        assert_eq!((alert.source.as_str(), alert.priority), ("k8s_audit", "Notice"));
        assert!(alert.output.contains("user=eve pod=web namespace=shop"), "{}", alert.output);
        let nonsense = Auditor::judge(b"{\"kind\":0}", "x").unwrap();
        assert_eq!((nonsense.events, nonsense.skipped), (0, 1));
    }
}
