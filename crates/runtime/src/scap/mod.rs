//! Captures of system calls in the format of libscap, which Falco and sysdig read and write.
//!
//! A capture is a row of blocks like those of pcap-ng: what the machine was like when it began
//! (processes, open files, interfaces, accounts), then the events. [`Reader`] streams it and keeps
//! no more than one block; a broken block is reported with its place and left out. [`Converter`]
//! makes of older events what the newest version of each has. [`Writer`] writes one.
//!
//! The format: falcosecurity/libs, `userspace/libscap/scap_savefile.h` and `engine/savefile`.

mod block;
mod bytes;
pub mod codes;
mod convert;
mod descriptor;
mod event;
mod host;
mod input;
mod native;
mod process;
mod reader;
pub mod schema;
mod write;

pub use convert::{Converted, Converter};
pub use descriptor::{Descriptor, DescriptorKind};
pub use event::{Parameters, RawEvent};
pub use host::{Account, Interface, Machine};
pub use native::Fix;
pub use process::Process;
pub use reader::{Advance, Item, Limits, Problem, Reader};
pub use write::{Head, Writer};
