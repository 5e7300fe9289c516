//! `plimsoll base`: what to build upon.

use std::cell::OnceCell;
use std::path::PathBuf;

use anyhow::Context;
use plimsoll_advisory::database::Database;
use plimsoll_advisory::matching::{Declared, match_inventory};
use plimsoll_build::advice::{Candidate, FindingCounts, Scope, advise, offers};
use plimsoll_build::bases::{Base, known};
use plimsoll_build::syntax::{Dockerfile, Expander};
use plimsoll_build::{Scopes, Source, stages};
use plimsoll_model::{Inventory, Timestamp};
use plimsoll_report::Style;
use plimsoll_report::base::{BaseFormat, Comparison};

use crate::base_image::{Measured, image_name};
use crate::exit::{Outcome, Usage, chain, tell};
use crate::style::stdout_style;
use crate::target::Reading;
use crate::{base_image, clock, output};

/// Compare base images, and name the move that pays
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll base node:20                        what could stand in its place
  plimsoll base --measure node:20              the same, each candidate read
  plimsoll base debian:12-slim alpine:3.24     these two side by side
  plimsoll base --facts -f json python:3.12    read nothing, ask nobody
  plimsoll base --dockerfile Dockerfile

An image that cannot be read is judged by the facts that are shipped, with their date.

Exit codes: 0 compared, 2 wrong usage, 3 nothing is known of an image, or it was only partly
read.")]
pub(crate) struct BaseCommand {
    /// An image that is built upon; with several, the first one is compared with the others
    #[arg(value_name = "REF", required_unless_present = "dockerfile")]
    references: Vec<String>,

    /// Judge what each FROM of this Dockerfile is built upon
    #[arg(long, value_name = "FILE", conflicts_with = "references")]
    dockerfile: Option<PathBuf>,

    /// FORMAT or FORMAT=FILE, several times if wanted: table, json
    #[arg(
        short = 'f',
        long = "format",
        visible_short_alias = 'o',
        value_name = "FORMAT[=FILE]",
        default_value = "table"
    )]
    formats: Vec<String>,

    /// Read the candidates as well, wherever they can be had
    #[arg(long)]
    measure: bool,

    /// Read nothing: the shipped facts alone
    #[arg(long, conflicts_with = "measure")]
    facts: bool,

    /// Folder of the advisory database
    #[arg(long, value_name = "DIR")]
    db: Option<PathBuf>,

    #[command(flatten)]
    reading: Reading,
}

/// What is looked at, and what was opened for it.
struct Looking<'a> {
    command: &'a BaseCommand,
    database: OnceCell<Database>,
    outcome: Outcome,
}

impl BaseCommand {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let known: Vec<&str> = BaseFormat::ALL.iter().map(|format| format.name).collect();
        let outputs = output::parse(&self.formats, BaseFormat::named, &known)?;
        let mut looking =
            Looking { command: &self, database: OnceCell::new(), outcome: Outcome::Clean };
        let today = clock::now();
        let comparisons = match (&self.dockerfile, self.references.as_slice()) {
            (Some(path), _) => looking.dockerfile(path, today)?,
            (None, [one]) => vec![looking.with_offers(one, today)?],
            (None, [first, others @ ..]) => vec![looking.compare(first, others, today)?],
            (None, []) => return Err(Usage("name an image".into()).into()),
        };
        for (format, file) in &outputs {
            let style = if file.is_some() { Style::default() } else { stdout_style() };
            output::write(*file, |out| (format.write)(&comparisons, &style, out))?;
        }
        Ok(looking.outcome)
    }
}

