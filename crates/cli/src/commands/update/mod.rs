//! `plimsoll update`: what is pinned in sources and could be newer, and what that would clear.

mod actions;
mod charts;
mod clears;
mod files;
mod images;
mod packages;
mod pin;
mod places;
mod write;

use std::path::PathBuf;

use plimsoll_build::updates::Step;
use plimsoll_model::update::{NotKnown, PinKind, Proposal, Updates};
use plimsoll_report::Style;
use plimsoll_report::update::UpdateFormat;

use self::clears::Clearing;
use self::pin::{Answer, Pin};
use crate::exit::{Outcome, Usage, tell};
use crate::output;
use crate::style::stdout_style;
use crate::target::Reading;

/// Propose newer base images, packages and actions, with what each clears
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll update                                 what could be newer below this folder
  plimsoll update --write                         write it into the files
  plimsoll update --pin --write Dockerfile        and digests behind tags that have none
  plimsoll update --level major --only image,action
  plimsoll update -o json=updates.json -o \"markdown=$GITHUB_STEP_SUMMARY\"

Images are asked of their registries, packages of npm's and Python's registries and of the advisories,
actions of the server that GITHUB_SERVER_URL names. With --write, only what stands in a file letter by
letter is replaced; lock files are left to their tools.

Exit codes: 0 nothing could be newer, or all of it was written, 1 something could be newer, 2 wrong
usage, 3 something could not be looked up.")]
pub(crate) struct Update {
    /// Files, or folders to look for them in: Dockerfiles, compose files, manifests, values of charts,
    /// workflows, requirements
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    /// Write the newer versions into the files
    #[arg(long)]
    write: bool,

    /// How far to go: digest, patch, minor, major
    #[arg(long, value_name = "STEP", default_value = "minor", value_parser = level)]
    level: Step,

    /// Propose digests for images that have none, and commits for actions
    #[arg(long)]
    pin: bool,

    /// Look at these alone: image, package, requirement, action, chart
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kind)]
    only: Vec<PinKind>,

    /// Do not read images to say what an update clears
    #[arg(long)]
    no_scan: bool,

    /// FORMAT or FORMAT=FILE, several times if wanted: table, json, markdown
    #[arg(short, long, value_name = "FORMAT[=FILE]", default_value = "table")]
    output: Vec<String>,

    /// Folder of the advisory database
    #[arg(long, value_name = "DIR")]
    db: Option<PathBuf>,

    #[command(flatten)]
    reading: Reading,
}

fn level(text: &str) -> Result<Step, String> {
    let known: Vec<&str> = Step::ALL.iter().map(|(_, name)| *name).collect();
    Step::named(text).ok_or_else(|| format!("expected one of {}", known.join(", ")))
}

fn kind(text: &str) -> Result<PinKind, String> {
    let known: Vec<&str> = PinKind::ALL.iter().map(|(_, name)| *name).collect();
    PinKind::named(text).ok_or_else(|| format!("expected one of {}", known.join(", ")))
}

/// How far to go, and what with.
struct Limits {
    level: Step,
    pin: bool,
}

impl Update {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let known: Vec<&str> = UpdateFormat::ALL.iter().map(|format| format.name).collect();
        let outputs = output::parse(&self.output, UpdateFormat::named, &known)?;
        let read = files::read(&self.paths)?;
        let mut pins: Vec<Pin> = Vec::new();
        for file in &read.files {
            pins.extend(places::pins(file));
        }
        pins.retain(|pin| self.only.is_empty() || self.only.contains(&pin.kind));
        let clearing = Clearing::new(self.reading.clone(), self.db.clone(), !self.no_scan)?;
        let mut asking = Asking::new(&self, &clearing)?;
        let mut updates =
            Updates { looked_at: pins.len(), files: read.files.len(), ..Updates::default() };
        updates.failed = read.failed;
        let mut changes = Vec::new();
        for pin in &pins {
            match asking.ask(pin) {
                Answer::Newer(newer) => {
                    updates.proposals.push(newer.proposal(pin));
                    changes.push((pin, newer));
                }
                Answer::Newest => {}
                Answer::PassedOver(why) => updates.passed_over.push(pin.not_known(why)),
                Answer::Failed(why) => updates.failed.push(pin.not_known(why)),
            }
        }
        if self.write {
            let written = write::write(&read.files, &changes)?;
            for (proposal, written) in updates.proposals.iter_mut().zip(written) {
                proposal.written = written;
            }
        }
        for (format, file) in &outputs {
            let style = if file.is_some() { Style::default() } else { stdout_style() };
            output::write(*file, |out| (format.write)(&updates, &style, out))?;
        }
        Ok(outcome(&updates))
    }
}

fn outcome(updates: &Updates) -> Outcome {
    for failed in &updates.failed {
        let NotKnown { place, name, why } = failed;
        let name = name.escape_debug();
        tell(&format!("error: {place}: `{name}` could not be looked up: {}", plain(why)));
    }
    let is_open = |one: &Proposal| !one.written;
    let open =
        if updates.proposals.iter().any(is_open) { Outcome::Gate(1) } else { Outcome::Clean };
    if updates.failed.is_empty() { open } else { Outcome::Partial }
}

fn plain(text: &str) -> String {
    text.lines()
        .collect::<Vec<_>>()
        .join("; ")
        .chars()
        .map(|one| if one.is_control() { ' ' } else { one })
        .collect()
}

/// Those who know what is newer, each asked once about each thing.
struct Asking<'c> {
    limits: Limits,
    clearing: &'c Clearing,
    images: images::Images,
    actions: actions::Actions,
    packages: packages::Packages,
    charts: charts::Charts,
}

impl<'c> Asking<'c> {
    fn new(update: &Update, clearing: &'c Clearing) -> Result<Self, Usage> {
        let limits = Limits { level: update.level, pin: update.pin };
        let options = update.reading.options()?;
        Ok(Self {
            limits,
            clearing,
            images: images::Images::new(options.clone()),
            actions: actions::Actions::default(),
            packages: packages::Packages::default(),
            charts: charts::Charts::new(options),
        })
    }

    fn ask(&mut self, pin: &Pin) -> Answer {
        match pin.kind {
            PinKind::Image => self.images.ask(pin, &self.limits, self.clearing),
            PinKind::Action => self.actions.ask(pin, &self.limits),
            PinKind::Package | PinKind::Requirement => {
                self.packages.ask(pin, &self.limits, self.clearing)
            }
            PinKind::Chart => self.charts.ask(pin, &self.limits),
        }
    }
}
