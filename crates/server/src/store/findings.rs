//! What is said of components, and how that came and went.

use std::collections::HashMap;

use plimsoll_model::{Finding, FixState, Severity};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::{Connection, NUMBERS, chunks, in_list, joined, rows};
use crate::error::Result;
use crate::moment::{self, Millis, now};

/// The kind of findings that advisories give.
pub const VULNERABILITY: &str = "vulnerability";

/// What is kept of a finding; equal where nothing that is kept has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The CVE, else the advisory's own id.
    pub weakness: String,
    /// Which kind of finding.
    pub kind: &'static str,
    /// As [`severity_number`].
    pub severity: i64,
    /// Whose rating that is.
    pub severity_source: String,
    /// See [`fix_state`].
    pub fix_state: &'static str,
    /// The version to go to; empty where there is none.
    pub fixed_in: String,
    /// One line.
    pub title: String,
    /// Other ids, one a line.
    pub aliases: String,
    /// `id feed` of the advisories, one a line.
    pub advisories: String,
    /// Listed by CISA as exploited.
    pub kev: bool,
    /// First published.
    pub published: Option<Millis>,
}

impl Content {
    /// What is kept of a finding.
    pub fn of(finding: &Finding) -> Self {
        let advisories: Vec<String> =
            finding.advisories.iter().map(|it| format!("{} {}", it.id, it.feed)).collect();
        Self {
            weakness: finding.id.clone(),
            kind: VULNERABILITY,
            severity: severity_number(finding.severity),
            severity_source: finding.severity_source.clone(),
            fix_state: fix_state(&finding.fix),
            fixed_in: finding.fix.nearest().unwrap_or_default().to_owned(),
            title: finding.title.clone(),
            aliases: finding.aliases.join("\n"),
            advisories: advisories.join("\n"),
            kev: finding.kev.is_some(),
            published: finding.published.map(moment::of),
        }
    }
}

/// The place of a severity on its scale, 0 for unknown.
pub fn severity_number(severity: Severity) -> i64 {
    let place = Severity::ALL.iter().rev().position(|one| *one == severity);
    place.and_then(|place| i64::try_from(place).ok()).unwrap_or(0)
}

/// The inverse of [`severity_number`].
pub fn severity_of(number: i64) -> Severity {
    let place = usize::try_from(number).ok();
    place.and_then(|place| Severity::ALL.iter().rev().nth(place).copied()).unwrap_or_default()
}

/// A word for whether and how it can be repaired.
pub fn fix_state(fix: &FixState) -> &'static str {
    match fix {
        FixState::Fixed(_) => "fixed",
        FixState::NotFixed => "not_fixed",
        FixState::WillNotFix => "will_not_fix",
        FixState::Deferred => "deferred",
        FixState::UnderInvestigation => "under_investigation",
        FixState::EndOfLife => "end_of_life",
        _ => "unknown",
    }
}

/// A finding that is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its number.
    pub id: i64,
    /// The component that it is about.
    pub component: i64,
    /// See [`Content`].
    pub weakness: String,
    /// See [`Content`].
    pub kind: String,
    /// See [`severity_number`].
    pub severity: i64,
    /// See [`Content`].
    pub severity_source: String,
    /// See [`fix_state`].
    pub fix_state: String,
    /// See [`Content`].
    pub fixed_in: String,
    /// See [`Content`].
    pub title: String,
    /// See [`Content`].
    pub aliases: String,
    /// See [`Content`].
    pub advisories: String,
    /// See [`Content`].
    pub kev: bool,
    /// FIRST's score in millionths.
    pub epss: Option<i64>,
    /// See [`Content`].
    pub published: Option<Millis>,
    /// Whether it stands.
    pub is_open: bool,
    /// When it was opened first.
    pub opened_at: Millis,
    /// When it was changed last.
    pub changed_at: Millis,
    /// When it was resolved.
    pub resolved_at: Option<Millis>,
    /// How often it came back.
    pub reopened: i64,
}

impl Stored {
    /// Whether `content` says the same.
    pub fn says(&self, content: &Content) -> bool {
        self.weakness == content.weakness
            && self.kind == content.kind
            && self.severity == content.severity
            && self.severity_source == content.severity_source
            && self.fix_state == content.fix_state
            && self.fixed_in == content.fixed_in
            && self.title == content.title
            && self.aliases == content.aliases
            && self.advisories == content.advisories
            && self.kev == content.kev
            && self.published == content.published
    }
}

