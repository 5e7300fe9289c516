//! Where alerts go.
//!
//! [`Settings`] are those of `falco.yaml`. An alert is grouped with its like, limited in rate, and
//! then handed to each [`Channel`]: a channel that fails is told of and does not hold up another.
#![forbid(unsafe_code)]

mod channel;
mod file;
mod group;
mod http;
mod limit;
mod metrics;
mod program;
mod settings;
mod stdout;
mod syslog;
mod web;

pub use channel::{Channel, OutputError, Outputs};
pub use group::Groups;
pub use limit::Limit;
pub use metrics::{Losses, Metrics};
pub use settings::{Settings, SettingsError, WebserverSettings};
pub use web::serve;
