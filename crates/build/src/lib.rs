//! Dockerfiles: the text of one enters, its syntax, its stages, findings with their repairs and
//! advice on base images leave.
//!
//! ```
//! use plimsoll_build::syntax::Dockerfile;
//! use plimsoll_build::{Config, Environment, Source, lint};
//!
//! let file = Dockerfile::parse(Source::new("FROM debian:latest\n"));
//! let found = lint(&file, &Config::default(), &Environment::default()).findings;
//! assert!(found.iter().any(|finding| finding.rule.id == "DL3007" && finding.line == 1));
//! ```
#![forbid(unsafe_code)]
#![allow(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "package managers tell a file from a name by its exact end"
)]

pub mod advice;
pub mod bases;
pub mod build_context;
mod config;
mod context;
mod date;
mod environment;
mod finding;
mod fix;
pub mod flow;
mod ignore;
mod images;
mod lint;
pub mod propose;
mod rule;
pub mod rules;
mod scope;
mod script;
pub mod shell;
mod stage;
pub mod syntax;
pub mod updates;

pub use config::{Config, ConfigError, LabelKind};
pub use context::{Commands, Context, Step};
pub use date::{Date, DateError};
pub use environment::Environment;
pub use finding::{Edit, Finding, Fix, Level, LevelError, Safety};
pub use fix::{Fixed, fix};
pub use ignore::ignoring;
pub use images::named_images;
pub use lint::{Linted, level, lint};
pub use plimsoll_model::text::{Position, Source, Span, apply};
pub use rule::{Findings, Mending, Reported, Rule};
pub use scope::{Definition, Origin, Scope, Scopes};
pub use script::{Form, Program, ShellText, shell_texts};
pub use stage::{Stage, stages};
