//! How long runtime alerts are kept.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::moment::Millis;
use crate::store::{Connection, settings};

const SETTING: &str = "runtime.retention";
const DAY: Millis = 24 * 60 * 60 * 1000;

/// How long runtime alerts are kept: whole days, by the day of the event in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Days; none where they are kept for ever.
    #[schema(minimum = 1, maximum = 36500)]
    pub days: Option<u16>,
}

impl Default for Retention {
    /// As long as the boards look back.
    fn default() -> Self {
        Self { days: Some(90) }
    }
}

impl Retention {
    /// What is agreed; [`Retention::default`] where nothing was.
    pub async fn load(connection: &mut Connection) -> Result<Self> {
        let text = settings::value(connection, SETTING).await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Agrees on this.
    pub async fn store(&self, connection: &mut Connection) -> Result<()> {
        if self.days.is_some_and(|days| !(1..=36_500).contains(&days)) {
            return Err(Error::Refused("`days` may be 1 to 36500, or null".into()));
        }
        let text = serde_json::to_string(self).map_err(|_| Error::Damaged("an agreement"))?;
        settings::set(connection, SETTING, &text).await
    }

    /// Before which day alerts go; `None` where they stay.
    pub fn before(&self, now: Millis) -> Option<Millis> {
        Some(now.saturating_sub(i64::from(self.days?).saturating_mul(DAY)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_of_the_last_days_stay_and_none_go_where_that_is_agreed() {
        let days = |days| Retention { days }.before(100 * DAY);
        assert_eq!((days(Some(90)), days(None)), (Some(10 * DAY), None));
    }
}
