//! Falco's rule language: conditions are parsed, rule files loaded, checked and explained.
//!
//! Texts enter; rules with compiled conditions leave, or what is wrong with them in Falco's codes
//! and words, with the place. Nothing here opens a file or looks at a process.
#![forbid(unsafe_code)]

pub mod alert;
pub mod check;
pub mod condition;
pub mod coverage;
pub mod defaults;
pub mod drift;
pub mod engine;
pub mod event;
pub mod events;
pub mod explain;
pub mod fields;
pub mod format;
pub mod lints;
pub mod loaded;
pub mod loader;
mod nearest;
pub mod plain;
pub mod profile;
pub mod scap;
pub mod sources;
pub mod syscall;
pub mod telemetry;
pub mod why;
mod yaml;
