//! `plimsoll db`: the advisories on this machine.

mod progress;
mod status;

use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_advisory::database::{self, DatabaseError, Update, Updated};
use plimsoll_advisory::feeds::{Mirror, Patience};

use crate::clock::now;
use crate::exit::{Outcome, tell};
use crate::paths;
use progress::Progress;

/// Fetch, show, move advisories
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll db update
  plimsoll db update --mirror https://mirror.example/feeds --mirror /srv/feeds
  plimsoll db status -o json
  plimsoll db export advisories.db    # and on a machine without a network:
  plimsoll db import advisories.db

Exit codes: 0 done, 2 wrong usage, 3 failed, or a feed could not be read.")]
pub(crate) struct Db {
    #[command(subcommand)]
    action: Action,

    /// Folder of the database [default: `db` in the cache folder]
    #[arg(long = "db", value_name = "DIR", env = "PLIMSOLL_DB_DIR", global = true)]
    folder: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Fetch the feeds and compile them into a database in place of the present one
    Update(UpdateArguments),
    /// Show each feed's records, newest date, age and source
    Status {
        /// table or json
        #[arg(short, long, default_value = "table")]
        output: String,
    },
    /// Copy the database into a file, for a machine without a network
    Export {
        /// Replaced if it exists
        file: PathBuf,
    },
    /// Check a database that was exported elsewhere, and take it in place of the present one
    Import {
        /// Written by `db export`
        file: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct UpdateArguments {
    /// Folder or address laid out as a mirror of the feeds; of several, the first that has a feed
    /// is used [default: each feed's publisher]
    #[arg(long, value_name = "DIR|URL", env = "PLIMSOLL_MIRROR", value_delimiter = ',')]
    mirror: Vec<String>,

    /// Replace the database even if a feed has lost more than half of its records
    #[arg(long)]
    accept_jump: bool,

    /// Do not fill in built-in facts where no feed speaks of a famous weakness
    #[arg(long)]
    no_starter: bool,

    /// Seconds to wait for another update to end
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
}

impl Db {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let file = paths::db_file(self.folder);
        match self.action {
            Action::Update(arguments) => update(file, &arguments),
            Action::Status { output } => status::show(&file, &output),
            Action::Export { file: to } => {
                database::export(&file, &to)?;
                Ok(copied(&to))
            }
            Action::Import { file: from } => {
                database::import(&from, &file, now())?;
                Ok(copied(&file))
            }
        }
    }
}

fn copied(to: &Path) -> Outcome {
    tell(&format!("checked and written: {}", to.display()));
    Outcome::Clean
}

/// Brings a database up to date as `db update` does without arguments.
pub(crate) fn renew(folder: Option<PathBuf>, mirror: Vec<String>) -> anyhow::Result<Outcome> {
    let arguments = UpdateArguments { mirror, accept_jump: false, no_starter: false, wait: 0 };
    update(paths::db_file(folder), &arguments)
}

fn update(file: PathBuf, arguments: &UpdateArguments) -> anyhow::Result<Outcome> {
    let given = arguments.mirror.iter().filter(|mirror| !mirror.is_empty());
    let mut mirrors: Vec<Mirror> = given.map(|mirror| Mirror::named(mirror)).collect();
    if mirrors.is_empty() {
        mirrors.push(Mirror::Publishers);
    }
    let update = Update {
        file,
        mirrors,
        accept_jump: arguments.accept_jump,
        starter_fills_in: !arguments.no_starter,
        wait: Duration::from_secs(arguments.wait),
        patience: Patience::default(),
        now: now(),
    };
    let progress = Progress::new();
    let updated = update.run(&|step| progress.show(&step));
    progress.end();
    let updated = updated.map_err(|error| match error {
        DatabaseError::Jump { .. } => {
            let hint = "hint: look at the feed; `--accept-jump` takes it as it is";
            anyhow::anyhow!("{error}\n{hint}")
        }
        other => other.into(),
    })?;
    report(&updated);
    tell(&format!("{}: {}", update.file.display(), summary(&updated)));
    let partial = updated.problems.iter().any(|problem| !problem.recovered);
    Ok(if partial { Outcome::Partial } else { Outcome::Clean })
}

/// Says what was left out, and what went wrong.
fn report(updated: &Updated) {
    for report in &updated.reports {
        for rejected in &report.named {
            let (id, why) = (rejected.id.escape_debug(), rejected.why.escape_debug());
            tell(&format!("left out: {}: `{id}`: {why}", report.name));
        }
        let unnamed = report.rejected.saturating_sub(report.named.len() as u64);
        if unnamed > 0 {
            tell(&format!("left out: {}: {unnamed} more", report.name));
        }
        for (name, count) in &report.unknown_ecosystems {
            let name = name.escape_debug();
            tell(&format!(
                "note: {}: nothing is known of ecosystem `{name}`: passed over {count} times",
                report.name
            ));
        }
    }
    for problem in &updated.problems {
        let word = if problem.recovered { "note" } else { "partial" };
        tell(&format!("{word}: {}: {}", problem.feed, problem.why));
    }
}

fn summary(updated: &Updated) -> String {
    let compiled = &updated.compiled;
    let rejected: u64 = updated.reports.iter().map(|report| report.rejected).sum();
    let tenths = compiled.bytes / 100_000;
    format!(
        "{} advisories from {} feeds, {rejected} left out, {}.{} MB",
        compiled.advisories,
        compiled.feeds.len(),
        tenths / 10,
        tenths % 10
    )
}