pub(super) const COLUMNS: &str = "id, component_id, weakness, kind, severity, severity_source, fix_state, \
     fixed_in, title, aliases, advisories, kev, epss, published, is_open, opened_at, changed_at, \
     resolved_at, reopened";

pub(super) fn stored(row: &AnyRow) -> Result<Stored> {
    Ok(Stored {
        id: row.try_get(0)?,
        component: row.try_get(1)?,
        weakness: row.try_get(2)?,
        kind: row.try_get(3)?,
        severity: row.try_get(4)?,
        severity_source: row.try_get(5)?,
        fix_state: row.try_get(6)?,
        fixed_in: row.try_get(7)?,
        title: row.try_get(8)?,
        aliases: row.try_get(9)?,
        advisories: row.try_get(10)?,
        kev: row.try_get::<i64, _>(11)? != 0,
        epss: row.try_get(12)?,
        published: row.try_get(13)?,
        is_open: row.try_get::<i64, _>(14)? != 0,
        opened_at: row.try_get(15)?,
        changed_at: row.try_get(16)?,
        resolved_at: row.try_get(17)?,
        reopened: row.try_get(18)?,
    })
}

/// All findings on these components, resolved ones too.
pub async fn of_components(connection: &mut Connection, ids: &[i64]) -> Result<Vec<Stored>> {
    let mut found = Vec::new();
    for part in ids.chunks(NUMBERS) {
        let text =
            format!("SELECT {COLUMNS} FROM findings WHERE component_id IN ({})", joined(part));
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        for row in query.fetch_all(&mut *connection).await? {
            found.push(stored(&row)?);
        }
    }
    Ok(found)
}

/// By what open findings are put in order: severity, weakness and number.
pub type Place = (i64, String, i64);

