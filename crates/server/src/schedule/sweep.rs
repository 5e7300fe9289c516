//! Removes what nobody refers to any more: inventories and sets of components of images that were dropped,
//! documents that were read long ago, fingerprints of advisories of before, layers that clients of Clair
//! deleted, and those that no client of Trivy has asked for in a month.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::Row;

use super::Task;
use crate::api::{clair, trivy};
use crate::app::App;
use crate::catalogue::INVENTORIES;
use crate::error::Result;
use crate::jobs;
use crate::moment::{Millis, now};
use crate::rematch;
use crate::store::blobs::{Kept, SETTLED};
use crate::store::{foreign, images, settings};

/// The task.
#[derive(Debug)]
pub(super) struct Sweep;

/// How often it is looked at; listing a million blobs takes a while.
const DAILY: Millis = 24 * 60 * 60 * 1000;

/// When it was done last.
const DONE: &str = "blobs.swept";

/// Family of the documents that `jobs/sbom.rs` stores.
const DOCUMENTS: &str = "sboms";

/// How many sets are removed at a time.
const SETS: i64 = 500;

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
        let rows = rows(app, SETTLED).await?;
        let mut write = app.store.write().await?;
        settings::set(&mut write, DONE, &now().to_string()).await?;
        write.commit().await?;
        if gone > 0 {
            app.tell(&format!("blobs: {gone} that nobody refers to any more are gone"));
        }
        if rows > 0 {
            app.tell(&format!("store: {rows} rows that nobody refers to any more are gone"));
        }
        Ok(())
    }
}

/// Removes what is older than `settled` and nobody refers to; says how many it were.
pub async fn sweep(app: &App, settled: Millis) -> Result<u64> {
    let inventories = of_images(app).await?;
    let documents = of_jobs(app).await?;
    let mut gone = app.blobs.sweep(INVENTORIES, &inventories, settled).await?;
    gone += app.blobs.sweep(DOCUMENTS, &documents, settled).await?;
    gone += app.blobs.sweep(jobs::LAYER_BLOBS, &of_layers(app).await?, settled).await?;
    gone += app.blobs.sweep_but(rematch::FINGERPRINTS, &editions(app).await?, settled).await?;
    for family in [trivy::LAYERS, trivy::ARTIFACTS] {
        gone += app.blobs.sweep_but(family, &[], settled.max(trivy::KEPT)).await?;
    }
    Ok(gone)
}

/// Removes rows that are older than `settled` and nothing refers to; says how many it were.
pub async fn rows(app: &App, settled: Millis) -> Result<u64> {
    let before = now().saturating_sub(settled);
    let mut write = app.store.write().await?;
    let mut gone = foreign::forget_lost(&mut write, clair::PROTOCOL, before).await?;
    gone += foreign::forget_other(&mut write, clair::V1, &clair::v1_state(), before).await?;
    write.commit().await?;
    loop {
        // A few at a time: nobody else writes meanwhile.
        let mut write = app.store.write().await?;
        let some = images::forget_sets(&mut write, SETS).await?;
        write.commit().await?;
        gone += some;
        if some < SETS.unsigned_abs() {
            return Ok(gone);
        }
    }
}

/// Layers of images that come layer by layer.
async fn of_layers(app: &App) -> Result<Kept> {
    let (mut kept, mut after) = (Kept::default(), String::new());
    loop {
        let mut read = app.store.read().await?;
        let page = foreign::list(&mut read, clair::V1, &after, BATCH).await?;
        let Some(last) = page.last() else { return Ok(kept.sorted()) };
        after.clone_from(&last.name);
        kept.extend(page.iter().map(|it| it.digest.as_str()));
    }
}

/// Advisories whose fingerprints are still compared with.
async fn editions(app: &App) -> Result<Vec<String>> {
    let mut read = app.store.read().await?;
    let mut kept = vec![app.advisories.current().edition.clone()];
    for name in [settings::EDITION, settings::MATCHED] {
        kept.extend(settings::value(&mut read, name).await?);
    }
    Ok(kept)
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
        .bind(jobs::SBOM)
        .fetch_all(&mut *app.store.read().await?)
        .await?;
    let mut kept = Kept::default();
    for row in &rows {
        let payload: serde_json::Value = serde_json::from_str(row.try_get(0)?).unwrap_or_default();
        kept.extend(payload.get("document").and_then(serde_json::Value::as_str));
    }
    Ok(kept.sorted())
}
