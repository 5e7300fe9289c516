//! System calls: a capture is replayed, and what it tells of threads and files is kept.
//!
//! [`Capture`] gives one event after the other with the fields that rules ask for. It is libsinsp's
//! part: `userspace/libsinsp` of falcosecurity/libs.

mod call;
mod capture;
mod changes;
mod fields;
mod record;
mod show;
mod state;

pub use call::SystemCall;
pub use capture::Capture;
