//! Decisions about weaknesses.

use std::collections::HashMap;

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::findings::{COLUMNS as FINDING, Stored, stored};
use super::{Connection, chunks, in_list};
use crate::error::Result;
use crate::moment::{Millis, now};

/// A decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// Its number.
    pub id: i64,
    /// What it is about: a CVE, or the id of an advisory.
    pub weakness: String,
    /// Where: empty is everywhere, else the name of a package or the package URL of a component.
    pub scope: String,
    /// See [`crate::triage::State`].
    pub state: String,
    /// Why it does no harm, in OpenVEX's words; empty where that is not so.
    pub justification: String,
    /// The same in own words.
    pub statement: String,
    /// Whose it is.
    pub owner: String,
    /// Words to find it by, one a line.
    pub labels: String,
    /// When it ends by itself.
    pub until: Option<Millis>,
    /// Who decided.
    pub actor: String,
    /// When that was first.
    pub created: Millis,
    /// When it was changed last.
    pub changed: Millis,
}

const COLUMNS: &str = "id, weakness, scope, state, justification, statement, owner, labels, until, \
     actor, created, changed";

fn decision(row: &AnyRow) -> Result<Decision> {
    Ok(Decision {
        id: row.try_get(0)?,
        weakness: row.try_get(1)?,
        scope: row.try_get(2)?,
        state: row.try_get(3)?,
        justification: row.try_get(4)?,
        statement: row.try_get(5)?,
        owner: row.try_get(6)?,
        labels: row.try_get(7)?,
        until: row.try_get(8)?,
        actor: row.try_get(9)?,
        created: row.try_get(10)?,
        changed: row.try_get(11)?,
    })
}

/// Decides; a decision about the same weakness and scope is replaced. Gives its number.
pub async fn put(connection: &mut Connection, it: &Decision) -> Result<i64> {
    let row = sqlx::query(
        "INSERT INTO triage (weakness, scope, state, justification, statement, owner, labels, \
         until, actor, created, changed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) \
         ON CONFLICT (weakness, scope) DO UPDATE SET state = excluded.state, \
         justification = excluded.justification, statement = excluded.statement, \
         owner = excluded.owner, labels = excluded.labels, until = excluded.until, \
         actor = excluded.actor, changed = excluded.changed RETURNING id",
    )
    .bind(&it.weakness)
    .bind(&it.scope)
    .bind(&it.state)
    .bind(&it.justification)
    .bind(&it.statement)
    .bind(&it.owner)
    .bind(&it.labels)
    .bind(it.until)
    .bind(&it.actor)
    .bind(now())
    .fetch_one(connection)
    .await?;
    Ok(row.try_get(0)?)
}

/// What events begin with whose cause is a decision.
pub(super) const CAUSE: &str = "decision: ";

/// Writes into the life of the open findings that a decision is about what became of it.
pub async fn tell(
    connection: &mut Connection,
    weakness: &str,
    scope: &str,
    what: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO finding_events (finding_id, at, event, cause, detail) \
         SELECT f.id, CAST($3 AS BIGINT), 'changed', CAST($4 AS TEXT), '' FROM findings f \
         JOIN components c ON c.id = f.component_id WHERE f.is_open = 1 AND f.weakness = $1 \
         AND ($2 = '' OR c.name = $2 OR c.purl = $2) ORDER BY f.id",
    )
    .bind(weakness)
    .bind(scope)
    .bind(now())
    .bind(format!("{CAUSE}{what}"))
    .execute(connection)
    .await?;
    Ok(())
}

/// Decisions that ended by themselves after `since`, until now.
pub async fn ended(
    connection: &mut Connection,
    since: Millis,
    now: Millis,
) -> Result<Vec<Decision>> {
    let text = format!("SELECT {COLUMNS} FROM triage WHERE until > $1 AND until <= $2 ORDER BY id");
    let rows = sqlx::query(AssertSqlSafe(text)).bind(since).bind(now).fetch_all(connection).await?;
    rows.iter().map(decision).collect()
}

