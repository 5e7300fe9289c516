//! Which images have a text in their names, by the index of parts of names.

use sqlx::Row;

use super::{Connection, Dialect, images};
use crate::error::Result;

/// Up to here images are named one by one; what more of them have is soon met in any order.
pub const FEW: usize = 2_000;

/// The shortest text that the index knows.
const PART: usize = 3;

/// The numbers of the images whose reference contains a text or whose digest begins with it; `None`
/// where they are many, or where the index does not tell.
pub async fn few(
    connection: &mut Connection,
    dialect: Dialect,
    text: &str,
) -> Result<Option<Vec<i64>>> {
    let Some(mut found) = of_reference(connection, dialect, text).await? else { return Ok(None) };
    if is_digest(text) {
        found.extend(of_digest(connection, text).await?);
        found.sort_unstable();
        found.dedup();
    }
    Ok((found.len() <= FEW).then_some(found))
}

/// The same for references alone.
pub async fn of_reference(
    connection: &mut Connection,
    dialect: Dialect,
    text: &str,
) -> Result<Option<Vec<i64>>> {
    if text.chars().count() < PART {
        return Ok(None);
    }
    let (statement, value) = match dialect {
        Dialect::Sqlite => (
            "SELECT rowid FROM image_names WHERE image_names MATCH $1 LIMIT $2",
            format!("\"{}\"", text.replace('"', "\"\"").replace('\0', "")),
        ),
        Dialect::Postgres => (
            "SELECT id FROM images WHERE reference LIKE $1 ESCAPE '!' LIMIT $2",
            images::like(text),
        ),
    };
    let rows = sqlx::query(statement).bind(value).bind(limit()).fetch_all(connection).await?;
    let found: Vec<i64> = rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<_>>()?;
    Ok((found.len() <= FEW).then_some(found))
}

async fn of_digest(connection: &mut Connection, text: &str) -> Result<Vec<i64>> {
    let rows = sqlx::query("SELECT id FROM images WHERE digest >= $1 AND digest < $2 LIMIT $3")
        .bind(text)
        .bind(format!("{text}g"))
        .bind(limit())
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

fn limit() -> i64 {
    i64::try_from(FEW).unwrap_or(0) + 1
}

/// Whether digests may begin so: an algorithm, a colon, hexadecimal digits.
fn is_digest(text: &str) -> bool {
    let (algorithm, digits) = text.split_once(':').unwrap_or((text, ""));
    "sha256".starts_with(algorithm) && digits.bytes().all(|it| it.is_ascii_hexdigit())
}
