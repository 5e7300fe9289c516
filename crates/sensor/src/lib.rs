//! Live system calls: programs in the kernel put events together at the end of calls that rules ask
//! for, and a reader makes of their rings the stream of a capture.
//!
//! What comes out is what a capture has (falcosecurity/libs, `scap_savefile.h`): first the machine, its
//! processes, files, interfaces and accounts, then events in the order of their times. Whoever reads
//! captures reads this, and records it as one.
//!
//! The kernel's side is C (`bpf/`), compiled by the build script; it is one program for all calls, and
//! what each call sends is a line of `calls.rs`. Nothing is pinned: it ends with this process, however
//! that ends. Events that are lost are counted by processor, cause and call ([`Gauge`]).

mod calls;
pub mod containers;
mod execution;
mod kernel;
mod live;
mod loss;
#[allow(missing_docs, reason = "each is one operation, described at its place")]
mod op;
pub mod privilege;
pub mod record;
mod ring;
mod selection;
mod start;

use std::io;

pub use execution::{Execution, Kill};
pub use live::{Live, Stop};
pub use loss::{Gauge, Tally};
pub use selection::Selection;

/// Why the sensor cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The process may not load programs.
    #[error(
        "programs cannot be loaded into the kernel without {}; run as root or grant them",
        .0.join(" and ")
    )]
    Privilege(Vec<&'static str>),
    /// The kernel does not say how its structures lie.
    #[error(
        "the kernel has no type information at /sys/kernel/btf/vmlinux; it needs CONFIG_DEBUG_INFO_BTF \
         and Linux 5.8 or newer"
    )]
    NoTypes,
    /// The kernel refused something.
    #[error("the sensor cannot {action}")]
    Kernel {
        /// What it was doing.
        action: &'static str,
        /// What libbpf says.
        source: libbpf_rs::Error,
    },
    /// A ring cannot be mapped.
    #[error("the sensor cannot map its rings")]
    Ring(#[source] io::Error),
    /// The programs lack something.
    #[error("the sensor's programs are incomplete")]
    Incomplete,
    /// What there is at the beginning cannot be read.
    #[error("the processes that run cannot be read from /proc")]
    Start(#[source] io::Error),
}

/// How the sensor is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// What is watched.
    pub selection: Selection,
    /// Memory for the rings of all processors together, in bytes.
    pub buffer: u64,
    /// Whether container runtimes are asked about containers.
    pub ask_runtimes: bool,
}

/// The least that a ring has.
const LEAST_RING: u64 = 64 * 1024;
/// The most, which is what the kernel allows of a power of two.
const MOST_RING: u64 = 1 << 30;

/// The largest power of two for each ring that all of them fit in.
fn ring_size(buffer: u64, processors: u64) -> u32 {
    let each = (buffer / processors.max(1)).clamp(LEAST_RING, MOST_RING);
    u32::try_from(1_u64 << each.ilog2()).unwrap_or(1 << 30)
}

/// The code that processes of containers have mapped now: to be asked once the sensor has started,
/// so that nothing falls between.
pub fn mapped_code() -> Vec<plimsoll_runtime::loaded::Running> {
    start::mapped::all()
}

/// Starts to watch, until it is told to stop.
///
/// # Errors
/// Where programs cannot be loaded, with what is missing for it.
pub fn start(options: &Options, stop: Stop) -> Result<(Live, Gauge), Error> {
    start_by(options, stop, 0)
}

/// Starts to watch as a kernel without trampolines has to.
///
/// # Errors
/// As [`start`].
#[doc(hidden)]
pub fn start_without_trampolines(options: &Options, stop: Stop) -> Result<(Live, Gauge), Error> {
    start_by(options, stop, 1)
}

fn start_by(options: &Options, stop: Stop, skipped: usize) -> Result<(Live, Gauge), Error> {
    let processors = libbpf_rs::num_possible_cpus()
        .map_err(|source| Error::Kernel { action: "count processors", source })?;
    let size = ring_size(options.buffer, processors as u64);
    // Programs first: what happens while /proc is read waits in the rings.
    let loaded = kernel::load(&options.selection, size, skipped)?;
    let boot_time = start::boot_time();
    let begin = start::capture(boot_time).map_err(Error::Start)?;
    let framer = record::Framer::new(boot_time);
    let kernel::Loaded { kernel, rings, gauge, aftermath } = loaded;
    let mut live = Live::new(kernel, rings, aftermath, framer, begin, stop);
    if options.ask_runtimes {
        live.ask_runtimes();
    }
    Ok((live, gauge))
}

#[cfg(test)]
mod tests {
    use super::ring_size;

    #[test]
    fn rings_are_powers_of_two_within_the_budget() {
        assert_eq!(ring_size(16 << 20, 2), 8 << 20);
        assert_eq!(ring_size(20 << 20, 2), 8 << 20);
        assert_eq!(ring_size(0, 2), 64 << 10);
        assert_eq!(ring_size(u64::MAX, 1), 1 << 30);
    }
}
