//! Components, and the keys under which advisories on them stand.

use std::collections::HashMap;

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::{Connection, NUMBERS, chunks, joined, rows};
use crate::catalogue::Component;
use crate::error::Result;
use crate::moment::now;

/// A component that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its number.
    pub id: i64,
    /// What it is.
    pub component: Component,
}

/// How a component is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its number.
    pub id: i64,
    /// Package URL.
    pub purl: String,
    /// Type of the package.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// How many images have it.
    pub images: i64,
}

/// The columns of [`Shown`].
pub(super) const SHOWN: &str = "id, purl, kind, name, version, images";

impl Shown {
    /// From a row of its columns.
    pub(super) fn of(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.try_get(0)?,
            purl: row.try_get(1)?,
            kind: row.try_get(2)?,
            name: row.try_get(3)?,
            version: row.try_get(4)?,
            images: row.try_get(5)?,
        })
    }
}

/// Numbers of those that are stored already, by key.
pub async fn known(connection: &mut Connection, keys: &[&str]) -> Result<HashMap<String, i64>> {
    let mut found = HashMap::with_capacity(keys.len());
    for part in chunks(keys, 1) {
        let list = rows(connection, 1, part.len());
        let text = format!("SELECT key, id FROM components WHERE key IN {list}");
        let mut query = sqlx::query(AssertSqlSafe(text));
        for key in part {
            query = query.bind(*key);
        }
        for row in query.fetch_all(&mut *connection).await? {
            found.insert(row.try_get(0)?, row.try_get(1)?);
        }
    }
    Ok(found)
}

/// Stores those that are not there yet, and gives the numbers of those that were new, by key.
pub async fn add(
    connection: &mut Connection,
    components: &[&Component],
) -> Result<HashMap<String, i64>> {
    let mut new = HashMap::new();
    for part in chunks(components, 8) {
        let text = format!(
            "INSERT INTO components (key, kind, name, version, purl, body, judged, first_seen) \
             VALUES {} ON CONFLICT (key) DO NOTHING RETURNING key, id",
            rows(connection, part.len(), 8)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for component in part {
            query = query
                .bind(component.key())
                .bind(component.kind.purl_type())
                .bind(&component.name)
                .bind(&component.version)
                .bind(component.purl())
                .bind(component.body()?)
                .bind(i64::from(component.judged))
                .bind(now());
        }
        for row in query.fetch_all(&mut *connection).await? {
            new.insert(row.try_get::<String, _>(0)?, row.try_get::<i64, _>(1)?);
        }
    }
    let mut keys: Vec<(i64, i64)> = Vec::new();
    for component in components.iter().filter(|component| component.judged) {
        if let Some(id) = new.get(&component.key()) {
            keys.extend(component.advisory_keys().into_iter().map(|key| (key, *id)));
        }
    }
    for part in chunks(&keys, 2) {
        let text = format!(
            "INSERT INTO component_keys (key, component_id) VALUES {} ON CONFLICT DO NOTHING",
            rows(connection, part.len(), 2)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for (key, id) in part {
            query = query.bind(*key).bind(*id);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(new)
}

/// Those under one of these keys of packages.
pub async fn under_keys(connection: &mut Connection, keys: &[i64]) -> Result<Vec<i64>> {
    let mut found = Vec::new();
    for part in keys.chunks(NUMBERS) {
        let text =
            format!("SELECT component_id FROM component_keys WHERE key IN ({})", joined(part));
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        for row in query.fetch_all(&mut *connection).await? {
            found.push(row.try_get(0)?);
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// All that are judged.
pub async fn judged(connection: &mut Connection) -> Result<Vec<i64>> {
    let rows = sqlx::query("SELECT id FROM components WHERE judged = 1 ORDER BY id")
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// What these are.
pub async fn load(connection: &mut Connection, ids: &[i64]) -> Result<Vec<Stored>> {
    let mut found = Vec::with_capacity(ids.len());
    for part in ids.chunks(NUMBERS) {
        let text = format!("SELECT id, body FROM components WHERE id IN ({})", joined(part));
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        for row in query.fetch_all(&mut *connection).await? {
            let body: String = row.try_get(1)?;
            found.push(Stored { id: row.try_get(0)?, component: Component::from_body(&body)? });
        }
    }
    Ok(found)
}

/// How these are shown.
pub async fn shown(connection: &mut Connection, ids: &[i64]) -> Result<HashMap<i64, Shown>> {
    let mut found = HashMap::with_capacity(ids.len());
    for part in ids.chunks(NUMBERS) {
        let text = format!("SELECT {SHOWN} FROM components WHERE id IN ({})", joined(part));
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        for row in query.fetch_all(&mut *connection).await? {
            let one = Shown::of(&row)?;
            found.insert(one.id, one);
        }
    }
    Ok(found)
}

/// Those of which a part of the name begins with a text: behind the group of Maven, the scope of npm, the
/// folders of a module of Go. Each name is looked at.
pub async fn called(connection: &mut Connection, text: &str, limit: i64) -> Result<Vec<Shown>> {
    let begins = super::lists::begins(text);
    let text = format!(
        "SELECT {SHOWN} FROM components WHERE images > 0 \
         AND (name LIKE $1 ESCAPE '!' OR name LIKE $2 ESCAPE '!') ORDER BY name, id LIMIT $3"
    );
    let rows = sqlx::query(AssertSqlSafe(text))
        .bind(format!("%:{begins}"))
        .bind(format!("%/{begins}"))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(Shown::of).collect()
}

/// How many components there are.
pub async fn count(connection: &mut Connection) -> Result<i64> {
    Ok(sqlx::query("SELECT COUNT(*) FROM components").fetch_one(connection).await?.try_get(0)?)
}
