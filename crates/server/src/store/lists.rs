//! Pages of lists as people look at them: sorted, filtered, by the key of the last entry.

use std::collections::HashMap;
use std::fmt::Write as _;

use roaring::RoaringBitmap;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::findings::{self, Stored};
use super::{Connection, Dialect, NUMBERS, images, joined, measures, names, triage};
use crate::error::Result;
use crate::moment::{Millis, now};
use crate::triage::Sla;

/// An image in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its number.
    pub id: i64,
    /// Digest of its manifest.
    pub digest: String,
    /// How it was asked for.
    pub reference: String,
    /// Its distribution.
    pub distro: String,
    /// Whether something of it could not be read.
    pub partial: bool,
    /// When it was read last.
    pub last_seen: Millis,
    /// From 0 to 100; `None` where it was not worked out yet.
    pub score: Option<i64>,
    /// How much its findings weigh.
    pub risk: i64,
    /// Open findings: critical, high, medium, low, other.
    pub counts: [i64; 5],
    /// Those with a fix.
    pub fixable: i64,
    /// Those that are exploited.
    pub exploited: i64,
}

const COLUMNS: &str = "i.id, i.digest, i.reference, i.distro, i.partial, i.last_seen, s.score, \
     COALESCE(s.risk, 0), COALESCE(s.critical, 0), COALESCE(s.high, 0), COALESCE(s.medium, 0), \
     COALESCE(s.low, 0), COALESCE(s.other, 0), COALESCE(s.fixable, 0), COALESCE(s.exploited, 0)";

fn image(row: &AnyRow) -> Result<Image> {
    Ok(Image {
        id: row.try_get(0)?,
        digest: row.try_get(1)?,
        reference: row.try_get(2)?,
        distro: row.try_get(3)?,
        partial: row.try_get::<i64, _>(4)? != 0,
        last_seen: row.try_get(5)?,
        score: row.try_get(6)?,
        risk: row.try_get(7)?,
        counts: [
            row.try_get(8)?,
            row.try_get(9)?,
            row.try_get(10)?,
            row.try_get(11)?,
            row.try_get(12)?,
        ],
        fixable: row.try_get(13)?,
        exploited: row.try_get(14)?,
    })
}

/// The order of images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// By what their findings weigh, heaviest first.
    #[default]
    Worst,
    /// Lowest score first.
    Score,
    /// Highest score first.
    Best,
    /// Read last comes first.
    Newest,
    /// By name.
    Name,
}

impl Order {
    /// All of them, by the word in an address.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("worst", Self::Worst),
        ("score", Self::Score),
        ("best", Self::Best),
        ("newest", Self::Newest),
        ("name", Self::Name),
    ];

    /// The key, whether it falls, and whether rows without a summary are left out.
    fn key(self) -> (&'static str, bool, bool) {
        match self {
            Self::Worst => ("s.risk", true, true),
            Self::Score => ("s.score", false, true),
            Self::Best => ("s.score", true, true),
            Self::Newest => ("i.last_seen", true, false),
            Self::Name => ("i.reference", false, false),
        }
    }
}

/// Which images.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Images {
    /// Their order.
    pub order: Order,
    /// Whose reference contains this, or whose digest begins with it.
    pub text: String,
    /// With such a property: a word of [`FLAGS`].
    pub flag: String,
    /// Those that failed it at the last look: a bit of [`crate::compliance::bit`].
    pub policy: Option<i64>,
    /// Of these numbers; of all where it is `None`.
    pub only: Option<RoaringBitmap>,
    /// Of this distribution.
    pub distro: String,
    /// On this base.
    pub base: String,
    /// Key and number of the last one of the page before.
    pub after: Option<(Key, i64)>,
}

/// The key of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// By number.
    Number(i64),
    /// By name.
    Text(String),
}

/// Properties that images are filtered by: the word in an address, what it says, the condition, in
/// which `{now}` is the time and `{tagged}` is [`TAGGED`].
pub const FLAGS: &[(&str, &str, &str)] = &[
    ("exploited", "exploited", "s.exploited > 0"),
    ("critical", "critical", "s.critical > 0"),
    ("fixable", "fixable", "s.fixable > 0"),
    ("clean", "without findings", "s.critical + s.high + s.medium + s.low + s.other = 0"),
    ("end-of-life", "out of support", "s.end_of_life = 1"),
    ("root", "runs as root", "s.is_root = 1"),
    ("partial", "partly read", "i.partial = 1"),
    ("stale", "not read for a week", "i.last_seen < {now} - 604800000"),
    ("old", "older than a year", "i.created > 86400000 AND i.created < {now} - 31536000000"),
    ("unsigned", "not signed", "{tagged}) AND NOT {tagged} AND t.evidence & 1 = 1)"),
];

