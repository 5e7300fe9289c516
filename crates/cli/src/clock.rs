//! The time, which `SOURCE_DATE_EPOCH` pins: <https://reproducible-builds.org/docs/source-date-epoch/>.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use plimsoll_model::Timestamp;

/// Now, in whole seconds.
pub(crate) fn now() -> Timestamp {
    let pinned = env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse().ok());
    Timestamp::from_unix(pinned.unwrap_or_else(|| {
        let age = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(age.as_secs()).unwrap_or(0)
    }))
}
