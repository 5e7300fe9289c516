//! Sums over the whole estate, for metrics and gates.

use std::collections::HashMap;

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::registries::EVIDENCE;
use super::{Connection, chunks, in_list};
use crate::error::Result;
use crate::moment::Millis;
use crate::triage::Sla;

const DAY: Millis = 24 * 60 * 60 * 1000;

/// That a decision settles a finding by `now`; the names of its table and of that of its component.
pub(super) fn settled(finding: &str, component: &str, now: Millis) -> String {
    format!(
        "EXISTS (SELECT 1 FROM triage t WHERE t.weakness = {finding}.weakness \
         AND (t.scope = '' OR t.scope = {component}.name OR t.scope = {component}.purl) \
         AND t.state IN ('not_affected', 'fixed', 'accepted') \
         AND (t.until IS NULL OR t.until > {now}))"
    )
}

/// Open findings `f` on components `c` that images have, as far as nobody settled them by `now`.
fn unsettled(now: Millis) -> String {
    format!(
        "FROM findings f JOIN components c ON c.id = f.component_id WHERE f.is_open = 1 \
         AND c.images > 0 AND NOT {}",
        settled("f", "c", now)
    )
}

/// How many findings have been open for how many days: (severity, days, findings).
pub async fn ages(connection: &mut Connection, now: Millis) -> Result<Vec<(i64, i64, i64)>> {
    let text = format!(
        "SELECT severity, days, COUNT(*) FROM (SELECT f.severity AS severity, \
         ({now} - f.opened_at) / {DAY} AS days {}) a GROUP BY severity, days",
        unsettled(now)
    );
    let found = sqlx::query(AssertSqlSafe(text)).fetch_all(connection).await?;
    found.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
}

/// How many findings are open for longer than they should be, by severity.
pub async fn overdue(
    connection: &mut Connection,
    now: Millis,
    sla: &Sla,
) -> Result<HashMap<i64, i64>> {
    let text = format!(
        "SELECT f.severity, COUNT(*) {} AND f.opened_at < {} GROUP BY f.severity",
        unsettled(now),
        sla.limits(now, "f.severity")
    );
    let found = sqlx::query(AssertSqlSafe(text)).fetch_all(connection).await?;
    found.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// An open finding and since when it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated {
    /// Its number.
    pub id: i64,
    /// The component.
    pub component: i64,
    /// The CVE, else the advisory's own id.
    pub weakness: String,
    /// Type of the package.
    pub kind: String,
    /// Its name.
    pub package: String,
    /// Package URL of the component.
    pub purl: String,
    /// See [`super::findings::severity_number`].
    pub severity: i64,
    /// One line.
    pub title: String,
    /// The version to go to; empty where there is none.
    pub fixed_in: String,
    /// Listed by CISA as exploited.
    pub kev: bool,
    /// Since when.
    pub opened_at: Millis,
}

/// Open findings of at least a severity that nobody settled and that were opened before `before`, which
/// is [`Sla::limits`]; oldest first.
pub async fn dated(
    connection: &mut Connection,
    now: Millis,
    before: &str,
    severity: i64,
    limit: i64,
) -> Result<Vec<Dated>> {
    let text = format!(
        "SELECT f.id, c.id, f.weakness, c.kind, c.name, c.purl, f.severity, f.title, f.fixed_in, \
         f.kev, f.opened_at {} AND f.opened_at < {before} AND f.severity >= $1 \
         ORDER BY f.opened_at, f.id LIMIT $2",
        unsettled(now)
    );
    let found =
        sqlx::query(AssertSqlSafe(text)).bind(severity).bind(limit).fetch_all(connection).await?;
    let one = |row: &AnyRow| {
        Ok(Dated {
            id: row.try_get(0)?,
            component: row.try_get(1)?,
            weakness: row.try_get(2)?,
            kind: row.try_get(3)?,
            package: row.try_get(4)?,
            purl: row.try_get(5)?,
            severity: row.try_get(6)?,
            title: row.try_get(7)?,
            fixed_in: row.try_get(8)?,
            kev: row.try_get::<i64, _>(9)? != 0,
            opened_at: row.try_get(10)?,
        })
    };
    found.iter().map(one).collect()
}

