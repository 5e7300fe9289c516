//! The time of a document.
//!
//! Source: <https://reproducible-builds.org/specs/source-date-epoch/>.

use std::time::{SystemTime, UNIX_EPOCH};

use plimsoll_model::Timestamp;

/// The time that a document about something made at `created` states.
pub(crate) fn of(created: Option<Timestamp>) -> Timestamp {
    choose(std::env::var("SOURCE_DATE_EPOCH").ok().as_deref(), created, now)
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
