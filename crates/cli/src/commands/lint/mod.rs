//! `plimsoll lint`: is this Dockerfile sound, and what would mend it.

mod bases;
mod context;
pub(crate) mod files;
pub(in crate::commands) mod mend;
mod pages;
mod pin;
mod propose;
mod settings;

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Context;
use plimsoll_build::syntax::Dockerfile;
use plimsoll_build::{Config, Environment, Finding, Level, Safety, Source, lint};
use plimsoll_report::lint::{Judged, LintFormat};
use rayon::prelude::*;

use self::context::Contexts;
use self::settings::Settings;
use crate::exit::{Outcome, Usage, chain, tell};
use crate::output;
use crate::style::stdout_style;
use crate::target::Reading;

/// Judge Dockerfiles, and mend them
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll lint                                 every Dockerfile below this folder
  plimsoll lint Dockerfile -f sarif=lint.sarif -f tty
  plimsoll lint --fix Dockerfile                mend what changes nothing that is built
  plimsoll lint --fix --unsafe-fixes --diff .   show what more could be mended
  plimsoll lint --propose Dockerfile            two stages for one: what builds, and what runs
  plimsoll lint -f json - < Dockerfile
  plimsoll lint --base-image node:20-alpine Dockerfile
  plimsoll lint --base-image node:20=docker-archive:node.tar Dockerfile
  plimsoll lint --context . docker/Dockerfile   judge what COPY takes from this folder
  plimsoll lint --explain DL3008

A `.hadolint.yaml`, or the table [lint] of a `plimsoll.toml`, is read where it exists.

Exit codes: 0 clean, 1 findings at or over --failure-threshold, 2 wrong usage or a file that
cannot be parsed, 3 a file that cannot be read.")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Lint {
    /// Dockerfiles, folders to look for them in, or `-` for stdin
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// FORMAT or FORMAT=FILE, several times if wanted: tty, text, gnu, json, sarif, github,
    /// checkstyle, codacy, codeclimate, gitlab, sonarqube, junit, syntax
    #[arg(short = 'f', long = "format", visible_short_alias = 'o', value_name = "FORMAT[=FILE]")]
    formats: Vec<String>,

    /// Mend what can be mended without changing what is built
    #[arg(long)]
    fix: bool,

    /// Mend also what may change what is built; with --fix
    #[arg(long, requires = "fix")]
    unsafe_fixes: bool,

    /// Show what --fix would change, or a proposal, as a diff, and change nothing
    #[arg(long)]
    diff: bool,

    /// Write a Dockerfile of two stages to stdout for one of one stage, and why; it is never
    /// applied by --fix. For Go, Rust, Java, Node.js and Python
    #[arg(long, conflicts_with_all = ["fix", "pin"])]
    propose: bool,

    /// Ask the registries for the digests of base images; with --fix, write them behind the tags
    #[arg(long)]
    pin: bool,

    /// Read a base image, for the rules that ask what is in it: the image as FROM names it, or
    /// NAME=REF for where the image of that FROM is found; several times if wanted
    #[arg(long, value_name = "[NAME=]REF")]
    base_image: Vec<String>,
    /// What the one file is called in reports, where it has another path
    #[arg(long, value_name = "PATH")]
    path_in_report: Option<String>,

    /// The folder of the build context [default: the one that the Dockerfile lies in]
    #[arg(long, value_name = "DIR")]
    context: Option<PathBuf>,

    #[command(flatten)]
    settings: Settings,

    #[command(flatten)]
    reading: Reading,

    /// Print the page of a rule
    #[arg(long, value_name = "RULE", exclusive = true)]
    explain: Option<String>,

    /// List all rules
    #[arg(long, exclusive = true)]
    list_rules: bool,
}

/// A file before judgement.
struct Read {
    path: PathBuf,
    source: Source,
}

/// A file after judgement.
struct Done {
    path: String,
    file: Dockerfile,
    findings: Vec<Finding>,
    mended: Option<mend::Mended>,
}