/// Findings on one component that weigh the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alike {
    /// See [`super::findings::severity_number`].
    pub severity: i64,
    /// Listed by CISA as exploited.
    pub exploited: bool,
    /// There is a version without it.
    pub fixable: bool,
    /// Open for longer than it should be.
    pub overdue: bool,
    /// How many.
    pub count: i64,
}

/// Open findings by component.
pub async fn by_component(
    connection: &mut Connection,
    now: Millis,
    sla: &Sla,
) -> Result<HashMap<u32, Vec<Alike>>> {
    let text = format!(
        "SELECT component_id, severity, kev, fixable, overdue, COUNT(*) FROM (SELECT \
         f.component_id AS component_id, f.severity AS severity, f.kev AS kev, \
         CASE WHEN f.fix_state = 'fixed' THEN 1 ELSE 0 END AS fixable, \
         CASE WHEN f.opened_at < {} THEN 1 ELSE 0 END AS overdue {}) a \
         GROUP BY component_id, severity, kev, fixable, overdue",
        sla.limits(now, "f.severity"),
        unsettled(now)
    );
    let mut found: HashMap<u32, Vec<Alike>> = HashMap::new();
    for row in sqlx::query(AssertSqlSafe(text)).fetch_all(connection).await? {
        // A literal is an INT4 to PostgreSQL.
        let flag = |at: usize| {
            row.try_get::<i64, _>(at).or_else(|_| row.try_get::<i32, _>(at).map(i64::from))
        };
        let alike = Alike {
            severity: row.try_get(1)?,
            exploited: row.try_get::<i64, _>(2)? != 0,
            fixable: flag(3)? != 0,
            overdue: flag(4)? != 0,
            count: row.try_get(5)?,
        };
        let component = u32::try_from(row.try_get::<i64, _>(0)?).unwrap_or(u32::MAX);
        found.entry(component).or_default().push(alike);
    }
    Ok(found)
}

/// What is known of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its digest.
    pub digest: String,
    /// How it was asked for.
    pub reference: String,
    /// Its set of components.
    pub set: i64,
    /// When it was built.
    pub created: Option<Millis>,
    /// Whether it runs as root.
    pub runs_as_root: Option<bool>,
    /// When its distribution gets no fixes any more.
    pub end_of_life: Option<Millis>,
    /// From 0 to 100; `None` where it was not worked out yet.
    pub score: Option<i64>,
    /// When it was read last.
    pub last_seen: Millis,
    /// Whether something of it could not be read.
    pub partial: bool,
    /// The policies that it failed at the last look, a bit each; `None` where it has no summary yet.
    pub failed: Option<i64>,
}

/// Images with a number above `after`, at most `limit`, and the last one's number.
pub async fn images(
    connection: &mut Connection,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Known)>> {
    let found = sqlx::query(
        "SELECT i.id, i.digest, i.reference, i.set_id, i.created, f.runs_as_root, f.end_of_life, \
         s.score, i.last_seen, i.partial, s.failed FROM images i LEFT JOIN image_facts f ON f.digest = i.digest \
         LEFT JOIN image_summaries s ON s.image_id = i.id \
         WHERE i.id > $1 ORDER BY i.id LIMIT $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let one = |row: &AnyRow| {
        let known = Known {
            digest: row.try_get(1)?,
            reference: row.try_get(2)?,
            set: row.try_get(3)?,
            created: row.try_get(4)?,
            runs_as_root: row.try_get::<Option<i64>, _>(5)?.map(|it| it != 0),
            end_of_life: row.try_get(6)?,
            score: row.try_get(7)?,
            last_seen: row.try_get(8)?,
            partial: row.try_get::<i64, _>(9)? != 0,
            failed: row.try_get(10)?,
        };
        Ok((row.try_get(0)?, known))
    };
    found.iter().map(one).collect()
}

