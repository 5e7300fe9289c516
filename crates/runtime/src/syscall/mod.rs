//! System calls: a capture is replayed, and what it tells of threads and files is kept.
//!
//! [`Capture`] gives one event after the other with the fields that rules ask for. It is libsinsp's
//! part: `userspace/libsinsp` of falcosecurity/libs.

mod call;
mod capture;
mod changes;
mod fields;
mod record;
mod running;
mod show;
pub(crate) mod state;

pub use call::SystemCall;
pub use capture::Capture;
pub use running::RunningContainer;
pub(crate) use show::names::signal_named;
pub use state::containers::image_parts;

/// The number by which rules know the container of a process with these control groups, each
/// `subsystem=path` with NUL behind it; none where it is the machine's own.
pub fn container_of(groups: &[u8]) -> Option<String> {
    state::container::Cgroups::new(groups).container().map(str::to_owned)
}

/// The same, by nothing but paths with the 64 hexadecimal digits of a runtime's number. Any folder may look
/// like a container otherwise, and whoever acts on processes has to know.
pub fn numbered_container_of(groups: &[u8]) -> Option<String> {
    state::container::Cgroups::new(groups).numbered().map(str::to_owned)
}
