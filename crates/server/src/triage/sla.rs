//! How long a finding may stay open, by severity.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::moment::Millis;
use crate::store::{Connection, findings, settings};
use plimsoll_model::Severity;

const SETTING: &str = "triage.sla";
const DAY: Millis = 24 * 60 * 60 * 1000;

/// Days that a finding may stay open; none where it may for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sla {
    /// Of critical ones.
    pub critical: Option<u16>,
    /// Of high ones.
    pub high: Option<u16>,
    /// Of medium ones.
    pub medium: Option<u16>,
    /// Of low ones.
    pub low: Option<u16>,
}

impl Default for Sla {
    /// What many policies ask for: a week, a month, a quarter, half a year.
    fn default() -> Self {
        Self { critical: Some(7), high: Some(30), medium: Some(90), low: Some(180) }
    }
}

impl Sla {
    /// What is agreed; [`Sla::default`] where nothing was.
    pub async fn load(connection: &mut Connection) -> Result<Self> {
        let text = settings::value(connection, SETTING).await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Agrees on this.
    pub async fn store(&self, connection: &mut Connection) -> Result<()> {
        let text = serde_json::to_string(self).map_err(|_| Error::Damaged("an agreement"))?;
        settings::set(connection, SETTING, &text).await
    }

    /// Days for a severity.
    pub fn days(&self, severity: Severity) -> Option<u16> {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium | Severity::Unknown => self.medium,
            Severity::Low => self.low,
            Severity::Negligible => None,
        }
    }

    /// When a finding that was opened then is overdue; `None` where it may stay open for ever.
    pub fn end(&self, severity: Severity, opened_at: Millis) -> Option<Millis> {
        let days = Millis::from(self.days(severity)?);
        Some(opened_at.saturating_add(days.saturating_mul(DAY)))
    }

    /// In SQL: before when a finding must have been opened to be overdue by `now`, by the column
    /// with its severity.
    pub(crate) fn limits(&self, now: Millis, column: &str) -> String {
        let mut text = format!("CASE {column}");
        for severity in Severity::ALL {
            let number = findings::severity_number(severity);
            let limit = self.days(severity).map_or(0, |days| now - i64::from(days) * DAY);
            // Writing to a `String` cannot fail.
            let _ = write!(text, " WHEN {number} THEN {limit}");
        }
        text + " ELSE 0 END"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_severity_has_its_own_limit_and_the_least_has_none() {
        let sla = Sla { low: None, ..Sla::default() };
        let now = 200 * DAY;
        let text = sla.limits(now, "severity");
        assert!(text.contains(&format!("WHEN 5 THEN {}", 193 * DAY)), "{text}");
        assert!(text.contains("WHEN 2 THEN 0"), "{text}");
        assert!(text.contains("WHEN 1 THEN 0"), "{text}");
    }
}
