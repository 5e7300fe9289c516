//! What workers can do, one file a kind of job.
//!
//! A new kind is one file with a unit struct that implements [`Handler`], and one line in [`ALL`].

mod layers;
mod notify;
mod post;
mod pull;
mod registry;
mod rematch;
mod sbom;
mod scan;

use std::sync::Arc;

use async_trait::async_trait;

use crate::app::App;
use crate::error::Result;
use crate::queue::Job;

pub use layers::{KIND as LAYERS, Layer, Layers, layers};
pub use notify::{notify, notify_of};
pub use post::post;
pub use pull::{KIND as PULL, Pull, pull};
pub use registry::registry;
pub use rematch::rematch;
pub use sbom::{KIND as SBOM, sbom};
pub use scan::{Done, KIND as SCAN, Request, scan};

/// Does one kind of job.
#[async_trait]
pub trait Handler: Send + Sync + std::fmt::Debug {
    /// What the kind is called.
    fn kind(&self) -> &'static str;

    /// Does a job. It must end it by [`crate::queue::Queue::complete`], in the transaction that writes
    /// its result.
    async fn run(&self, app: &Arc<App>, job: &Job) -> Result<()>;
}

/// The registry.
pub const ALL: &[&dyn Handler] = &[
    &layers::Reader,
    &notify::Notify,
    &post::Post,
    &pull::Puller,
    &registry::Registry,
    &rematch::Rematch,
    &sbom::Sbom,
    &scan::Scan,
];
