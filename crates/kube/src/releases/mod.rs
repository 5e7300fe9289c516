//! Until when the project mends a minor version of Kubernetes.
//!
//! The dates are of November 2026, after <https://kubernetes.io/releases/> and
//! <https://github.com/kubernetes/website/blob/main/data/releases/eol.yaml>.

mod components;

pub use components::skew;

/// When the table was taken.
pub const TAKEN: &str = "2026-11-27";

/// Minor version of Kubernetes 1, and the day after which it is mended no more; ascending.
const ENDS: [(u32, &str); 15] = [
    (23, "2023-02-28"),
    (24, "2023-07-28"),
    (25, "2023-10-28"),
    (26, "2024-02-28"),
    (27, "2024-07-16"),
    (28, "2024-10-22"),
    (29, "2025-02-28"),
    (30, "2025-07-15"),
    (31, "2025-11-11"),
    (32, "2026-02-28"),
    (33, "2026-06-28"),
    (34, "2026-10-27"),
    (35, "2027-02-28"),
    (36, "2027-06-28"),
    (37, "2027-10-28"),
];

/// What is known of a version's support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// It is mended until this day.
    Until(&'static str),
    /// It is mended no more since this day.
    Ended(&'static str),
    /// It is older than the table, which begins with versions that ended on this day.
    EndedBefore(&'static str),
    /// It is newer than the table, or no version of Kubernetes 1.
    Unknown,
}

impl Support {
    /// What is known of a version, `v1.34.2`, on a day, `2026-11-27`.
    ///
    /// ```
    /// use plimsoll_kube::releases::Support;
    ///
    /// assert_eq!(Support::of("v1.34.2-gke.7", "2026-11-27"), Support::Ended("2026-10-27"));
    /// ```
    pub fn of(version: &str, today: &str) -> Self {
        let Some(minor) = minor(version) else { return Self::Unknown };
        match ENDS.iter().find(|(known, _)| *known == minor) {
            Some((_, end)) if *end < today => Self::Ended(end),
            Some((_, end)) => Self::Until(end),
            None => match ENDS.first() {
                Some((first, end)) if minor < *first => Self::EndedBefore(end),
                _ => Self::Unknown,
            },
        }
    }

    /// Whether it is known to be mended no more.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Ended(_) | Self::EndedBefore(_))
    }

    /// In words: "mended until 2027-02-28".
    pub fn about(self) -> String {
        match self {
            Self::Until(day) => format!("supported until {day}"),
            Self::Ended(day) => format!("support ended on {day}"),
            Self::EndedBefore(day) => format!("support ended before {day}"),
            Self::Unknown => format!("not in our table of {TAKEN}"),
        }
    }
}

/// The minor version of a version of Kubernetes 1.
pub fn minor(version: &str) -> Option<u32> {
    let rest = version.strip_prefix('v').unwrap_or(version).strip_prefix("1.")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_their_last_day_and_odd_ones_none() {
        assert_eq!(Support::of("v1.35.0", "2027-02-28"), Support::Until("2027-02-28"));
        assert_eq!(Support::of("1.20.1", "2026-01-01"), Support::EndedBefore("2023-02-28"));
        for unknown in ["v1.99.0", "v2.1.0", "", "v1.", "1.x"] {
            assert_eq!(Support::of(unknown, "2026-01-01"), Support::Unknown, "{unknown}");
        }
        assert!(ENDS.is_sorted());
    }
}
