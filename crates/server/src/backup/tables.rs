//! Tables as lines of JSON, whatever database they are in: numbers, texts and bytes are all there is.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Row, ValueRef};

use super::Tables;
use super::archive::Draft;
use crate::error::{Error, Result};
use crate::store::{Connection, Dialect};

/// A part of a table has about so many bytes.
const PART: usize = 8 << 20;

/// A row has at most so many.
const ROW: u64 = 256 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Bytes,
}

impl Kind {
    /// By what the database calls it.
    fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "text" => Some(Self::Text),
            "blob" | "bytea" => Some(Self::Bytes),
            _ if name.contains("int") => Some(Self::Number),
            _ => None,
        }
    }
}

/// A table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    columns: Vec<(String, Kind)>,
}

/// The tables of a store but that of its layout; those that others refer to first.
pub(super) async fn all(connection: &mut Connection, dialect: Dialect) -> Result<Tables> {
    let (tables, columns) = match dialect {
        Dialect::Sqlite => (
            // Indexes of words are tables as well, which follow others by themselves.
            "SELECT m.name FROM sqlite_master m JOIN pragma_table_list l ON l.name = m.name \
             WHERE l.schema = 'main' AND l.type = 'table' AND m.type = 'table' \
             AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' AND m.name <> 'schema_changes' \
             ORDER BY m.rowid",
            "SELECT name, type FROM pragma_table_info($1) ORDER BY cid",
        ),
        Dialect::Postgres => (
            "SELECT c.relname::text FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' \
             AND n.nspname = current_schema() AND c.relname <> 'schema_changes' ORDER BY c.oid",
            "SELECT column_name::text, data_type::text FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position",
        ),
    };
    let mut found = Vec::new();
    for row in sqlx::query(tables).fetch_all(&mut *connection).await? {
        let name: String = row.try_get(0)?;
        let mut table = Table { name, columns: Vec::new() };
        let rows = sqlx::query(columns).bind(&table.name).fetch_all(&mut *connection).await?;
        for row in rows {
            let kind = Kind::of(row.try_get(1)?).ok_or(Error::Damaged("a table"))?;
            table.columns.push((row.try_get(0)?, kind));
        }
        found.push(table);
    }
    Ok(found)
}

impl Table {
    fn columns(&self) -> String {
        let quoted: Vec<String> =
            self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        quoted.join(", ")
    }

    /// How many rows it has.
    pub(super) async fn rows(&self, connection: &mut Connection) -> Result<i64> {
        let text = format!("SELECT COUNT(*) FROM \"{}\"", self.name);
        let row = sqlx::query(AssertSqlSafe(text)).fetch_one(connection).await?;
        Ok(row.try_get(0)?)
    }

    /// Writes all rows.
    pub(super) async fn dump(&self, connection: &mut Connection, draft: &mut Draft) -> Result<u64> {
        let text = format!("SELECT {} FROM \"{}\"", self.columns(), self.name);
        let mut rows = sqlx::query(AssertSqlSafe(text)).fetch(connection);
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        let head = format!("{}\n", json!(names));
        let (mut part, mut parts, mut count) = (head.clone(), 0, 0);
        while let Some(row) = rows.try_next().await? {
            writeln!(part, "{}", self.line(&row)?).map_err(|_| Error::Damaged("a row"))?;
            count += 1;
            if part.len() > PART {
                draft.add(&format!("tables/{}/{parts:06}.jsonl", self.name), part.as_bytes())?;
                parts += 1;
                part.clone_from(&head);
            }
        }
        if part.len() > head.len() {
            draft.add(&format!("tables/{}/{parts:06}.jsonl", self.name), part.as_bytes())?;
        }
        Ok(count)
    }

    fn line(&self, row: &AnyRow) -> Result<Value> {
        let one = |(at, (_, kind)): (usize, &(String, Kind))| {
            if row.try_get_raw(at)?.is_null() {
                return Ok(Value::Null);
            }
            Ok(match kind {
                Kind::Number => json!(row.try_get::<i64, _>(at)?),
                Kind::Text => json!(row.try_get::<String, _>(at)?),
                Kind::Bytes => json!(STANDARD.encode(row.try_get::<Vec<u8>, _>(at)?)),
            })
        };
        self.columns.iter().enumerate().map(one).collect::<Result<Vec<_>>>().map(Value::Array)
    }

