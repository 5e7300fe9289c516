//! What became of events: how many were made, sent, and lost for which reason.

use std::time::{Duration, Instant};

use libbpf_rs::{MapCore, MapFlags, MapHandle};

use crate::calls;

/// Numbers since the sensor was started, of all processors together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events that were begun.
    pub made: u64,
    /// Events that are in a ring or were read from it.
    pub sent: u64,
    /// Lost because the ring was full.
    pub ring_full: u64,
    /// Lost because they had more than an event can.
    pub too_large: u64,
    /// With a text or path that was cut.
    pub truncated: u64,
    /// With a parameter that could not be read: its memory was not there.
    pub faults: u64,
}

impl Tally {
    /// How many events are missing.
    pub fn lost(&self) -> u64 {
        self.ring_full + self.too_large
    }

    /// What happened since an earlier tally.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            made: self.made.saturating_sub(earlier.made),
            sent: self.sent.saturating_sub(earlier.sent),
            ring_full: self.ring_full.saturating_sub(earlier.ring_full),
            too_large: self.too_large.saturating_sub(earlier.too_large),
            truncated: self.truncated.saturating_sub(earlier.truncated),
            faults: self.faults.saturating_sub(earlier.faults),
        }
    }
}

/// Reads the kernel's counters, at any time and from any thread.
#[derive(Debug)]
pub struct Gauge {
    pub(crate) tallies: MapHandle,
    pub(crate) lost: MapHandle,
}

/// Says when the dust has settled: events were lost, and for a while none more.
#[derive(Debug)]
pub(crate) struct Aftermath {
    gauge: Gauge,
    lost: u64,
    looked: Instant,
    /// Something was lost since it last said so.
    pending: bool,
}

/// How often it is looked, and so how long nothing may be lost.
const CALM: Duration = Duration::from_secs(1);

impl Aftermath {
    pub(crate) fn new(gauge: Gauge) -> Self {
        Self { gauge, lost: 0, looked: Instant::now(), pending: false }
    }

    /// Whether events were lost and no more are: said once.
    pub(crate) fn is_calm(&mut self) -> bool {
        if self.looked.elapsed() < CALM {
            return false;
        }
        self.looked = Instant::now();
        let lost = self.gauge.tally().lost();
        let more = std::mem::replace(&mut self.lost, lost) < lost;
        let calm = self.pending && !more;
        self.pending = more;
        calm
    }
}

impl Gauge {
    /// The tally of each processor.
    pub fn by_processor(&self) -> Vec<Tally> {
        let values = self.tallies.lookup_percpu(&0_u32.to_ne_bytes(), MapFlags::ANY);
        let values = values.ok().flatten().unwrap_or_default();
        values.iter().map(|value| tally(value)).collect()
    }

    /// The tally of all processors together.
    pub fn tally(&self) -> Tally {
        self.by_processor().iter().fold(Tally::default(), |sum, one| Tally {
            made: sum.made.saturating_add(one.made),
            sent: sum.sent.saturating_add(one.sent),
            ring_full: sum.ring_full.saturating_add(one.ring_full),
            too_large: sum.too_large.saturating_add(one.too_large),
            truncated: sum.truncated.saturating_add(one.truncated),
            faults: sum.faults.saturating_add(one.faults),
        })
    }

    /// How many events of which calls are missing, the most first.
    pub fn lost_by_call(&self) -> Vec<(&'static str, u64)> {
        let mut lost: Vec<(&'static str, u64)> = calls::all()
            .filter_map(|call| {
                let key = call.number.to_ne_bytes();
                let values = self.lost.lookup_percpu(&key, MapFlags::ANY).ok().flatten()?;
                let sum = values.iter().map(|value| number(value, 0)).fold(0, u64::saturating_add);
                (sum > 0).then_some((call.name, sum))
            })
            .collect();
        lost.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        lost
    }
}

fn tally(value: &[u8]) -> Tally {
    let at = |index| number(value, index);
    Tally {
        made: at(0),
        sent: at(1),
        ring_full: at(2),
        too_large: at(3),
        truncated: at(4),
        faults: at(5),
    }
}

fn number(value: &[u8], index: usize) -> u64 {
    value
        .get(index * 8..index * 8 + 8)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u64::from_ne_bytes)
}
