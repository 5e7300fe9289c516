//! `plimsoll serve`: images are catalogued once, and matched whenever advisories change.
//!
//! A job reads an image and stores which components it has ([`catalogue`]); a change of the compiled
//! advisories is a set operation over what is stored ([`rematch`]). The API ([`api`]) and the metrics
//! ([`metrics`]) read.
//!
//! # Adding to it
//! | what | where | the line |
//! | --- | --- | --- |
//! | a part of the API (`clair`, `harbor` …) | `api/NAME.rs` or `api/NAME/` | `ALL` in `api/mod.rs` |
//! | a page for people | `ui/NAME.rs` | its route in `ui/mod.rs` |
//! | a kind of job (a registry to watch, a notice to send) | `jobs/NAME.rs` | `ALL` in `jobs/mod.rs` |
//! | something that happens by the clock | `schedule/NAME.rs` | `ALL` in `schedule/mod.rs` |
//! | tables | `store/migrations/NNNN_name.{up,down}.sql`, `store/NAME.rs` | `changes!` in `store/migrations.rs` |
//! | metrics | a field of [`metrics::Metrics`] | its registration there |
//! | who may do what | [`auth`]: each part of the API is registered with its needs | `ALL` in `api/mod.rs` |
//!
//! Handlers get an [`app::App`] and whatever [`api::Actor`] asks; they never look at a header to find
//! out who that is.
#![forbid(unsafe_code)]

mod address;
pub mod advisories;
pub mod api;
pub mod app;
pub mod auth;
pub mod backup;
pub mod catalogue;
pub mod compliance;
pub mod error;
pub mod health;
pub mod intake;
pub mod jobs;
mod listen;
pub mod metrics;
pub mod moment;
pub mod notify;
pub mod outward;
mod panics;
pub mod queue;
pub mod registries;
pub mod rematch;
pub mod schedule;
pub mod serve;
pub mod store;
pub mod triage;
pub mod ui;

pub use error::{Error, Result};
pub use serve::{Fleet, Role, Settings, serve};
