//! Hours in which nobody is told anything that can wait.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::error::{Error, Result};
use crate::moment::Millis;

/// Quiet hours in a time zone.
#[derive(Debug, Clone)]
pub struct Quiet {
    hours: Vec<(Time, Time)>,
    zone: TimeZone,
}

impl Quiet {
    /// `22:00-07:00`, several with commas; none where nothing is said.
    pub fn parse(hours: &str, zone: &str) -> Result<Self> {
        let refuse = |part: &str| {
            Error::Refused(format!("`quiet` has `{part}`: expected hours as `22:00-07:00`"))
        };
        let mut parsed = Vec::new();
        for part in hours.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (from, to) = part.split_once('-').ok_or_else(|| refuse(part))?;
            let time = |text: &str| text.trim().parse::<Time>().map_err(|_| refuse(part));
            parsed.push((time(from)?, time(to)?));
        }
        let zone = if zone.is_empty() { "UTC" } else { zone };
        let zone = TimeZone::get(zone).map_err(|_| {
            Error::Refused(format!("`zone` is `{zone}`: expected a name as `Europe/London`"))
        })?;
        Ok(Self { hours: parsed, zone })
    }

    /// Whether it is quiet at a time.
    pub fn is_at(&self, at: Millis) -> bool {
        let Ok(at) = Timestamp::from_millisecond(at) else { return false };
        let time = at.to_zoned(self.zone.clone()).time();
        self.hours.iter().any(|(from, to)| {
            if from <= to { (*from..*to).contains(&time) } else { time >= *from || time < *to }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn hours_go_over_midnight_and_are_those_of_the_zone() {
        let quiet = Quiet::parse("22:00-07:00", "Europe/Berlin").unwrap();
        assert!(quiet.is_at(at("2026-01-10T21:30:00Z")));
        assert!(quiet.is_at(at("2026-01-10T05:59:00Z")));
        assert!(!quiet.is_at(at("2026-01-10T06:00:00Z")));
        assert!(!quiet.is_at(at("2026-01-10T20:59:00Z")));
        let two = Quiet::parse("12:00-13:00, 18:30-19:00", "").unwrap();
        assert!(two.is_at(at("2026-01-10T12:59:00Z")) && two.is_at(at("2026-01-10T18:30:00Z")));
        assert!(!Quiet::parse("", "").unwrap().is_at(0));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for wrong in ["22", "22:00", "25:00-26:00", "a-b"] {
            assert!(Quiet::parse(wrong, "").is_err(), "{wrong}");
        }
    }
}