/// The places of the open findings on these components.
pub async fn places(connection: &mut Connection, components: &[i64]) -> Result<Vec<Place>> {
    let mut found = Vec::new();
    for part in components.chunks(NUMBERS) {
        let text = format!(
            "SELECT severity, weakness, id FROM findings WHERE is_open = 1 \
             AND component_id IN ({})",
            joined(part)
        );
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        for row in query.fetch_all(&mut *connection).await? {
            found.push((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
        }
    }
    Ok(found)
}

/// The findings of these numbers, in their order.
pub async fn by_ids(connection: &mut Connection, ids: &[i64]) -> Result<Vec<Stored>> {
    let mut found = HashMap::with_capacity(ids.len());
    for part in ids.chunks(NUMBERS) {
        let text = format!("SELECT {COLUMNS} FROM findings WHERE id IN ({})", joined(part));
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        for row in query.fetch_all(&mut *connection).await? {
            let one = stored(&row)?;
            found.insert(one.id, one);
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// Components with a finding, open or resolved, about one of these weaknesses.
pub async fn components_of(connection: &mut Connection, weaknesses: &[String]) -> Result<Vec<i64>> {
    let mut found = Vec::new();
    for part in chunks(weaknesses, 1) {
        let text = format!(
            "SELECT DISTINCT component_id FROM findings WHERE weakness IN ({})",
            in_list(1, part.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for weakness in part {
            query = query.bind(weakness);
        }
        for row in query.fetch_all(&mut *connection).await? {
            found.push(row.try_get(0)?);
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// What befell a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// It is new.
    Opened,
    /// It says something else.
    Changed,
    /// It stands no more.
    Resolved,
    /// It stands again.
    Reopened,
}

impl Event {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Changed => "changed",
            Self::Resolved => "resolved",
            Self::Reopened => "reopened",
        }
    }
}

/// Stores findings that are not there, and gives their numbers. Those that are there stay as they are.
pub async fn open(
    connection: &mut Connection,
    findings: &[(i64, Content)],
    cause: &str,
) -> Result<Vec<i64>> {
    let mut opened = Vec::with_capacity(findings.len());
    let at = now();
    for part in chunks(findings, 15) {
        let text = format!(
            "INSERT INTO findings (component_id, weakness, kind, severity, severity_source, \
             fix_state, fixed_in, title, aliases, advisories, kev, published, is_open, opened_at, \
             changed_at) VALUES {} ON CONFLICT (component_id, weakness) DO NOTHING RETURNING id",
            rows(connection, part.len(), 15)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for (component, content) in part {
            query = query
                .bind(*component)
                .bind(&content.weakness)
                .bind(content.kind)
                .bind(content.severity)
                .bind(&content.severity_source)
                .bind(content.fix_state)
                .bind(&content.fixed_in)
                .bind(&content.title)
                .bind(&content.aliases)
                .bind(&content.advisories)
                .bind(i64::from(content.kev))
                .bind(content.published)
                .bind(1_i64)
                .bind(at)
                .bind(at);
        }
        for row in query.fetch_all(&mut *connection).await? {
            opened.push(row.try_get(0)?);
        }
    }
    let events: Vec<(i64, Event, String)> =
        opened.iter().map(|id| (*id, Event::Opened, String::new())).collect();
    note(connection, &events, cause).await?;
    Ok(opened)
}

/// Writes what a finding says from now on; `event` is [`Event::Changed`] or [`Event::Reopened`].
pub async fn change(
    connection: &mut Connection,
    id: i64,
    content: &Content,
    event: Event,
) -> Result<()> {
    sqlx::query(
        "UPDATE findings SET severity = $2, severity_source = $3, fix_state = $4, fixed_in = $5, \
         title = $6, aliases = $7, advisories = $8, kev = $9, published = $10, changed_at = $11, \
         is_open = 1, resolved_at = NULL, reopened = reopened + $12 WHERE id = $1",
    )
    .bind(id)
    .bind(content.severity)
    .bind(&content.severity_source)
    .bind(content.fix_state)
    .bind(&content.fixed_in)
    .bind(&content.title)
    .bind(&content.aliases)
    .bind(&content.advisories)
    .bind(i64::from(content.kev))
    .bind(content.published)
    .bind(now())
    .bind(i64::from(event == Event::Reopened))
    .execute(connection)
    .await?;
    Ok(())
}

/// Says that findings stand no more.
pub async fn resolve(connection: &mut Connection, ids: &[i64]) -> Result<()> {
    for part in chunks(ids, 1) {
        let text = format!(
            "UPDATE findings SET is_open = 0, resolved_at = $1, changed_at = $1 WHERE id IN ({})",
            in_list(2, part.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(text)).bind(now());
        for id in part {
            query = query.bind(*id);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Writes down what befell findings, and why.
pub async fn note(
    connection: &mut Connection,
    events: &[(i64, Event, String)],
    cause: &str,
) -> Result<()> {
    let at = now();
    for part in chunks(events, 5) {
        let text = format!(
            "INSERT INTO finding_events (finding_id, at, event, cause, detail) VALUES {}",
            rows(connection, part.len(), 5)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for (id, event, detail) in part {
            query = query.bind(*id).bind(at).bind(event.name()).bind(cause).bind(detail);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// One line of a finding's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// When.
    pub at: Millis,
    /// See [`Event::name`].
    pub event: String,
    /// Why.
    pub cause: String,
    /// What exactly.
    pub detail: String,
}

/// The life of a finding.
pub async fn events(connection: &mut Connection, id: i64) -> Result<Vec<Noted>> {
    let rows = sqlx::query(
        "SELECT at, event, cause, detail FROM finding_events WHERE finding_id = $1 \
         ORDER BY id LIMIT 1000",
    )
    .bind(id)
    .fetch_all(connection)
    .await?;
    let one = |row: &AnyRow| {
        Ok(Noted {
            at: row.try_get(0)?,
            event: row.try_get(1)?,
            cause: row.try_get(2)?,
            detail: row.try_get(3)?,
        })
    };
    rows.iter().map(one).collect()
}

/// Which findings are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Severity and number of the last finding of the page before.
    pub after: Option<(i64, i64)>,
    /// At least this severe.
    pub severity: i64,
    /// In this state of repair; empty for any.
    pub fix_state: String,
    /// About this weakness; empty for any.
    pub weakness: String,
    /// Of components of this name; empty for any.
    pub name: String,
    /// Resolved ones instead of open ones.
    pub resolved: bool,
}

/// A page of findings, worst first.
pub async fn page(connection: &mut Connection, wanted: &Wanted, limit: i64) -> Result<Vec<Stored>> {
    let (severity, id) = wanted.after.unwrap_or((i64::MAX, i64::MAX));
    let is_open = if wanted.resolved { "is_open = 0" } else { "is_open = 1" };
    // What is asked for is said as it is: an index cannot be used for what may be or not.
    let weakness = if wanted.weakness.is_empty() { "$5 = ''" } else { "weakness = $5" };
    let name = if wanted.name.is_empty() {
        "$6 = ''"
    } else {
        "component_id IN (SELECT id FROM components WHERE name = $6)"
    };
    let text = format!(
        "SELECT {COLUMNS} FROM findings WHERE {is_open} AND (severity, id) < ($1, $2) \
         AND severity >= $3 AND ($4 = '' OR fix_state = $4) AND {weakness} AND {name} \
         ORDER BY severity DESC, id DESC LIMIT $7"
    );
    let rows = sqlx::query(AssertSqlSafe(text))
        .bind(severity)
        .bind(id)
        .bind(wanted.severity)
        .bind(&wanted.fix_state)
        .bind(&wanted.weakness)
        .bind(&wanted.name)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(stored).collect()
}

/// One finding.
pub async fn by_id(connection: &mut Connection, id: i64) -> Result<Option<Stored>> {
    let text = format!("SELECT {COLUMNS} FROM findings WHERE id = $1");
    let row = sqlx::query(AssertSqlSafe(text)).bind(id).fetch_optional(connection).await?;
    row.as_ref().map(stored).transpose()
}

/// Number and time of the newest event in the life of any finding.
pub async fn newest_event(connection: &mut Connection) -> Result<Option<(i64, Millis)>> {
    let row = sqlx::query("SELECT id, at FROM finding_events ORDER BY id DESC LIMIT 1")
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
}

/// Open findings on each of these components, by severity.
pub async fn counts(
    connection: &mut Connection,
    components: &[i64],
) -> Result<HashMap<i64, Vec<(i64, i64)>>> {
    let mut found: HashMap<i64, Vec<(i64, i64)>> = HashMap::new();
    for part in chunks(components, 1) {
        let text = format!(
            "SELECT component_id, severity, COUNT(*) FROM findings \
             WHERE is_open = 1 AND component_id IN ({}) GROUP BY component_id, severity",
            in_list(1, part.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for id in part {
            query = query.bind(*id);
        }
        for row in query.fetch_all(&mut *connection).await? {
            found.entry(row.try_get(0)?).or_default().push((row.try_get(1)?, row.try_get(2)?));
        }
    }
    Ok(found)
}

/// A number of open findings that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// See [`severity_number`].
    pub severity: i64,
    /// See [`fix_state`].
    pub fix_state: String,
    /// See [`Content::kind`].
    pub kind: String,
    /// How many.
    pub count: i64,
}

/// All open findings on components that images have, counted.
pub async fn tally(connection: &mut Connection) -> Result<Vec<Alike>> {
    let rows = sqlx::query(
        "SELECT severity, fix_state, kind, COUNT(*) FROM findings WHERE is_open = 1 \
         AND EXISTS (SELECT 1 FROM components c WHERE c.id = component_id AND c.images > 0) \
         GROUP BY severity, fix_state, kind",
    )
    .fetch_all(connection)
    .await?;
    let one = |row: &AnyRow| {
        Ok(Alike {
            severity: row.try_get(0)?,
            fix_state: row.try_get(1)?,
            kind: row.try_get(2)?,
            count: row.try_get(3)?,
        })
    };
    rows.iter().map(one).collect()
}

/// Writes down what could not be decided about components, in place of what stood there.
pub async fn undecided(
    connection: &mut Connection,
    components: &[i64],
    found: &[(i64, String, String)],
) -> Result<()> {
    for part in components.chunks(NUMBERS) {
        let text = format!("DELETE FROM undecided WHERE component_id IN ({})", joined(part));
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        query.execute(&mut *connection).await?;
    }
    for part in chunks(found, 3) {
        let text = format!(
            "INSERT INTO undecided (component_id, advisory, why) VALUES {} ON CONFLICT DO NOTHING",
            rows(connection, part.len(), 3)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for (component, advisory, why) in part {
            query = query.bind(*component).bind(advisory).bind(why);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// What could not be decided about these components.
pub async fn undecided_of(
    connection: &mut Connection,
    components: &[i64],
) -> Result<Vec<(i64, String, String)>> {
    let mut found = Vec::new();
    for part in components.chunks(NUMBERS) {
        let text = format!(
            "SELECT component_id, advisory, why FROM undecided WHERE component_id IN ({}) \
             ORDER BY component_id, advisory",
            joined(part)
        );
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        for row in query.fetch_all(&mut *connection).await? {
            found.push((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
        }
    }
    Ok(found)
}
