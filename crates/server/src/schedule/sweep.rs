//! Removes inventories of images that were dropped, and documents that were read long ago.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::Row;

use super::Task;
use crate::app::App;
use crate::catalogue::INVENTORIES;
use crate::error::Result;
use crate::moment::{Millis, now};
use crate::store::blobs::{Kept, SETTLED};
use crate::store::settings;

/// The task.
#[derive(Debug)]
pub(super) struct Sweep;

/// How often it is looked at; listing a million blobs takes a while.
const DAILY: Millis = 24 * 60 * 60 * 1000;

/// When it was done last.
const DONE: &str = "blobs.swept";

/// Family of the documents that `jobs/sbom.rs` stores.
const DOCUMENTS: &str = "sboms";

/// How many rows are read at a time.
const BATCH: i64 = 20_000;

#[async_trait]
impl Task for Sweep {
    fn name(&self) -> &'static str {
        "sweep"
    }

    fn pause(&self) -> Duration {
        Duration::from_hours(1)
    }

    async fn run(&self, app: &Arc<App>) -> Result<()> {
        let last = settings::value(&mut *app.store.read().await?, DONE).await?;
        let last = last.and_then(|at| at.parse::<Millis>().ok());
        if last.is_some_and(|last| (0..DAILY).contains(&now().saturating_sub(last))) {
            return Ok(());
        }
        let gone = sweep(app, SETTLED).await?;
        let mut write = app.store.write().await?;
        settings::set(&mut write, DONE, &now().to_string()).await?;
        write.commit().await?;
        if gone > 0 {
            app.tell(&format!("blobs: {gone} that nobody refers to any more are gone"));
        }
        Ok(())
    }
}

/// Removes what is older than `settled` and nobody refers to; says how many it were.
pub async fn sweep(app: &App, settled: Millis) -> Result<u64> {
    let inventories = of_images(app).await?;
    let documents = of_jobs(app).await?;
    let gone = app.blobs.sweep(INVENTORIES, &inventories, settled).await?;
    Ok(gone + app.blobs.sweep(DOCUMENTS, &documents, settled).await?)
}

/// Inventories of images.
async fn of_images(app: &App) -> Result<Kept> {
    let mut kept = Kept::default();
    let mut after = 0_i64;
    loop {
        let rows =
            sqlx::query("SELECT id, inventory FROM images WHERE id > $1 ORDER BY id LIMIT $2")
                .bind(after)
                .bind(BATCH)
                .fetch_all(&mut *app.store.read().await?)
                .await?;
        let Some(last) = rows.last() else { return Ok(kept.sorted()) };
        after = last.try_get(0)?;
        for row in &rows {
            kept.extend([row.try_get::<&str, _>(1)?]);
        }
    }
}

/// Documents that are still to be read, or may be put back.
async fn of_jobs(app: &App) -> Result<Kept> {
    let rows = sqlx::query("SELECT payload FROM jobs WHERE kind = $1 AND state IN (0, 1, 3)")
        .bind(crate::jobs::SBOM)
        .fetch_all(&mut *app.store.read().await?)
        .await?;
    let mut kept = Kept::default();
    for row in &rows {
        let payload: serde_json::Value = serde_json::from_str(row.try_get(0)?).unwrap_or_default();
        kept.extend(payload.get("document").and_then(serde_json::Value::as_str));
    }
    Ok(kept.sorted())
}