/// That a tag `t` of a registry under watch leads to an image; the bracket is left open.
const TAGGED: &str = "EXISTS (SELECT 1 FROM registry_tags t WHERE (t.digest = i.digest \
     OR t.digest IN (SELECT a.asked FROM image_aliases a WHERE a.digest = i.digest))";

/// The condition of a word of [`FLAGS`].
fn condition(flag: &str) -> Option<String> {
    let found = FLAGS.iter().find(|it| it.0 == flag)?;
    Some(found.2.replace("{now}", &now().to_string()).replace("{tagged}", TAGGED))
}

/// A page of images.
pub async fn images(
    connection: &mut Connection,
    dialect: Dialect,
    wanted: &Images,
    limit: i64,
) -> Result<Vec<Image>> {
    let few = match wanted.text.as_str() {
        "" => None,
        text => names::few(connection, dialect, text).await?,
    };
    let few = match (few, &wanted.only) {
        (few, None) => few,
        (None, Some(only)) => Some(only.iter().map(i64::from).collect()),
        (Some(few), Some(only)) => {
            let is_one = |id: &i64| u32::try_from(*id).is_ok_and(|id| only.contains(id));
            Some(few.into_iter().filter(is_one).collect::<Vec<i64>>())
        }
    };
    if few.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Vec::new());
    }
    // Where few were looked up by their name, it is known already.
    let by_text = !wanted.text.is_empty() && (few.is_none() || wanted.only.is_some());
    let (key, falls, needs_summary) = wanted.order.key();
    let flag = condition(&wanted.flag);
    let needs_summary = needs_summary || flag.is_some() || wanted.policy.is_some();
    let (join, sign, direction) = match (needs_summary, falls) {
        (true, true) => ("JOIN", "<", "DESC"),
        (true, false) => ("JOIN", ">", "ASC"),
        (false, true) => ("LEFT JOIN", "<", "DESC"),
        (false, false) => ("LEFT JOIN", ">", "ASC"),
    };
    let id = if key.starts_with("s.") { "s.image_id" } else { "i.id" };
    let from = if key.starts_with("s.") {
        "image_summaries s JOIN images i ON i.id = s.image_id".to_owned()
    } else {
        format!("images i {join} image_summaries s ON s.image_id = i.id")
    };
    let mut text = format!("SELECT {COLUMNS} FROM {from} WHERE 1 = 1");
    if let Some(few) = &few {
        let _ = write!(text, " AND {id} IN ({})", joined(few));
    }
    if by_text {
        text.push_str(" AND (i.reference LIKE $3 ESCAPE '!' OR i.digest LIKE $4 ESCAPE '!')");
    }
    if !wanted.distro.is_empty() {
        text.push_str(" AND i.distro = $5");
    }
    if !wanted.base.is_empty() {
        text.push_str(" AND s.base = $6");
    }
    if let Some(flag) = flag {
        // Writing to a `String` cannot fail.
        let _ = write!(text, " AND {flag}");
    }
    if let Some(bit) = wanted.policy {
        let _ = write!(text, " AND s.failed & {bit} <> 0");
    }
    if wanted.after.is_some() {
        let _ = write!(text, " AND ({key}, {id}) {sign} ($1, $2)");
    }
    let _ = write!(text, " ORDER BY {key} {direction}, {id} {direction} LIMIT $7");
    let (text, numbers) = numbered(&text);
    let like = images::like(&wanted.text);
    let prefix = begins(&wanted.text);
    let mut query = sqlx::query(AssertSqlSafe(text));
    for number in numbers {
        query = match (number, &wanted.after) {
            (1, Some((Key::Number(key), _))) => query.bind(*key),
            (1, Some((Key::Text(key), _))) => query.bind(key),
            (2, Some((_, id))) => query.bind(*id),
            (3, _) => query.bind(&like),
            (4, _) => query.bind(&prefix),
            (5, _) => query.bind(&wanted.distro),
            (6, _) => query.bind(&wanted.base),
            _ => query.bind(limit),
        };
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(image).collect()
}

/// A pattern for texts that begin with another.
pub(super) fn begins(text: &str) -> String {
    images::like(text).split_off(1)
}

/// A statement whose values are numbered through in the order of their places, and which those were.
fn numbered(text: &str) -> (String, Vec<u32>) {
    let mut out = String::with_capacity(text.len());
    let mut found = Vec::new();
    let mut parts = text.split('$');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.chars().take_while(char::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        found.push(number.parse().unwrap_or(0));
        // Writing to a `String` cannot fail.
        let _ = write!(out, "${}{rest}", found.len());
    }
    (out, found)
}

