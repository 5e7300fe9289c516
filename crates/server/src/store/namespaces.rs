//! Weaknesses by where packages come from, as older clients ask: by `debian:12`, or the type of a language's
//! packages.

use sqlx::{AssertSqlSafe, Row};

use super::{Connection, images};
use crate::error::Result;

/// A weakness that something of a namespace has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InNamespace {
    /// The CVE, else the advisory's own id.
    pub weakness: String,
    /// One line.
    pub title: String,
    /// See [`super::findings::severity_number`].
    pub severity: i64,
}

/// What package URLs of a namespace are like; nothing where its packages are of no distribution.
fn patterns(namespace: &str) -> Vec<String> {
    let Some((id, version)) = namespace.split_once(':') else { return Vec::new() };
    let ids: &[&str] = match id {
        "centos" => &["rhel", "centos"],
        "oracle" => &["ol"],
        _ => &[id],
    };
    let version = if id == "alpine" { version.trim_start_matches('v') } else { version };
    let like = |id: &&str| {
        let mut exact = images::like(&format!("distro={id}-{version}"));
        exact.pop();
        [format!("{exact}&%"), format!("{exact}.%"), exact]
    };
    ids.iter().flat_map(like).collect()
}

/// A condition on components `c`, whose values begin at `from`.
fn condition(patterns: &[String], from: usize) -> String {
    if patterns.is_empty() {
        return format!("c.kind = ${from}");
    }
    let each = |at: usize| format!("c.purl LIKE ${} ESCAPE '!'", from + at);
    let all: Vec<String> = (0..patterns.len()).map(each).collect();
    format!("({})", all.join(" OR "))
}

/// Open findings of the estate in a namespace by weakness, behind `after`; of one alone where `only` is
/// not empty.
pub async fn weaknesses(
    connection: &mut Connection,
    namespace: &str,
    after: &str,
    only: &str,
    limit: i64,
) -> Result<Vec<InNamespace>> {
    let patterns = patterns(namespace);
    let text = format!(
        "SELECT f.weakness, MAX(f.severity), MAX(f.title) FROM findings f \
         JOIN components c ON c.id = f.component_id WHERE f.is_open = 1 AND c.images > 0 \
         AND f.weakness > $1 AND ($2 = '' OR f.weakness = $2) AND {} \
         GROUP BY f.weakness ORDER BY f.weakness LIMIT $3",
        condition(&patterns, 4)
    );
    let mut query = sqlx::query(AssertSqlSafe(text)).bind(after).bind(only).bind(limit);
    for value in if patterns.is_empty() { vec![namespace.to_owned()] } else { patterns } {
        query = query.bind(value);
    }
    let rows = query.fetch_all(connection).await?;
    let one = |row: &sqlx::any::AnyRow| {
        Ok(InNamespace {
            weakness: row.try_get(0)?,
            severity: row.try_get(1)?,
            title: row.try_get(2)?,
        })
    };
    rows.iter().map(one).collect()
}

/// Packages of a namespace that a weakness is in, and the version of each that mends it.
pub async fn fixes(
    connection: &mut Connection,
    namespace: &str,
    weakness: &str,
) -> Result<Vec<(String, String)>> {
    let patterns = patterns(namespace);
    let text = format!(
        "SELECT DISTINCT c.name, f.fixed_in FROM findings f \
         JOIN components c ON c.id = f.component_id WHERE f.is_open = 1 AND f.weakness = $1 \
         AND f.fixed_in <> '' AND {} ORDER BY c.name, f.fixed_in LIMIT 1000",
        condition(&patterns, 2)
    );
    let mut query = sqlx::query(AssertSqlSafe(text)).bind(weakness);
    for value in if patterns.is_empty() { vec![namespace.to_owned()] } else { patterns } {
        query = query.bind(value);
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_told_from_one_whose_name_begins_alike() {
        assert_eq!(patterns("debian:1")[0], "%distro=debian-1&%");
        assert_eq!(patterns("alpine:v3.20")[1], "%distro=alpine-3.20.%");
        assert_eq!(patterns("centos:9").len(), 6);
        assert!(patterns("npm").is_empty());
        assert!(patterns("a%_!:1")[0].contains("!%"));
    }
}
