//! A new key of sealed secrets, under which all of them are sealed again.

use std::path::Path;

use sqlx::Row;

use super::seal::Seal;
use crate::backup;
use crate::error::Result;
use crate::jobs;
use crate::moment::Millis;
use crate::notify;
use crate::registries;
use crate::serve::Lock;
use crate::store::{Store, Write, notifiers, registries as stored, repeats};

/// The same for the store of a place, on which no server of this folder may run.
pub async fn in_place(data_dir: &Path, store: Option<&str>, key: &Path) -> Result<usize> {
    backup::Place { data_dir, store, blobs: None, key }.has_store()?;
    let lock = Lock::take(data_dir)?;
    let address = store.map_or_else(|| Store::in_folder(data_dir), str::to_owned);
    let store = Store::open(&address).await?;
    let count = rotate(&store, key).await;
    store.close().await;
    drop(lock);
    count
}

/// Makes a new key in the place of that in `key`, and seals all secrets of a store under it; says how
/// many it were. No server may run on the store meanwhile. One that ends early is gone on with.
pub async fn rotate(store: &Store, key: &Path) -> Result<usize> {
    let old = Seal::open(key)?;
    let new = old.renewed()?;
    let mut write = store.write().await?;
    let mut count = 0;
    for notifier in notifiers::all(&mut write).await? {
        let settings = notify::sealed_anew(&notifier.kind, &old, &new, &notifier.settings)?;
        count += usize::from(settings != notifier.settings);
        notifiers::change(&mut write, &notifiers::Notifier { settings, ..notifier }).await?;
    }
    for registry in stored::all(&mut write).await?.iter().filter(|it| !it.password.is_empty()) {
        let purpose = registries::purpose(&registry.host);
        let password = new.seal(&purpose, &old.unseal(&purpose, &registry.password)?)?;
        stored::set_password(&mut write, registry.id, &password).await?;
        count += 1;
    }
    count += waiting(&mut write, &old, &new).await?;
    // Of a day; whoever sends a request again may have it done again.
    repeats::forget(&mut write, Millis::MAX).await?;
    write.commit().await?;
    new.settle()?;
    Ok(count)
}

/// Jobs that have not ended.
async fn waiting(write: &mut Write, old: &Seal, new: &Seal) -> Result<usize> {
    let rows =
        sqlx::query("SELECT id, kind, payload FROM jobs WHERE state < 2 AND payload LIKE $1")
            .bind(format!("{}%", super::seal::MARK))
            .fetch_all(&mut **write)
            .await?;
    let mut count = 0;
    for row in &rows {
        let (id, kind, payload): (i64, String, String) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let purpose = jobs::purpose(&kind);
        // What cannot be opened could not be done either.
        let Ok(plain) = old.unseal(&purpose, &payload) else { continue };
        sqlx::query("UPDATE jobs SET payload = $2 WHERE id = $1")
            .bind(id)
            .bind(new.seal(&purpose, &plain)?)
            .execute(&mut **write)
            .await?;
        count += 1;
    }
    Ok(count)
}
