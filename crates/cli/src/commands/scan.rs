//! `plimsoll scan`: what is vulnerable in an image.

use std::path::PathBuf;

use anyhow::Context;
use plimsoll_advisory::database::Database;
use plimsoll_advisory::matching::Declared;
use plimsoll_model::{Inventory, Scan, Severity, Timestamp};
use plimsoll_policy::{Filter, Gates};
use plimsoll_report::{Format, Style};
use plimsoll_runtime::loaded::Record;

use crate::exit::{Outcome, Usage, chain, tell};
use crate::monitor::Monitored;
use crate::style::stdout_style;
use crate::target::{Reading, tell_problems};
use crate::{clock, loaded, output, paths, snyk_policy};

/// Find known vulnerabilities in an image, an archive or a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll scan nginx:latest
  plimsoll scan --fail-on high --only-fixed registry:registry.example/app:1.2
  plimsoll scan docker-archive:app.tar -o table -o sarif=app.sarif -o json=app.json
  plimsoll scan rootfs:/
  plimsoll scan --policy .snyk --monitor https://plimsoll.example registry.example/app:1.2
  plimsoll scan --loaded used.json --only-loaded --fail-on high registry.example/app:1.2

Exit codes: 0 clean or below the gate, 1 findings over --fail-on, 2 wrong usage,
3 failed or only partly read, 4 advisory data older than --max-data-age.")]
pub(crate) struct ScanCommand {
    /// `nginx:latest` (docker, then the registry), `docker:`, `podman:`, `registry:`,
    /// `docker-archive:`, `oci-archive:`, `oci-dir:`, `dir:` or `rootfs:`
    #[arg(value_name = "REF", required = true)]
    references: Vec<String>,

    /// FORMAT or FORMAT=FILE, several times if wanted: table, json, sarif, gitlab, trivy-json,
    /// grype-json; openvex with --loaded
    #[arg(short, long, value_name = "FORMAT[=FILE]", default_value = "table")]
    output: Vec<String>,

    /// Show only these severities: critical,high,medium,low,negligible,unknown
    #[arg(short, long, value_name = "LIST", value_delimiter = ',')]
    severity: Vec<Severity>,

    /// Show only what an update repairs
    #[arg(long)]
    only_fixed: bool,

    /// Exit 1 where a finding is at least this severe
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<Severity>,

    /// Exit 4 where the newest advisory is older than this many days
    #[arg(long, value_name = "DAYS")]
    max_data_age: Option<u64>,

    /// Folder of the advisory database
    #[arg(long, value_name = "DIR")]
    db: Option<PathBuf>,

    /// Judge what lock files in an image ask for as well, installed or not
    #[arg(long)]
    declared: bool,

    /// Say of each finding whether its package was loaded, by records of `plimsoll watch --loaded`
    #[arg(long, value_name = "FILE")]
    loaded: Vec<PathBuf>,

    /// Leave out what was never loaded while it was watched; what was not observed stays
    #[arg(long, requires = "loaded")]
    only_loaded: bool,

    /// Pass over what a `.snyk` names, where and until when it says; the report tells the reason
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Hand what was found to be there to a `plimsoll serve`, which goes on matching it
    #[arg(long, value_name = "URL")]
    monitor: Option<String>,

    #[command(flatten)]
    reading: Reading,
}

