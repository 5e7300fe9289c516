//! How many series there are at most, whatever comes in, and how many of them a metric has.

/// How many there are at most where nothing else is said.
pub const SERIES: usize = 10_000;

/// With fewer, what is always there has no room.
pub const FEWEST: usize = 1_000;

/// What is always there: series of severities, policies, parts, kinds of jobs, methods.
const FIXED: usize = 500;

/// Buckets of scores, their sum and their count.
const OF_A_SCORE: usize = 13;

/// How many label sets metrics have whose labels come from outside, `other` among them. Each metric has a
/// part of its own: what fills one leaves the others as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of all metrics.
    pub series: usize,
    /// Alerts by rule.
    pub(super) alerts: usize,
    /// Requests by route.
    pub(super) requests: usize,
    /// Coverage by registry and place.
    pub(super) coverage: usize,
    /// Containers by place.
    pub(super) containers: usize,
    /// Registries with scores.
    pub(super) scores: usize,
    /// Decisions about workloads by reason.
    pub(super) admission: usize,
    /// Events that were lost by reason.
    pub(super) dropped: usize,
    /// Findings by what is alike.
    pub(super) findings: usize,
    /// Feeds, of which each has two series.
    pub(super) feeds: usize,
}

impl Limits {
    /// With so many series in all.
    pub fn of(series: usize) -> Self {
        let series = series.max(FEWEST);
        let part = (series - FIXED) / 16;
        Self {
            series,
            alerts: 4 * part,
            requests: 3 * part,
            coverage: 2 * part,
            containers: 2 * part,
            scores: (2 * part / OF_A_SCORE).max(1),
            admission: part,
            dropped: part / 2,
            findings: part,
            feeds: part / 4,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(SERIES)
    }
}

/// The first of what there is, one place kept for the others; and those.
pub(super) fn cut<T>(mut all: Vec<T>, most: usize) -> (Vec<T>, Vec<T>) {
    if all.len() <= most {
        return (all, Vec::new());
    }
    let rest = all.split_off(most.saturating_sub(1));
    (all, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_no_more_than_the_whole() {
        for series in [0, 1_000, 1_234, 10_000, 1_000_000] {
            let it = Limits::of(series);
            let all = it.alerts
                + it.requests
                + it.coverage
                + it.containers
                + it.scores * OF_A_SCORE
                + it.admission
                + it.dropped
                + it.findings
                + 2 * it.feeds
                + FIXED;
            assert!(all <= it.series, "{it:?}");
            assert!(it.scores > 0 && it.feeds > 0 && it.series >= FEWEST, "{it:?}");
        }
    }

    #[test]
    fn what_is_too_much_leaves_a_place_for_the_others() {
        assert_eq!(cut(vec![1, 2, 3], 3), (vec![1, 2, 3], vec![]));
        assert_eq!(cut(vec![1, 2, 3, 4], 3), (vec![1, 2], vec![3, 4]));
    }
}
