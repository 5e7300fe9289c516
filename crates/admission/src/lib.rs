//! Kubernetes admission: reviews enter, answers leave.
//!
//! ```
//! use plimsoll_admission::settings::Settings;
//! use plimsoll_admission::{ImageFact, answer_at_once};
//! use plimsoll_model::Timestamp;
//!
//! let settings = Settings::parse("
//! apiVersion: plimsoll.dev/v1
//! kind: AdmissionSettings
//! failure: closed
//! podSecurity: {mode: enforce, defaults: {enforce: baseline}}
//! ").map_err(|error| error.to_string())?;
//! let review = br#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
//!   "uid": "1", "operation": "CREATE", "namespace": "shop", "name": "web",
//!   "resource": {"group": "", "version": "v1", "resource": "pods"},
//!   "object": {"apiVersion": "v1", "kind": "Pod", "spec": {"hostPID": true, "containers": []}}}}"#;
//! let labels = |_: &str| Ok(std::collections::BTreeMap::new());
//! let image = |_: &str| ImageFact::Unknown("there is no registry".into());
//! let answer = answer_at_once(review, &settings, Timestamp::from_unix(0), labels, image)
//!     .map_err(|error| error.to_string())?;
//! assert_eq!(
//!     answer.status.map(|status| status.message).unwrap_or_default(),
//!     "pods \"web\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces \
//!      (hostPID=true)"
//! );
//! # Ok::<(), String>(())
//! ```
//!
//! [`judge`] decides and does no I/O; [`Engine`] asks for what has to be known before; [`serve`] is
//! the server. Who speaks with registries and with the API server is the caller's matter.
#![forbid(unsafe_code)]

mod answer;
mod apart;
mod containers;
mod engine;
mod exception;
mod facts;
mod images;
pub mod import;
mod judge;
mod metrics;
mod practice;
mod review;
pub mod rotation;
mod security;
pub mod serve;
pub mod settings;
mod tally;
pub mod vap;
mod verdicts;
pub mod webhook;

pub use answer::{Answer, Status};
pub use engine::{Engine, Question, Reply, answer_at_once};
pub use exception::Exception;
pub use facts::{
    Cluster, Facts, ImageFact, ImageJudge, ImageRule, ImageVerdict, ImageViolation, Needs,
};
pub use judge::{judge, needs};
pub use metrics::Metrics;
pub use review::{Malformed, Operation, Request, Review, Subject};
pub use tally::{Decision, Evaluated, Tally};
pub use verdicts::{Counts, Verdicts};
