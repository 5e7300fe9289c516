//! Kubernetes manifests: the text of a file enters, findings with their repairs leave.
//!
//! ```
//! use plimsoll_kube::manifest::Manifest;
//! use plimsoll_kube::{Config, Estate, lint};
//! use plimsoll_model::text::Source;
//!
//! let text = "apiVersion: v1\nkind: Pod\nspec:\n  hostPID: true\n  containers: []\n";
//! let manifest = Manifest::parse(Source::new(text));
//! let found = lint(&manifest, &Estate::of([&manifest]), &Config::default());
//! let first = found.iter().find(|one| one.rule.id == "hostNamespaces").ok_or("none")?;
//! assert_eq!(first.message, "host namespaces (hostPID=true)");
//! assert_eq!(manifest.source.position(first.span.start).line, 4);
//! # Ok::<(), &str>(())
//! ```
//!
//! For an editor: [`lint`] gives findings with byte spans and edits, [`hover()`] what a field means.
#![forbid(unsafe_code)]

pub mod assessment;
pub mod cis;
pub mod compliance;
mod config;
mod edit;
pub mod effective;
mod estate;
mod finding;
mod fix;
mod hover;
mod images;
pub mod lateral;
mod lint;
pub mod manifest;
pub mod netpol;
mod object;
mod pod;
pub mod pss;
pub mod rbac;
pub mod redact;
pub mod releases;
pub mod rendered;
mod rule;
pub mod rules;
mod services;
mod types;
mod workload;

pub use config::{Config, Family};
pub use estate::{Builder as EstateBuilder, Estate};
pub use finding::{Finding, Findings, Reported};
pub use fix::{Fixed, fix};
pub use hover::{Hover, hover};
pub use images::named_images;
pub use lint::{IGNORE, lint, lint_object};
pub use object::{Key, Object, objects};
pub use pod::{Annotation, Container, Pod, Sort};
pub use rule::{Mending, Rule};
pub use services::Services;
pub use workload::{Workload, images};