/// Notes which policies images of these numbers fail, a bit each.
pub async fn set_failed(connection: &mut Connection, failed: i64, images: &[i64]) -> Result<()> {
    for part in chunks(images, 1) {
        let text = format!(
            "UPDATE image_summaries SET failed = $1 WHERE image_id IN ({})",
            in_list(2, part.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(text)).bind(failed);
        for image in part {
            query = query.bind(*image);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// What hangs on images, by digest.
pub async fn evidence(connection: &mut Connection) -> Result<HashMap<String, i64>> {
    let found = sqlx::query(EVIDENCE).fetch_all(connection).await?;
    found.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// What befell findings since the event of this number: the number of the last one, and how many of
/// each kind.
pub async fn events(
    connection: &mut Connection,
    after: i64,
) -> Result<(i64, HashMap<String, i64>)> {
    let found = sqlx::query(
        "SELECT event, COUNT(*), MAX(id) FROM finding_events WHERE id > $1 GROUP BY event",
    )
    .bind(after)
    .fetch_all(connection)
    .await?;
    let (mut last, mut counts) = (after, HashMap::new());
    for row in &found {
        counts.insert(row.try_get(0)?, row.try_get(1)?);
        last = last.max(row.try_get(2)?);
    }
    Ok((last, counts))
}

/// Images that are tagged or run somewhere and were not read: by their digests, and by their names where
/// nobody says which digest that is.
pub async fn unread(connection: &mut Connection) -> Result<i64> {
    let by_digest = sqlx::query(
        "SELECT COUNT(*) FROM (SELECT digest FROM registry_tags WHERE selected = 1 \
         UNION SELECT digest FROM running WHERE digest <> '') d \
         WHERE NOT EXISTS (SELECT 1 FROM images i WHERE i.digest = d.digest) \
         AND NOT EXISTS (SELECT 1 FROM image_aliases a WHERE a.asked = d.digest)",
    )
    .fetch_one(&mut *connection)
    .await?;
    // Without a repository, what was written is all that is known.
    let by_name = sqlx::query(
        "SELECT COUNT(*) FROM (SELECT DISTINCT r.repository, r.tag, \
         CASE WHEN r.repository = '' THEN r.image ELSE '' END AS image FROM running r \
         WHERE r.digest = '' AND NOT EXISTS (SELECT 1 FROM image_refs n \
         WHERE n.repository = r.repository AND n.tag = r.tag) \
         AND NOT EXISTS (SELECT 1 FROM running d WHERE d.digest <> '' \
         AND d.repository = r.repository AND d.tag = r.tag) \
         AND NOT EXISTS (SELECT 1 FROM registries g JOIN registry_tags t ON t.registry_id = g.id \
         AND t.repository = SUBSTR(r.repository, LENGTH(g.host) + 2) AND t.tag = r.tag \
         WHERE t.selected = 1 AND r.repository = g.host || '/' || t.repository)) n",
    )
    .fetch_one(connection)
    .await?;
    Ok(by_digest.try_get::<i64, _>(0)?.saturating_add(by_name.try_get(0)?))
}

/// A container that runs, and the components of its image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// Namespace.
    pub namespace: String,
    /// Kind of the workload.
    pub kind: String,
    /// Name of the workload.
    pub name: String,
    /// Name of the container.
    pub container: String,
    /// Registry and repository of the image.
    pub repository: String,
    /// Its tag.
    pub tag: String,
    /// Its set of components.
    pub set: i64,
}

/// Containers that run images which were read, at most `limit`.
pub async fn workloads(connection: &mut Connection, limit: i64) -> Result<Vec<Workload>> {
    let found = sqlx::query(
        "SELECT namespace, kind, name, container, repository, tag, set_id FROM (SELECT r.place, \
         r.namespace, r.kind, r.name, r.container, r.repository, r.tag, (SELECT MAX(i.set_id) \
         FROM images i WHERE i.digest = r.digest \
         OR i.digest IN (SELECT a.digest FROM image_aliases a WHERE a.asked = r.digest) \
         OR (r.digest = '' AND i.digest IN (SELECT n.digest FROM image_refs n \
         WHERE n.repository = r.repository AND n.tag = r.tag))) AS set_id FROM running r) w \
         WHERE set_id IS NOT NULL ORDER BY place, namespace, kind, name, container LIMIT $1",
    )
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let one = |row: &AnyRow| {
        Ok(Workload {
            namespace: row.try_get(0)?,
            kind: row.try_get(1)?,
            name: row.try_get(2)?,
            container: row.try_get(3)?,
            repository: row.try_get(4)?,
            tag: row.try_get(5)?,
            set: row.try_get(6)?,
        })
    };
    found.iter().map(one).collect()
}
