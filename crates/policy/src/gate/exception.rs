//! Exceptions: what is let through for a while, by whom and why.

use plimsoll_model::Timestamp;
use plimsoll_model::gate::{Exception, Rule, Violation};

use super::wildcard::matches;

/// An exception of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionRule {
    /// The rule that it is from, or `judge.*`.
    pub rule: String,
    /// The violation that it is for, by its id; `None` for all.
    pub id: Option<String>,
    /// The subjects that it is for, with `*`.
    pub subject: Option<String>,
    /// The files that it is for, with `*`.
    pub path: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why it is made.
    pub reason: String,
    /// The start of the last day on which it holds, in UTC.
    pub expires: Timestamp,
    /// The line of the policy that it stands on.
    pub line: u32,
}

impl ExceptionRule {
    /// Whether it is for a violation, whatever the day.
    pub(super) fn covers(&self, rule: &Rule, subject: &str, violation: &Violation) -> bool {
        let is_rule = self.rule == rule.id
            || self.rule.strip_suffix(".*").is_some_and(|judge| judge == rule.judge());
        let like = |pattern: &Option<String>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| matches(pattern, text))
        };
        let file = violation.place.as_ref().map(|place| place.file.as_str());
        let is_file = match (&self.path, file) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(pattern), Some(file)) => {
                matches(pattern, file.strip_prefix("./").unwrap_or(file))
            }
        };
        let is_called = self.id.as_ref().is_none_or(|id| id.eq_ignore_ascii_case(&violation.id));
        is_rule && is_called && is_file && like(&self.subject, subject)
    }

    /// Whether its last day has passed.
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.days_until(now) > 0
    }

    /// As a decision tells it, before anything was counted.
    pub(super) fn told(&self, now: Timestamp) -> Exception {
        Exception {
            rule: self.rule.clone(),
            id: self.id.clone(),
            subject: self.subject.clone(),
            path: self.path.clone(),
            owner: self.owner.clone(),
            reason: self.reason.clone(),
            expires: self.expires.date(),
            expired: self.is_expired(now),
            used: 0,
            line: self.line,
        }
    }
}
