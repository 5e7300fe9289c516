//! `plimsoll db status`: what is there, and how old it is.

use std::io::{self, Write};
use std::path::Path;

use plimsoll_advisory::database::{Database, DatabaseError};
use plimsoll_model::{AdvisoryData, FeedStatus, Timestamp};
use serde_json::json;

use crate::clock::now;
use crate::exit::{Outcome, Usage, tell};
use crate::output;

const HEAD: [&str; 6] = ["FEED", "RECORDS", "LEFT OUT", "NEWEST", "AGE", "SOURCE"];

/// Shows the database, or the starter set where there is none.
pub(super) fn show(file: &Path, output: &str) -> anyhow::Result<Outcome> {
    let database = match Database::open(file) {
        Err(DatabaseError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            tell("note: no database yet, only the starter set; `plimsoll db update` fetches one");
            Database::starter()?
        }
        database => database?,
    };
    let data = database.data();
    let mut out = output::stdout();
    match output {
        "table" => out.write_all(table(&data, database.advisories(), now()).as_bytes())?,
        "json" => {
            let document = json!({
                "schema": "plimsoll.db-status/v1",
                "advisories": database.advisories(),
                "newest": data.newest(),
                "ecosystems": database.ecosystems().collect::<Vec<_>>(),
                "starter": data.starter,
                "path": data.path,
                "compiled": data.compiled,
                "feeds": data.feeds,
            });
            serde_json::to_writer_pretty(&mut out, &document)?;
            writeln!(out)?;
        }
        other => {
            return Err(Usage(format!("unknown format `{other}`: expected table or json")).into());
        }
    }
    Ok(Outcome::Clean)
}

fn table(data: &AdvisoryData, advisories: u64, now: Timestamp) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(data.feeds.iter().map(|feed| row(feed, now)));
    let width =
        |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|c| c.chars().count()).max();
    let widths: Vec<usize> = (0..HEAD.len()).filter_map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(at, (cell, &width))| match at {
            // Numbers stand at the right.
            1 | 2 | 4 => format!("{cell:>width$}"),
            _ => format!("{cell:width$}"),
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    let compiled = data.compiled.map(|at| format!(" · compiled {at}")).unwrap_or_default();
    let path = if data.starter { "starter set" } else { &data.path };
    text + &format!("\n{advisories} advisories{compiled} · {path}\n")
}

fn row(feed: &FeedStatus, now: Timestamp) -> [String; 6] {
    let unknown = || "-".to_owned();
    let age = |newest: Timestamp| match newest.days_until(now) {
        1 => "1 day".to_owned(),
        days => format!("{} days", days.max(0)),
    };
    [
        feed.name.clone(),
        feed.records.to_string(),
        feed.rejected.to_string(),
        feed.newest.map_or_else(unknown, Timestamp::date),
        feed.newest.map_or_else(unknown, age),
        if feed.source.is_empty() { "built in".into() } else { feed.source.clone() },
    ]
}
