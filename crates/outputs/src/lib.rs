//! Where alerts go.
//!
//! [`Settings`] are those of `falco.yaml`. An alert is grouped with its like, limited in rate, and
//! then put into the queue of each [`Channel`], which has a thread of its own: one that fails, is slow or
//! hangs is told of and holds up neither another nor whoever judges.
#![forbid(unsafe_code)]

mod channel;
mod document;
mod file;
mod group;
mod http;
mod lane;
mod limit;
mod metrics;
mod program;
mod settings;
mod stdout;
mod syslog;
mod web;

pub use channel::{Channel, Notice, OutputError, Outputs, Overflow};
pub use document::{Document, Named, Strategy};
pub use group::Groups;
pub use limit::Limit;
pub use metrics::{Losses, Metrics};
pub use settings::{
    DropAction, DropSettings, RateSettings, Settings, SettingsError, WebserverSettings,
};
pub use web::serve;