impl Lint {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        if let Some(name) = &self.explain {
            return pages::explain(name);
        }
        if self.list_rules {
            return pages::list();
        }
        let mut config = self.settings.config()?;
        let formats = if self.formats.is_empty() {
            vec![config.format.clone().unwrap_or_else(|| "tty".to_owned())]
        } else {
            self.formats.clone()
        };
        let known: Vec<&str> = LintFormat::ALL.iter().map(|format| format.name).collect();
        let outputs = output::parse(&formats, named, &known)?;
        let files = files::find(&self.files)?;
        if self.path_in_report.is_some() && files.len() > 1 {
            let why = "--path-in-report is what one file is called: name one";
            return Err(Usage(why.into()).into());
        }
        let sources: Vec<anyhow::Result<Read>> = files.into_par_iter().map(read).collect();
        if self.propose {
            return propose::run(sources, &outputs, self.diff, &config);
        }
        if self.diff && !self.fix {
            let why = "--diff shows what --fix or --propose would do: add one";
            return Err(Usage(why.into()).into());
        }
        let contexts = Contexts::new(self.context.as_deref())?;
        if self.context.is_some() {
            config.levels.entry("PL1303".into()).or_insert(Level::Warning);
        }
        let mut environment = Environment::default();
        if self.pin {
            let texts = sources.iter().flatten().map(|read| read.source.text());
            environment.digests = pin::digests(texts, &self.reading.options()?);
            config.levels.entry("PL1401".into()).or_insert(Level::Info);
        }
        let mut outcome = Outcome::Clean;
        if !self.base_image.is_empty() {
            let texts = sources.iter().flatten().map(|read| read.source.text());
            let (bases, is_whole) = bases::bases(&self.base_image, texts, &self.reading)?;
            environment.bases = bases;
            if !is_whole {
                outcome = outcome.or(Outcome::Partial);
            }
        }
        let done: Vec<anyhow::Result<Done>> = sources
            .into_par_iter()
            .map(|read| read.map(|read| self.judge(read, &config, &environment, &contexts)))
            .collect();

        let mut judged = Vec::with_capacity(done.len());
        for one in done {
            match one {
                Ok(one) => judged.push(one),
                Err(error) => {
                    tell(&format!("error: {}", chain(&error)));
                    outcome = outcome.or(Outcome::Partial);
                }
            }
        }
        for one in &mut judged {
            if let Some(mended) = one.mended.take() {
                mended.deliver(self.diff)?;
            }
        }
        let views: Vec<Judged<'_>> = judged
            .iter()
            .map(|one| Judged::dockerfile(&one.path, &one.file, &one.findings))
            .collect();
        let mended_stdin = self.fix && self.files.iter().any(|path| files::is_stdin(path));
        for (format, file) in outputs {
            // The mended text, or the diff, is the result.
            if file.is_none() && (self.diff || mended_stdin) {
                for one in judged.iter().filter(|one| !one.file.problems.is_empty()) {
                    if let Some(first) = one.findings.first() {
                        tell(&format!("error: {}: {}", one.path, first.message));
                    }
                }
                continue;
            }
            let style =
                if file.is_some() { plimsoll_report::Style::default() } else { stdout_style() };
            output::write(file, |out| (format.write)(&views, &style, out))?;
        }
        if judged.iter().any(|one| !one.file.problems.is_empty()) {
            outcome = outcome.or(Outcome::Gate(2));
        }
        let threshold = config.failure_threshold.unwrap_or(Level::Info);
        let over = judged.iter().flat_map(|one| &one.findings).any(|one| one.level >= threshold);
        if over && !config.no_fail {
            outcome = outcome.or(Outcome::Gate(1));
        }
        Ok(outcome)
    }

    fn judge(
        &self,
        read: Read,
        config: &Config,
        environment: &Environment,
        contexts: &Contexts,
    ) -> Done {
        let Read { path, mut source } = read;
        let environment = &Environment { build_context: contexts.of(&path), ..environment.clone() };
        let mut mended = None;
        if self.fix && source.not_utf8().is_none() {
            let safety = if self.unsafe_fixes { Safety::Unsafe } else { Safety::Safe };
            let one = mend::Mended::new(&path, &source, config, environment, safety);
            source = Source::new(one.text().to_owned());
            mended = Some(one);
        }
        let file = Dockerfile::parse(source);
        let findings = lint(&file, config, environment).findings;
        let path = self.path_in_report.clone().unwrap_or_else(|| path.display().to_string());
        Done { path, file, findings, mended }
    }
}

/// What a file is judged by where no flag says otherwise: the configuration named, or the nearest
/// one, and the build context that it lies in. Without a path it stands in the working folder.
pub(crate) fn ground(
    config: Option<&Path>,
    path: Option<&Path>,
) -> (anyhow::Result<Config>, Environment) {
    let folder = path.and_then(Path::parent).map(Path::to_owned);
    let folder = folder.or_else(|| env::current_dir().ok()).unwrap_or_default();
    let build_context = path.and_then(|path| Contexts::beside().of(path));
    let environment = Environment { build_context, ..Environment::default() };
    (settings::project_config(config, &folder), environment)
}

fn read(path: PathBuf) -> anyhow::Result<Read> {
    let bytes = files::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(Read { path, source: Source::from_bytes(bytes) })
}

/// The format of that name; hadolint's name for one of ours is understood.
fn named(name: &str) -> Option<LintFormat> {
    LintFormat::named(if name == "gitlab_codeclimate" { "gitlab" } else { name })
}

/// A level that cannot be read is a mistake of usage.
fn level(text: &str) -> Result<Level, Usage> {
    text.parse().map_err(|error: plimsoll_build::LevelError| Usage(error.to_string()))
}
