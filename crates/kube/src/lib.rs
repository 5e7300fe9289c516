//! Kubernetes manifests.
#![forbid(unsafe_code)]

mod edit;
mod finding;
pub mod manifest;
mod object;
mod pod;
pub mod pss;
mod rule;
mod workload;

pub use finding::{Finding, Findings, Reported};
pub use object::{Object, objects};
pub use pod::{Annotation, Container, Pod, Sort};
pub use rule::{Mending, Rule};
pub use workload::Workload;
