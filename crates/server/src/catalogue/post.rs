//! Which images have which component, written for many images at once.

use crate::app::App;
use crate::error::{Error, Result};
use crate::rematch;
use crate::store::postings::{self, Delta};
use crate::store::{images, presence};

/// How many images at a time.
const BATCH: i64 = 16_384;

/// Posts images until none is left, and says how many it were. Findings on what no image has any more end
/// with it, and those on what one has again stand again.
///
/// # Errors
/// [`Error::Changed`] where the advisories changed in the middle of it.
pub async fn post(app: &App) -> Result<usize> {
    let mut all = 0;
    loop {
        let posted = batch(app).await?;
        all += posted;
        if i64::try_from(posted).unwrap_or(0) < BATCH {
            return Ok(all);
        }
    }
}

async fn batch(app: &App) -> Result<usize> {
    let store = &app.store;
    // Mostly there is nothing to do, and then nobody need wait for the writer.
    if images::unposted(&mut *store.read().await?, crate::store::Dialect::Sqlite, 1)
        .await?
        .is_empty()
    {
        return Ok(0);
    }
    let mut write = store.write().await?;
    postings::hold(&mut write, store.dialect()).await?;
    let batch = images::unposted(&mut write, store.dialect(), BATCH).await?;
    let mut ids: Vec<i64> = batch.iter().map(|image| image.set).collect();
    ids.extend(batch.iter().filter_map(|image| image.posted));
    ids.sort_unstable();
    ids.dedup();
    let sets = images::sets(&mut write, &ids).await?;
    let mut delta = Delta::default();
    for image in &batch {
        let number = u32::try_from(image.id).map_err(|_| Error::Damaged("a number"))?;
        let set = sets.get(&image.set).ok_or(Error::Damaged("a set of components"))?;
        match image.posted.and_then(|id| sets.get(&id)) {
            Some(before) => {
                (set - before).iter().for_each(|component| delta.add(component, number));
                (before - set).iter().for_each(|component| delta.remove(component, number));
            }
            None => set.iter().for_each(|component| delta.add(component, number)),
        }
    }
    let moved = delta.write(&mut write).await?;
    presence::vanish(&mut write, &moved.vanished).await?;
    rematch::returned(app, &mut write, &moved.returned).await?;
    images::posted(&mut write, &batch).await?;
    write.commit().await?;
    Ok(batch.len())
}
