//! Times: the one that a document states, and those that are written in digits.
//!
//! Source: <https://reproducible-builds.org/specs/source-date-epoch/>.

use std::time::{SystemTime, UNIX_EPOCH};

use plimsoll_model::Timestamp;

/// The time that a document about something made at `created` states.
pub(crate) fn of(created: Option<Timestamp>) -> Timestamp {
    choose(std::env::var("SOURCE_DATE_EPOCH").ok().as_deref(), created, now)
}

/// The time in `YYYYMMDDHHMMSS`, in UTC.
pub(crate) fn of_digits(digits: &str) -> Option<Timestamp> {
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let (year, month, day) = (part(0, 4), part(4, 6), part(6, 8));
    let (hour, minute, second) = (part(8, 10), part(10, 12), part(12, 14));
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().ok()
}

fn choose(
    pinned: Option<&str>,
    created: Option<Timestamp>,
    now: impl FnOnce() -> Timestamp,
) -> Timestamp {
    let pinned = pinned.and_then(|text| text.trim().parse().ok()).map(Timestamp::from_unix);
    pinned.or(created).unwrap_or_else(now)
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_time_counts_before_the_image_s_and_that_before_the_clock() {
        let at = Timestamp::from_unix;
        assert_eq!(choose(Some("7"), Some(at(5)), || at(3)), at(7));
        assert_eq!(choose(Some("soon"), Some(at(5)), || at(3)), at(5));
        assert_eq!(choose(None, None, || at(3)), at(3));
    }
}