/// Images of these numbers, in the order given.
pub async fn images_of(connection: &mut Connection, ids: &[i64]) -> Result<Vec<Image>> {
    let mut found = Vec::with_capacity(ids.len());
    for part in ids.chunks(NUMBERS) {
        let text = format!(
            "SELECT {COLUMNS} FROM images i LEFT JOIN image_summaries s ON s.image_id = i.id \
             WHERE i.id IN ({})",
            joined(part)
        );
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        for row in query.fetch_all(&mut *connection).await? {
            found.push(image(&row)?);
        }
    }
    let places: HashMap<i64, usize> = ids.iter().copied().zip(0..).collect();
    found.sort_by_key(|it| places.get(&it.id).copied());
    Ok(found)
}

/// Which findings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// Severity and number of the last one of the page before.
    pub after: Option<(i64, i64)>,
    /// Exactly this severe; all where it is `None`.
    pub severity: Option<i64>,
    /// At least this severe.
    pub least: i64,
    /// In this state of repair.
    pub fix_state: String,
    /// About exactly this weakness; about any where it is empty.
    pub weakness: String,
    /// Of components of this name; of any where it is empty.
    pub component: String,
    /// Of whose decision this is the owner; any where it is empty.
    pub owner: String,
    /// Whose decision has this label; any where it is empty.
    pub label: String,
    /// Exploited ones alone.
    pub exploited: bool,
    /// Whose weakness begins with this, or whose component is called this.
    pub text: String,
    /// Resolved ones instead of open ones.
    pub resolved: bool,
    /// Open for longer than was agreed, and not settled by a decision.
    pub overdue: bool,
    /// On these components; on all where it is `None`.
    pub only: Option<RoaringBitmap>,
}

/// A page of findings, worst first: open ones on components that images have, or resolved ones.
pub async fn findings(
    connection: &mut Connection,
    wanted: &Findings,
    limit: i64,
) -> Result<Vec<Stored>> {
    let mut text = format!("is_open = {}", i64::from(!wanted.resolved));
    if let Some(only) = &wanted.only {
        // A list is never empty: no component has that number.
        let ids: Vec<i64> = std::iter::once(-1).chain(only.iter().map(i64::from)).collect();
        let _ = write!(text, " AND component_id IN ({})", joined(&ids));
    }
    if wanted.exploited {
        text.push_str(" AND kev = 1");
    }
    if wanted.severity.is_some() {
        text.push_str(" AND severity = $1");
    }
    if !wanted.fix_state.is_empty() {
        text.push_str(" AND fix_state = $2");
    }
    if wanted.least > 0 {
        // Writing to a `String` cannot fail.
        let _ = write!(text, " AND severity >= {}", wanted.least);
    }
    if !wanted.weakness.is_empty() {
        text.push_str(" AND weakness = $10");
    }
    if !wanted.component.is_empty() {
        text.push_str(" AND component_id IN (SELECT id FROM components WHERE name = $11)");
    }
    let (owner, label) = (!wanted.owner.is_empty(), !wanted.label.is_empty());
    if owner || label {
        text.push_str(" AND ");
        text.push_str(&triage::held_by(owner, label, now()));
    }
    if !wanted.text.is_empty() {
        text.push_str(
            " AND (weakness LIKE $3 ESCAPE '!' OR component_id IN \
             (SELECT id FROM components WHERE name = $4))",
        );
    }
    if wanted.overdue {
        let (sla, now) = (Sla::load(connection).await?, now());
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            " AND opened_at < {} AND NOT EXISTS (SELECT 1 FROM components o \
             WHERE o.id = component_id AND {})",
            sla.limits(now, "severity"),
            measures::settled("findings", "o", now)
        );
    }
    if !wanted.resolved {
        text.push_str(
            " AND EXISTS (SELECT 1 FROM components c WHERE c.id = component_id AND c.images > 0)",
        );
    }
    if wanted.after.is_some() {
        text.push_str(" AND (severity, id) < ($5, $6)");
    }
    let text = format!(
        "SELECT {} FROM findings WHERE {text} ORDER BY severity DESC, id DESC LIMIT $7",
        findings::COLUMNS
    );
    let (text, numbers) = numbered(&text);
    let prefix = begins(&wanted.text.to_uppercase());
    let line = format!("\n{}\n", wanted.label);
    let mut query = sqlx::query(AssertSqlSafe(text));
    for number in numbers {
        query = match (number, wanted.after) {
            (1, _) => query.bind(wanted.severity.unwrap_or(0)),
            (2, _) => query.bind(&wanted.fix_state),
            (3, _) => query.bind(&prefix),
            (4, _) => query.bind(&wanted.text),
            (5, Some((severity, _))) => query.bind(severity),
            (6, Some((_, id))) => query.bind(id),
            (8, _) => query.bind(&wanted.owner),
            (9, _) => query.bind(&line),
            (10, _) => query.bind(&wanted.weakness),
            (11, _) => query.bind(&wanted.component),
            _ => query.bind(limit),
        };
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(findings::stored).collect()
}