impl Looking<'_> {
    /// The images of a Dockerfile, each with its candidates; one that is not known is told.
    fn dockerfile(
        &mut self,
        path: &std::path::Path,
        today: Timestamp,
    ) -> anyhow::Result<Vec<Comparison>> {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let names = images(&Dockerfile::parse(Source::from_bytes(bytes)));
        if names.is_empty() {
            let why = format!("`{}` is built on no image", path.display());
            return Err(Usage(why).into());
        }
        let mut comparisons = Vec::new();
        let mut failed = None;
        for name in names {
            match self.with_offers(&name, today) {
                Ok(comparison) => comparisons.push(comparison),
                Err(error) => {
                    tell(&format!("error: {}", chain(&error)));
                    self.outcome = self.outcome.or(Outcome::Partial);
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) if comparisons.is_empty() => Err(error),
            _ => Ok(comparisons),
        }
    }

    /// One image and what could stand in its place.
    fn with_offers(&mut self, reference: &str, today: Timestamp) -> anyhow::Result<Comparison> {
        let current = self.look(reference, !self.command.facts)?;
        let mut candidates = Vec::new();
        for offer in offers(&image_name(reference), today) {
            // One of which nothing is known cannot be compared.
            if let Ok(candidate) = self.look(&offer.reference, self.command.measure) {
                candidates.push(Candidate { scope: offer.scope, ..candidate });
            }
        }
        Ok(compared(current, candidates, today))
    }

    /// The first image and the others that were named.
    fn compare(
        &mut self,
        first: &str,
        others: &[String],
        today: Timestamp,
    ) -> anyhow::Result<Comparison> {
        let reads = !self.command.facts;
        let current = self.look(first, reads)?;
        let candidates = others
            .iter()
            .map(|reference| Ok(Candidate { scope: Scope::Any, ..self.look(reference, reads)? }))
            .collect::<anyhow::Result<Vec<_>>>()?;
        Ok(compared(current, candidates, today))
    }

    /// What is known of an image: measured where it can be read, else by facts.
    fn look(&mut self, reference: &str, reads: bool) -> anyhow::Result<Candidate> {
        let facts = known(&image_name(reference))
            .map(|facts| Candidate::new(Base { name: reference.to_owned(), ..facts }));
        let shown = reference.escape_debug();
        if !reads || reference == "scratch" {
            return facts.with_context(|| format!("nothing is known of `{shown}` by facts alone"));
        }
        match (base_image::measure(&self.command.reading, reference), facts) {
            (Ok(Measured { base, inventory }), _) => {
                if inventory.is_partial() {
                    crate::target::tell_problems(&inventory);
                    self.outcome = self.outcome.or(Outcome::Partial);
                }
                let created = inventory.artifact.created;
                let findings = self.findings(&inventory)?;
                Ok(Candidate { findings, created, ..Candidate::new(base) })
            }
            (Err(error), _) if error.is::<Usage>() => Err(error),
            (Err(error), Some(facts)) => {
                // Of all places that were asked the first line says enough.
                let why = chain(&error);
                let why = why.lines().next().unwrap_or_default();
                tell(&format!("note: `{shown}` is judged by facts: {why}"));
                Ok(facts)
            }
            (Err(error), None) => {
                Err(error
                    .context(format!("`{shown}` cannot be read and no facts of it are shipped")))
            }
        }
    }

    /// The findings, where there is a database that is worth counting by: the famous few of the
    /// starter set would make each image look sound.
    fn findings(&self, inventory: &Inventory) -> anyhow::Result<Option<FindingCounts>> {
        let database = if let Some(database) = self.database.get() {
            database
        } else {
            let opened = super::scan::open_database(self.command.db.clone())?;
            self.database.get_or_init(|| opened)
        };
        if database.data().starter {
            return Ok(None);
        }
        let matches = match_inventory(inventory, database, Declared::Passed)
            .context("the advisory database is damaged; `plimsoll db update` writes it anew")?;
        let standing = matches.findings.iter().filter(|finding| finding.suppressed.is_none());
        Ok(Some(FindingCounts::of(standing.map(|finding| finding.severity))))
    }
}

fn compared(current: Candidate, candidates: Vec<Candidate>, today: Timestamp) -> Comparison {
    let advice = advise(&current, &candidates, today);
    Comparison { current, candidates, advice, today }
}

/// The images that the stages of a Dockerfile are built on, each once, in order.
fn images(file: &Dockerfile) -> Vec<String> {
    let stages = stages(file);
    let scopes = Scopes::new(file, &stages);
    let mut names: Vec<String> = Vec::new();
    for stage in stages.iter().filter(|stage| stage.parent.is_none() && !stage.is_scratch()) {
        let scope = scopes.at(None, stage.from);
        let name = Expander::new(file.escape)
            .expand(&stage.image.text, &scope)
            .map_or_else(|_| stage.image.text.clone(), |expanded| expanded.text);
        if !names.contains(&name) && !name.is_empty() {
            names.push(name);
        }
    }
    names
}
