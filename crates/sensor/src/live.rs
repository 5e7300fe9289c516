//! The rings of all processors as one stream in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::Error;
use crate::containers::Containers;
use crate::execution::{Execution, Kill};
use crate::kernel::Kernel;
use crate::loss::Aftermath;
use crate::record::Framer;
use crate::ring::Ring;
use crate::start;

/// An event is put together within this time, in nanoseconds: until then an earlier one may still come
/// from another processor.
const SETTLED: u64 = 1_000_000;
/// Within this time a program that was taken away has ended everywhere.
const DETACHED: Duration = Duration::from_millis(5);
/// How much is framed at once.
const CHUNK: usize = 256 * 1024;
/// How long the reader sleeps where nothing comes.
const NAPS: [Duration; 4] = [
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(4),
    Duration::from_millis(8),
];

/// Ends a [`Live`] from elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// What is in the rings is still given out, then the stream ends.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// The flag itself, for a handler of signals.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    fn is_asked_for(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the kernel sends, as the bytes of a capture.
pub struct Live {
    /// Programs run as long as this is there.
    kernel: Kernel,
    rings: Vec<Ring>,
    aftermath: Aftermath,
    framer: Framer,
    containers: Option<Containers>,
    execution: Option<Execution>,
    stop: Stop,
    /// What is given out next, from a place on.
    framed: Vec<u8>,
    given: usize,
    idle: usize,
    /// The programs were taken away: what is in the rings is the rest.
    detached: bool,
    ended: bool,
    malformed: Arc<AtomicU64>,
}

impl Live {
    pub(crate) fn new(
        kernel: Kernel,
        rings: Vec<Ring>,
        aftermath: Aftermath,
        framer: Framer,
        begin: Vec<u8>,
        stop: Stop,
    ) -> Self {
        Self {
            kernel,
            rings,
            aftermath,
            framer,
            containers: None,
            execution: None,
            stop,
            framed: begin,
            given: 0,
            idle: 0,
            detached: false,
            ended: false,
            malformed: Arc::default(),
        }
    }

    /// Has container runtimes asked about containers from now on.
    pub(crate) fn ask_runtimes(&mut self) {
        let mut containers = Containers::new();
        containers.begin(&self.framer, start::since_boot(), &mut self.framed);
        self.containers = Some(containers);
    }

    /// Has the kernel kill processes at the end of calls from now on, as many as are allowed; never those
    /// of these numbers.
    ///
    /// # Errors
    /// Where the kernel does not take it.
    pub fn kill(&mut self, kills: Vec<Kill>, spared: &[i32]) -> Result<Execution, Error> {
        let execution = Execution::new(&self.kernel, kills, spared)?;
        self.execution = Some(execution.clone());
        Ok(execution)
    }

    /// How many records were not what they said: read at any time.
    pub fn malformed(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.malformed)
    }

    /// Frames what has come; false where there is nothing, and nothing will come any more.
    fn fill(&mut self) -> bool {
        self.framed.clear();
        self.given = 0;
        self.framer.follow(start::boot_time());
        while self.framed.is_empty() {
            let stopping = self.stop.is_asked_for();
            if stopping && !self.detached {
                // First, so that what was counted as sent is what is read.
                self.detached = true;
                self.kernel.detach();
                std::thread::sleep(DETACHED);
            }
            let settled =
                if stopping { u64::MAX } else { start::since_boot().saturating_sub(SETTLED) };
            self.rings.iter_mut().for_each(Ring::look);
            self.frame(settled);
            if let Some(containers) = &mut self.containers {
                containers.news(&self.framer, start::since_boot(), &mut self.framed);
            }
            if self.aftermath.is_calm()
                && let Ok(blocks) = start::again()
            {
                self.framed.extend_from_slice(&blocks);
            }
            if !self.framed.is_empty() {
                self.idle = 0;
                return true;
            }
            if stopping {
                return false;
            }
            self.framer.follow(start::boot_time());
            let nap = NAPS.get(self.idle).or(NAPS.last()).copied().unwrap_or_default();
            self.idle = self.idle.saturating_add(1);
            std::thread::sleep(nap);
        }
        true
    }

    /// Frames records up to a time, the oldest first.
    fn frame(&mut self, until: u64) {
        let Self { rings, framer, framed, containers, execution, malformed, .. } = self;
        let mut heads: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::with_capacity(rings.len());
        for (cpu, ring) in rings.iter_mut().enumerate() {
            heads.extend(ring.peek().map(|record| Reverse((Framer::time(record), cpu))));
        }
        while let Some(Reverse((time, cpu))) = heads.pop() {
            if time > until || framed.len() >= CHUNK {
                break;
            }
            let Some(ring) = rings.get_mut(cpu) else { continue };
            let Some(record) = ring.peek() else { continue };
            let length = record.len();
            if let Some(execution) = execution
                && let Some(groups) = framer.control_groups(record)
            {
                execution.meet(groups);
            }
            if let Some(containers) = containers {
                containers.before(record, framer, framed);
            }
            let number = u16::try_from(cpu).unwrap_or(u16::MAX);
            if framer.frame(record, number, framed).is_err() {
                malformed.fetch_add(1, Ordering::Relaxed);
            }
            ring.skip(length);
            heads.extend(ring.peek().map(|record| Reverse((Framer::time(record), cpu))));
        }
        rings.iter_mut().for_each(Ring::release);
    }
}

impl Read for Live {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given >= self.framed.len() {
            if self.ended {
                return Ok(0);
            }
            if !self.fill() {
                self.ended = true;
                return Ok(0);
            }
        }
        let left = self.framed.get(self.given..).unwrap_or_default();
        let count = left.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), left.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        Ok(count)
    }
}
