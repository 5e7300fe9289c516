//! A histogram of what is there now, counted anew each time: ages, scores.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};

/// Counts by upper bounds, the last of which is infinite.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Counts {
    sum: f64,
    count: u64,
    buckets: Vec<(f64, u64)>,
}

impl Counts {
    /// Nothing yet.
    pub(super) fn new(bounds: &[f64]) -> Self {
        let all = bounds.iter().copied().chain([f64::INFINITY]);
        Self { sum: 0.0, count: 0, buckets: all.map(|bound| (bound, 0)).collect() }
    }

    /// `count` things of this value.
    pub(super) fn add(&mut self, value: f64, count: u64) {
        #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
        let weight = count as f64;
        self.sum += value * weight;
        self.count += count;
        if let Some((_, bucket)) = self.buckets.iter_mut().find(|(bound, _)| value <= *bound) {
            *bucket += count;
        }
    }
}

/// A metric that is a [`Counts`].
#[derive(Clone, Default)]
pub(super) struct Snapshot(Arc<Mutex<Counts>>);

impl Snapshot {
    /// What it is from now on.
    pub(super) fn set(&self, counts: Counts) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = counts;
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
}

impl TypedMetric for Snapshot {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Snapshot {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        encoder.encode_histogram::<NoLabelSet>(counts.sum, counts.count, &counts.buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_all_bounds_is_counted_too() {
        let mut counts = Counts::new(&[1.0, 10.0]);
        counts.add(0.5, 2);
        counts.add(10.0, 1);
        counts.add(99.0, 3);
        assert_eq!(counts.buckets, [(1.0, 2), (10.0, 1), (f64::INFINITY, 3)]);
        assert_eq!((counts.count, counts.sum), (6, 308.0));
    }
}