    /// Adds the rows of a part.
    pub(super) async fn load(
        &self,
        connection: &mut Connection,
        part: &mut impl Read,
    ) -> Result<u64> {
        let damaged = || Error::Damaged("a row");
        let rows = Rows::new(part).ok_or_else(damaged)?;
        if !rows.names.iter().eq(self.columns.iter().map(|(name, _)| name)) {
            return Err(damaged());
        }
        let places: Vec<String> = (1..=rows.names.len()).map(|at| format!("${at}")).collect();
        let text = format!(
            "INSERT INTO \"{}\" ({}) VALUES ({})",
            self.name,
            self.columns(),
            places.join(", ")
        );
        let mut count = 0;
        for row in rows {
            let row = row.ok_or_else(damaged)?;
            let mut query = sqlx::query(AssertSqlSafe(text.clone()));
            for ((_, kind), value) in self.columns.iter().zip(row) {
                query = bind(query, *kind, value).ok_or_else(damaged)?;
            }
            query.execute(&mut *connection).await?;
            count += 1;
        }
        Ok(count)
    }

    /// Has numbers go on after those that are there; SQLite sees to it by itself.
    pub(super) async fn count_on(
        &self,
        connection: &mut Connection,
        dialect: Dialect,
    ) -> Result<()> {
        let has_number = self.columns.iter().any(|it| *it == ("id".to_owned(), Kind::Number));
        if dialect == Dialect::Sqlite || !has_number {
            return Ok(());
        }
        let name = &self.name;
        let text = format!(
            "SELECT setval(pg_get_serial_sequence('{name}', 'id'), \
             (SELECT COALESCE(MAX(id), 1) FROM \"{name}\"), \
             (SELECT COUNT(*) > 0 FROM \"{name}\"))"
        );
        sqlx::query(AssertSqlSafe(text)).fetch_optional(connection).await?;
        Ok(())
    }
}

/// The rows of a part: lists of values, each as long as the list of names on the first line.
pub(super) struct Rows<R> {
    reader: BufReader<R>,
    /// Names of the columns.
    pub(super) names: Vec<String>,
    line: String,
}

impl<R: Read> Rows<R> {
    /// Reads the names.
    pub(super) fn new(part: R) -> Option<Self> {
        let mut rows =
            Self { reader: BufReader::new(part), names: Vec::new(), line: String::new() };
        rows.line()?;
        rows.names = serde_json::from_str(&rows.line).ok()?;
        Some(rows)
    }

    /// The next line, and how long it is.
    fn line(&mut self) -> Option<usize> {
        self.line.clear();
        self.reader.by_ref().take(ROW).read_line(&mut self.line).ok()
    }
}

impl<R: Read> Iterator for Rows<R> {
    /// `None` is what is no row.
    type Item = Option<Vec<Value>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.line() {
            Some(0) => None,
            None => Some(None),
            Some(_) => {
                let row = serde_json::from_str::<Vec<Value>>(&self.line).ok();
                Some(row.filter(|row| row.len() == self.names.len()))
            }
        }
    }
}

type Insert<'q> = Query<'q, Any, AnyArguments>;

fn bind(query: Insert<'_>, kind: Kind, value: Value) -> Option<Insert<'_>> {
    Some(match (kind, value) {
        (Kind::Number, Value::Null) => query.bind(None::<i64>),
        (Kind::Text, Value::Null) => query.bind(None::<String>),
        (Kind::Bytes, Value::Null) => query.bind(None::<Vec<u8>>),
        (Kind::Number, value) => query.bind(value.as_i64()?),
        (Kind::Text, Value::String(text)) => query.bind(text),
        (Kind::Bytes, Value::String(text)) => query.bind(STANDARD.decode(text).ok()?),
        _ => return None,
    })
}
