//! What an image has and what the advisories of now say of it, in full: for answers that show more than
//! the store keeps of a finding.

use plimsoll_advisory::matching::{Declared, match_inventory};
use plimsoll_model::{Finding, Inventory, Timestamp};

use crate::app::App;
use crate::error::Result;
use crate::moment;
use crate::store::images::{self, Image};

/// An image in full.
#[derive(Debug, Clone)]
pub struct Report {
    /// What is stored of it.
    pub image: Image,
    /// What it has.
    pub inventory: Inventory,
    /// What the advisories say, worst first.
    pub findings: Vec<Finding>,
    /// When that was.
    pub at: Timestamp,
}

/// Looks an image up and judges it; `None` where there is none.
pub async fn report(app: &App, digest: &str) -> Result<Option<Report>> {
    let found = images::by_digest(&mut *app.store.read().await?, digest).await?;
    let Some(image) = found else { return Ok(None) };
    let inventory = super::inventory(app, &image.inventory).await?;
    let current = app.advisories.current();
    let judge = move || {
        let declared = match inventory.artifact.source.as_str() {
            "dir" => Declared::Counts,
            _ => Declared::Passed,
        };
        let matches = match_inventory(&inventory, &current.database, declared)?;
        Ok::<_, crate::Error>((inventory, matches.findings))
    };
    let (inventory, findings) = tokio::task::spawn_blocking(judge).await??;
    Ok(Some(Report { image, inventory, findings, at: moment::timestamp(moment::now()) }))
}
