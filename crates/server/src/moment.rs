//! Time as the store has it: whole milliseconds since 1970, in UTC.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use plimsoll_model::Timestamp;

/// Milliseconds since the Unix epoch.
pub type Millis = i64;

/// Now.
pub fn now() -> Millis {
    let age = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    millis(age)
}

/// A length of time.
pub fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

/// For people and reports, which go by seconds.
pub fn timestamp(at: Millis) -> Timestamp {
    Timestamp::from_unix(at.div_euclid(1000))
}

/// From a report's time.
pub fn of(timestamp: Timestamp) -> Millis {
    timestamp.as_unix().saturating_mul(1000)
}