/// Takes a decision back; `false` where there is none.
pub async fn remove(connection: &mut Connection, id: i64) -> Result<bool> {
    let done = sqlx::query("DELETE FROM triage WHERE id = $1").bind(id).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

/// One decision.
pub async fn by_id(connection: &mut Connection, id: i64) -> Result<Option<Decision>> {
    let text = format!("SELECT {COLUMNS} FROM triage WHERE id = $1");
    let row = sqlx::query(AssertSqlSafe(text)).bind(id).fetch_optional(connection).await?;
    row.as_ref().map(decision).transpose()
}

/// Decisions with a number above `after`, about one weakness where it is not empty.
pub async fn page(
    connection: &mut Connection,
    after: i64,
    weakness: &str,
    limit: i64,
) -> Result<Vec<Decision>> {
    let text = format!(
        "SELECT {COLUMNS} FROM triage WHERE id > $1 AND ($2 = '' OR weakness = $2) \
         ORDER BY id LIMIT $3"
    );
    let rows = sqlx::query(AssertSqlSafe(text))
        .bind(after)
        .bind(weakness)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(decision).collect()
}

/// What was decided about a weakness of a component and has not ended: the narrowest decision.
pub async fn effective(
    connection: &mut Connection,
    weakness: &str,
    name: &str,
    purl: &str,
) -> Result<Option<Decision>> {
    let text = format!(
        "SELECT {COLUMNS} FROM triage WHERE weakness = $1 AND (scope = '' OR scope = $2 \
         OR scope = $3) AND (until IS NULL OR until > $4) \
         ORDER BY CASE WHEN scope = $3 THEN 0 WHEN scope = $2 THEN 1 ELSE 2 END LIMIT 1"
    );
    let row = sqlx::query(AssertSqlSafe(text))
        .bind(weakness)
        .bind(name)
        .bind(purl)
        .bind(now())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(decision).transpose()
}

/// What holds for each of these weaknesses of components, which are given by weakness, name and package
/// URL.
pub async fn holding(
    connection: &mut Connection,
    all: &[(&str, &str, &str)],
) -> Result<Vec<Option<Decision>>> {
    let mut weaknesses: Vec<&str> = all.iter().map(|it| it.0).collect();
    weaknesses.sort_unstable();
    weaknesses.dedup();
    let mut known: HashMap<String, Vec<Decision>> = HashMap::new();
    for part in chunks(&weaknesses, 1) {
        let text = format!(
            "SELECT {COLUMNS} FROM triage WHERE (until IS NULL OR until > $1) AND weakness IN ({})",
            in_list(2, part.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(text)).bind(now());
        for weakness in part {
            query = query.bind(*weakness);
        }
        for row in query.fetch_all(&mut *connection).await? {
            let it = decision(&row)?;
            known.entry(it.weakness.clone()).or_default().push(it);
        }
    }
    let narrowest = |(weakness, name, purl): &(&str, &str, &str)| {
        let about = known.get(*weakness)?;
        let scopes = [*purl, *name, ""];
        scopes.iter().find_map(|scope| about.iter().find(|it| it.scope == *scope)).cloned()
    };
    Ok(all.iter().map(narrowest).collect())
}

/// That the decision which holds for a finding has the owner `$8` and the label that stands between two
/// ends of lines in `$9`, each where it is asked for.
pub(super) fn held_by(owner: bool, label: bool, now: Millis) -> String {
    let owner = if owner { "AND t.owner = $8" } else { "" };
    let labels = "'\n' || t.labels || '\n'";
    let label =
        if label { format!("AND ({labels}) <> REPLACE({labels}, $9, '')") } else { String::new() };
    format!(
        "id IN (SELECT f.id FROM triage t JOIN findings f ON f.weakness = t.weakness \
         JOIN components c ON c.id = f.component_id \
         WHERE (t.scope = '' OR t.scope = c.name OR t.scope = c.purl) \
         AND (t.until IS NULL OR t.until > {now}) {owner} {label} \
         AND NOT EXISTS (SELECT 1 FROM triage n WHERE n.weakness = t.weakness \
         AND (n.until IS NULL OR n.until > {now}) AND ((n.scope = c.purl AND t.scope <> c.purl) \
         OR (n.scope = c.name AND t.scope = ''))))"
    )
}

/// A decision and a component that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The decision.
    pub decision: Decision,
    /// Number of the component.
    pub component: i64,
    /// Its package URL.
    pub purl: String,
    /// Other ids of the weakness, one a line.
    pub aliases: String,
}

/// All decisions that have not ended, with the components that they are about.
pub async fn statements(connection: &mut Connection) -> Result<Vec<Statement>> {
    let columns: Vec<String> = COLUMNS.split(", ").map(|it| format!("t.{}", it.trim())).collect();
    let text = format!(
        "SELECT {}, c.id, c.purl, f.aliases FROM triage t \
         JOIN findings f ON f.weakness = t.weakness JOIN components c ON c.id = f.component_id \
         WHERE (t.scope = '' OR t.scope = c.name OR t.scope = c.purl) AND c.images > 0 \
         AND (t.until IS NULL OR t.until > $1) ORDER BY t.weakness, c.purl, c.id, \
         CASE WHEN t.scope = c.purl THEN 0 WHEN t.scope = c.name THEN 1 ELSE 2 END",
        columns.join(", ")
    );
    let rows = sqlx::query(AssertSqlSafe(text)).bind(now()).fetch_all(connection).await?;
    let mut found: Vec<Statement> = Vec::with_capacity(rows.len());
    for row in &rows {
        let statement = Statement {
            decision: decision(row)?,
            component: row.try_get(12)?,
            purl: row.try_get(13)?,
            aliases: row.try_get(14)?,
        };
        // The narrowest decision comes first.
        let same = |it: &Statement| {
            it.component == statement.component
                && it.decision.weakness == statement.decision.weakness
        };
        if !found.last().is_some_and(same) {
            found.push(statement);
        }
    }
    Ok(found)
}

/// Findings with a number above `after` that were open at `at`, as they are now.
pub async fn open_at(
    connection: &mut Connection,
    at: Millis,
    after: i64,
    limit: i64,
) -> Result<Vec<Stored>> {
    let text = format!(
        "SELECT {FINDING} FROM findings WHERE id > $1 AND COALESCE((SELECT e.event \
         FROM finding_events e WHERE e.finding_id = findings.id AND e.at <= $2 \
         ORDER BY e.id DESC LIMIT 1), 'resolved') <> 'resolved' ORDER BY id LIMIT $3"
    );
    let rows = sqlx::query(AssertSqlSafe(text))
        .bind(after)
        .bind(at)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(stored).collect()
}

/// What befell these findings after `at`, the newest first.
pub async fn changes_after(
    connection: &mut Connection,
    findings: &[i64],
    at: Millis,
) -> Result<Vec<(i64, String)>> {
    let mut found = Vec::new();
    for part in chunks(findings, 1) {
        let text = format!(
            "SELECT finding_id, detail FROM finding_events WHERE at > $1 AND detail <> '' \
             AND finding_id IN ({}) ORDER BY id DESC",
            in_list(2, part.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(text)).bind(at);
        for id in part {
            query = query.bind(*id);
        }
        for row in query.fetch_all(&mut *connection).await? {
            found.push((row.try_get(0)?, row.try_get(1)?));
        }
    }
    Ok(found)
}
