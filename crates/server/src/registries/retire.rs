//! Images that nobody can get any more.

use sqlx::Row;

use crate::error::{Error, Result};
use crate::store::postings::{self, Delta};
use crate::store::{Connection, Dialect, images, presence};

/// Drops those of these images that have no name left and run nowhere; says how many it were. Findings on
/// components that no other image has end with them.
pub async fn retire(
    connection: &mut Connection,
    dialect: Dialect,
    digests: &[String],
) -> Result<usize> {
    if digests.is_empty() {
        return Ok(0);
    }
    postings::hold(connection, dialect).await?;
    let (mut delta, mut dropped) = (Delta::default(), 0);
    for digest in digests {
        let row = sqlx::query(
            "SELECT id, posted_set FROM images WHERE digest = $1 \
             AND NOT EXISTS (SELECT 1 FROM image_refs r WHERE r.digest = images.digest) \
             AND NOT EXISTS (SELECT 1 FROM running r WHERE r.digest = images.digest \
             OR r.digest IN (SELECT asked FROM image_aliases a WHERE a.digest = images.digest))",
        )
        .bind(digest)
        .fetch_optional(&mut *connection)
        .await?;
        let Some(row) = row else { continue };
        let (id, posted): (i64, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
        if let Some(set) = posted {
            let number = u32::try_from(id).map_err(|_| Error::Damaged("a number"))?;
            let sets = images::sets(connection, &[set]).await?;
            for component in sets.values().flatten() {
                delta.remove(component, number);
            }
        }
        for statement in
            ["DELETE FROM images WHERE digest = $1", "DELETE FROM image_aliases WHERE digest = $1"]
        {
            sqlx::query(statement).bind(digest).execute(&mut *connection).await?;
        }
        dropped += 1;
    }
    let moved = delta.write(connection).await?;
    presence::vanish(connection, &moved.vanished).await?;
    Ok(dropped)
}