/// All findings about a weakness, on components that images have.
pub async fn of_weakness(connection: &mut Connection, weakness: &str) -> Result<Vec<Stored>> {
    let text = format!(
        "SELECT {} FROM findings WHERE weakness = $1 ORDER BY is_open DESC, id LIMIT 500",
        findings::COLUMNS
    );
    let rows = sqlx::query(AssertSqlSafe(text)).bind(weakness).fetch_all(connection).await?;
    rows.iter().map(findings::stored).collect()
}

/// Components whose name begins with a text, by name, after one name and number.
pub async fn components(
    connection: &mut Connection,
    dialect: Dialect,
    (prefix, kind): (&str, &str),
    after: Option<(&str, i64)>,
    limit: i64,
) -> Result<Vec<super::components::Shown>> {
    let mut text = format!("SELECT {} FROM components WHERE images > 0", super::components::SHOWN);
    // A range goes by the index of SQLite, whose LIKE does not.
    match dialect {
        _ if prefix.is_empty() => {}
        Dialect::Sqlite => text.push_str(" AND name >= $1 AND name < $2"),
        Dialect::Postgres => text.push_str(" AND name LIKE $3 ESCAPE '!'"),
    }
    if !kind.is_empty() {
        text.push_str(" AND kind = $4");
    }
    if after.is_some() {
        text.push_str(" AND (name, id) > ($5, $6)");
    }
    text.push_str(" ORDER BY name, id LIMIT $7");
    let (text, numbers) = numbered(&text);
    let end = format!("{prefix}\u{10ffff}");
    let like = begins(prefix);
    let mut query = sqlx::query(AssertSqlSafe(text));
    for number in numbers {
        query = match (number, after) {
            (1, _) => query.bind(prefix),
            (2, _) => query.bind(&end),
            (3, _) => query.bind(&like),
            (4, _) => query.bind(kind),
            (5, Some((name, _))) => query.bind(name),
            (6, Some((_, id))) => query.bind(id),
            _ => query.bind(limit),
        };
    }
    query.fetch_all(connection).await?.iter().map(super::components::Shown::of).collect()
}

/// Weaknesses whose name begins with a text, worst first: name, severity, title.
pub async fn weaknesses(
    connection: &mut Connection,
    prefix: &str,
    limit: i64,
) -> Result<Vec<(String, i64, String)>> {
    let rows = sqlx::query(
        "SELECT weakness, MAX(severity), MAX(title) FROM findings \
         WHERE weakness >= $1 AND weakness < $2 GROUP BY weakness \
         ORDER BY MAX(severity) DESC, weakness LIMIT $3",
    )
    .bind(prefix)
    .bind(format!("{prefix}\u{10ffff}"))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
}

/// Something that befell a finding, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub at: Millis,
    /// `opened`, `changed`, `resolved` or `reopened`.
    pub event: String,
    /// Why.
    pub cause: String,
    /// What exactly.
    pub detail: String,
    /// The weakness.
    pub weakness: String,
    /// How severe it is.
    pub severity: i64,
    /// The component.
    pub component: i64,
}

/// What befell findings on these components, newest first.
pub async fn happened(
    connection: &mut Connection,
    components: &[i64],
    limit: i64,
) -> Result<Vec<Happened>> {
    let mut found: Vec<Happened> = Vec::new();
    for part in components.chunks(NUMBERS) {
        let text = format!(
            "SELECT e.at, e.event, e.cause, e.detail, f.weakness, f.severity, f.component_id \
             FROM findings f JOIN finding_events e ON e.finding_id = f.id \
             WHERE f.component_id IN ({}) ORDER BY e.id DESC LIMIT {limit}",
            joined(part)
        );
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        for row in query.fetch_all(&mut *connection).await? {
            found.push(Happened {
                at: row.try_get(0)?,
                event: row.try_get(1)?,
                cause: row.try_get(2)?,
                detail: row.try_get(3)?,
                weakness: row.try_get(4)?,
                severity: row.try_get(5)?,
                component: row.try_get(6)?,
            });
        }
    }
    found.sort_by(|a, b| (b.at, b.severity, &a.weakness).cmp(&(a.at, a.severity, &b.weakness)));
    found.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(found)
}
