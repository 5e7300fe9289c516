//! When something is due that a person wrote in cron's form, in a time zone.
//!
//! Source: POSIX `crontab`, with names of days and months, steps, `L`, `W` and `#`; an hour that the
//! clocks skip or have twice is one run.

use std::str::FromStr as _;

use croner::Cron;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::error::{Error, Result};
use crate::moment::Millis;

/// Times in a time zone.
#[derive(Debug, Clone)]
pub struct Times {
    cron: Cron,
    zone: TimeZone,
}

impl Times {
    /// `cron` as `17 3 * * MON-FRI`, `zone` as `Europe/London`; `UTC` where nothing is said.
    ///
    /// # Errors
    /// [`Error::Refused`] says which of the two cannot be read.
    pub fn parse(cron: &str, zone: &str) -> Result<Self> {
        let parsed = Cron::from_str(cron).map_err(|error| {
            Error::Refused(format!(
                "`schedule` is `{cron}`: {error}; five fields are expected, as `17 3 * * *`"
            ))
        })?;
        let zone = if zone.is_empty() { "UTC" } else { zone };
        let zone = TimeZone::get(zone).map_err(|_| {
            Error::Refused(format!("`zone` is `{zone}`: expected a name as `Europe/London`"))
        })?;
        Ok(Self { cron: parsed, zone })
    }

    /// The next time after `after`; `None` where there is none.
    pub fn next(&self, after: Millis) -> Option<Millis> {
        let from = Timestamp::from_millisecond(after).ok()?.to_zoned(self.zone.clone());
        let next = self.cron.find_next_occurrence(&from, false).ok()?;
        Some(next.timestamp().as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn a_time_is_that_of_its_zone_in_summer_and_in_winter() {
        let times = Times::parse("30 3 * * *", "Europe/Berlin").unwrap();
        assert_eq!(times.next(at("2026-01-10T00:00:00Z")), Some(at("2026-01-10T02:30:00Z")));
        assert_eq!(times.next(at("2026-07-10T00:00:00Z")), Some(at("2026-07-10T01:30:00Z")));
        let steps = Times::parse("*/15 * * * *", "").unwrap();
        assert_eq!(steps.next(at("2026-07-10T00:00:00Z")), Some(at("2026-07-10T00:15:00Z")));
    }

    #[test]
    fn an_hour_that_is_skipped_does_not_skip_the_run() {
        let times = Times::parse("30 2 * * *", "Europe/Berlin").unwrap();
        let next = times.next(at("2026-03-28T12:00:00Z")).unwrap();
        assert!((at("2026-03-29T00:59:00Z")..=at("2026-03-29T01:31:00Z")).contains(&next));
    }

    #[test]
    fn what_is_no_time_is_refused_by_name() {
        let refused = |cron, zone| Times::parse(cron, zone).unwrap_err().to_string();
        assert!(refused("61 * * * *", "").contains("`schedule` is `61 * * * *`"));
        assert!(refused("* * * * *", "Mars/Olympus").contains("`zone` is `Mars/Olympus`"));
    }
}
