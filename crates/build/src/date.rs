//! A day of the calendar.

use std::fmt;
use std::str::FromStr;

/// A day of the calendar, as `2027-01-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// The text is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no date: it is written 2027-01-31")]
pub struct DateError(String);

impl Date {
    /// That day, if there is one.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 0,
        };
        (1..=days).contains(&day).then_some(Self { year, month, day })
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let number = |range| {
            let part: &str = text.get(range)?;
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten()
        };
        let dashes = text.as_bytes().get(4) == Some(&b'-') && text.as_bytes().get(7) == Some(&b'-');
        let parts = (number(0..4), number(5..7), number(8..10));
        let (Some(year), Some(month), Some(day), true, 10) =
            (parts.0, parts.1, parts.2, dashes, text.len())
        else {
            return Err(DateError(text.to_owned()));
        };
        let small = |number: u16| u8::try_from(number).unwrap_or(0);
        Self::new(year, small(month), small(day)).ok_or_else(|| DateError(text.to_owned()))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        let date: Option<Date> = "2027-01-31".parse().ok();
        assert_eq!(date.map(|date| date.to_string()).as_deref(), Some("2027-01-31"));
        assert!("2027-01-31" < "2027-02-01" && date < "2027-02-01".parse().ok());
        for wrong in ["2027-02-29", "2027-13-01", "2027-1-31", "+027-01-31", "", "2027-01-311"] {
            assert!(wrong.parse::<Date>().is_err(), "{wrong}");
        }
    }
}
