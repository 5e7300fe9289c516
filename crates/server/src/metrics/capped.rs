//! A bound on how many series a metric has.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// Names and values.
pub type Labels = Vec<(&'static str, String)>;

/// Labels from their texts.
pub fn labels(pairs: &[(&'static str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

/// A metric whose labels come from outside: what comes after `most` series, `other` among them, is counted
/// under that.
#[derive(Debug, Clone)]
pub struct Capped<M> {
    family: Family<Labels, M>,
    /// How many series there are: the library does not tell.
    known: Arc<AtomicUsize>,
    most: usize,
    swallowed: Counter,
}

impl<M: Default + Clone> Capped<M> {
    /// A metric with at most so many series, `other` among them; `swallowed` counts what went under `other`.
    pub fn new(most: usize, swallowed: Counter) -> Self {
        let most = most.saturating_sub(1);
        Self { family: Family::default(), known: Arc::default(), most, swallowed }
    }

    /// The metric, to be registered.
    pub fn family(&self) -> Family<Labels, M> {
        self.family.clone()
    }

    /// The series of these labels, or that of the others.
    pub fn get_or_other(&self, wanted: &Labels) -> M {
        // In a block of its own: what is read is locked as long as it is held.
        let is_known = { self.family.get(wanted).is_some() };
        if !is_known && self.known.fetch_add(1, Ordering::Relaxed) >= self.most {
            self.known.fetch_sub(1, Ordering::Relaxed);
            self.swallowed.inc();
            let other: Labels =
                wanted.iter().map(|(name, _)| (*name, "other".to_owned())).collect();
            return self.family.get_or_create_owned(&other);
        }
        self.family.get_or_create_owned(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_does_not_fill_the_memory() {
        let swallowed = Counter::default();
        let capped: Capped<Counter> = Capped::new(10, swallowed.clone());
        for number in 0..1000 {
            capped.get_or_other(&labels(&[("rule", &number.to_string())])).inc();
        }
        assert_eq!(capped.known.load(Ordering::Relaxed), 9);
        assert_eq!(swallowed.get(), 991);
        assert_eq!(capped.get_or_other(&labels(&[("rule", "999")])).get(), 991);
        assert_eq!(capped.get_or_other(&labels(&[("rule", "3")])).get(), 1);
    }
}