impl ScanCommand {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let known: Vec<&str> = Format::ALL.iter().map(|format| format.name).collect();
        let outputs = output::parse(&self.output, Format::named, &known)?;
        if self.references.len() > 1 && outputs.iter().any(|(_, file)| file.is_some()) {
            let why = "a file holds one report: name one REF, or leave `=FILE` out";
            return Err(Usage(why.into()).into());
        }
        let record = loaded::read(&self.loaded)?;
        if record.is_none() && outputs.iter().any(|(format, _)| format.needs_loaded) {
            let why = "openvex says what was never loaded: name a record with --loaded";
            return Err(Usage(why.into()).into());
        }
        let database = open_database(self.db.clone())?;
        let mut worst = Outcome::Clean;
        for reference in &self.references {
            let scan = match self.scan(reference, &database, record.as_ref()) {
                Ok(scan) => scan,
                // The others may still be read.
                Err(error) if self.references.len() > 1 && !error.is::<Usage>() => {
                    tell(&format!("error: {}", chain(&error)));
                    worst = worst.or(Outcome::Partial);
                    continue;
                }
                Err(error) => return Err(error),
            };
            tell_problems(&scan.inventory);
            for (format, file) in &outputs {
                let style = if file.is_some() { Style::default() } else { stdout_style() };
                output::write(*file, |out| (format.write)(&scan, &style, out))?;
            }
            for reason in &scan.verdict.failed {
                tell(&format!("{}: {}", reason.gate, reason.reason));
            }
            if let Some(server) = &self.monitor {
                let monitored = Monitored::hand_over(&scan.inventory, reference, "", Some(server))?;
                tell(&format!("monitored: {}", monitored.page()));
            }
            worst = worst.or(Outcome::of_code(scan.verdict.exit_code()));
            super::explain::remember(scan);
        }
        Ok(worst)
    }

    fn scan(
        &self,
        reference: &str,
        database: &Database,
        record: Option<&Record>,
    ) -> anyhow::Result<Scan> {
        // A program that never ran is known to be one by its mode, which no package's list has.
        let inventory = if record.is_some() {
            self.reading.survey(reference)?
        } else {
            self.reading.read(reference)?
        };
        // A folder is a project, whose lock files say what will be installed.
        let declared = self.declared || inventory.artifact.source == "dir";
        let now = clock::now();
        let mut scan = matched(inventory, database, declared, now)?;
        let severities = (!self.severity.is_empty()).then(|| self.severity.clone());
        if let Some(record) = record {
            loaded::apply(record, &mut scan);
        }
        if let Some(file) = &self.policy {
            snyk_policy::read(Some(file), now)?.apply(&mut scan);
        }
        let (only_fixed, only_loaded) = (self.only_fixed, self.only_loaded);
        Filter { severities, only_fixed, only_loaded }.apply(&mut scan);
        let gates =
            Gates { fail_on: self.fail_on, max_data_age: self.max_data_age, ..Gates::default() };
        scan.verdict = gates.verdict(&scan, now);
        Ok(scan)
    }
}

/// All that the database knows of an inventory's packages, before any filter or gate.
pub(crate) fn matched(
    inventory: Inventory,
    database: &Database,
    declared: bool,
    now: Timestamp,
) -> anyhow::Result<Scan> {
    let (scan, passed) = judged(inventory, database, declared, now)?;
    if passed > 0 {
        tell(&format!(
            "note: {passed} packages are asked for by lock files and not installed; \
             `--declared` judges them too"
        ));
    }
    Ok(scan)
}

/// The same without a word to the person, and how many packages were passed over because lock files
/// alone ask for them.
pub(crate) fn judged(
    inventory: Inventory,
    database: &Database,
    declared: bool,
    now: Timestamp,
) -> anyhow::Result<(Scan, usize)> {
    let counts = if declared { Declared::Counts } else { Declared::Passed };
    plimsoll_advisory::matching::scan(inventory, database, counts, now)
        .context("the advisory database is damaged; `plimsoll db update` writes it anew")
}

/// The compiled database, or the starter set with one line that says so.
pub(crate) fn open_database(folder: Option<PathBuf>) -> anyhow::Result<Database> {
    let database = Database::open_or_starter(&paths::db_file(folder))?;
    if !database.data().starter {
        return Ok(database);
    }
    let records: u64 = database.data().feeds.iter().map(|feed| feed.records).sum();
    tell(&format!(
        "note: only the starter set of {records} famous advisories is here; \
         `plimsoll db update` brings all"
    ));
    Ok(database)
}
