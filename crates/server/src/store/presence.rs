//! Components that no image has any more: findings on them stand no more, until an image has them again.

use std::collections::HashSet;

use sqlx::{AssertSqlSafe, Row};

use super::findings::{self, Event};
use super::{Connection, NUMBERS, chunks, in_list, joined};
use crate::error::Result;

/// Why findings on them end.
pub const GONE: &str = "no image has it";

/// Why findings on one of them stand again.
pub const BACK: &str = "an image has it again";

/// Ends all findings on components that no image has any more.
pub async fn vanish(connection: &mut Connection, components: &[i64]) -> Result<()> {
    let mut open: Vec<i64> = Vec::new();
    for part in components.chunks(NUMBERS) {
        let text = format!(
            "SELECT id FROM findings WHERE is_open = 1 AND component_id IN ({})",
            joined(part)
        );
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        for row in query.fetch_all(&mut *connection).await? {
            open.push(row.try_get(0)?);
        }
    }
    findings::resolve(connection, &open).await?;
    let events: Vec<_> = open.iter().map(|id| (*id, Event::Resolved, String::new())).collect();
    findings::note(connection, &events, GONE).await?;
    set(connection, components, true).await
}

/// Says that images have these components again. What is said of them is worked out anew.
pub async fn come_back(connection: &mut Connection, components: &[i64]) -> Result<()> {
    set(connection, components, false).await
}

async fn set(connection: &mut Connection, components: &[i64], absent: bool) -> Result<()> {
    for part in chunks(components, 1) {
        let text =
            format!("UPDATE components SET absent = $1 WHERE id IN ({})", in_list(2, part.len()));
        let mut query = sqlx::query(AssertSqlSafe(text)).bind(i64::from(absent));
        for id in part {
            query = query.bind(*id);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Those of these components that no image has any more.
pub async fn absent(connection: &mut Connection, components: &[i64]) -> Result<HashSet<i64>> {
    let mut absent = HashSet::new();
    for part in chunks(components, 1) {
        let text = format!(
            "SELECT id FROM components WHERE absent = 1 AND id IN ({})",
            in_list(1, part.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for id in part {
            query = query.bind(*id);
        }
        for row in query.fetch_all(&mut *connection).await? {
            absent.insert(row.try_get(0)?);
        }
    }
    Ok(absent)
}
