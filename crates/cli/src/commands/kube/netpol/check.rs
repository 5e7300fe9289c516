//! `plimsoll kube netpol check`: what is likely not meant so.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use plimsoll_kube::netpol::{Builder, Network, check, pages};
use plimsoll_kube::{Finding, Rule};
use plimsoll_model::text::{Level, Source};
use plimsoll_report::lint::{Judged, LintFormat};

use super::load;
use crate::commands::kube::files::Origin;
use crate::commands::kube::rendered::Rendering;
use crate::commands::kube::stream;
use crate::exit::{Outcome, Usage, tell};
use crate::output;
use crate::style::stdout_style;

/// Find network policies that do something else than was meant
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 clean, 1 findings at or over --failure-threshold, 2 wrong usage or a file that
cannot be parsed, 3 a file that cannot be read."
)]
pub(crate) struct Check {
    /// Manifests, folders to look for them in, or `-` for stdin; without any, those below the
    /// working folder
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    rendering: Rendering,

    /// FORMAT or FORMAT=FILE, several times if wanted: tty, text, gnu, json, sarif, github,
    /// checkstyle, codeclimate, gitlab, sonarqube
    #[arg(
        short = 'f',
        long = "format",
        visible_short_alias = 'o',
        value_name = "FORMAT[=FILE]",
        default_value = "tty"
    )]
    formats: Vec<String>,

    /// Turn a rule off
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    ignore: Vec<String>,

    /// Exit 1 only for findings of this level or above: error, warning, info, style
    #[arg(short = 't', long, value_name = "LEVEL", default_value = "info")]
    failure_threshold: String,

    /// Exit 0 whatever is found
    #[arg(long)]
    no_fail: bool,

    /// Print the page of a rule
    #[arg(long, value_name = "RULE", exclusive = true)]
    explain: Option<String>,

    /// List all rules
    #[arg(long, exclusive = true)]
    list_rules: bool,
}

impl Check {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        if let Some(name) = &self.explain {
            let rule = named(name)?;
            let page = plimsoll_report::lint::Rule::from(rule).page(rule.mending.about());
            output::stdout().write_all(page.as_bytes())?;
            return Ok(Outcome::Clean);
        }
        if self.list_rules {
            let mut out = io::BufWriter::new(output::stdout());
            for rule in pages() {
                writeln!(out, "{:<8} {:<8} {}", rule.id, rule.level, rule.title)?;
            }
            out.flush()?;
            return Ok(Outcome::Clean);
        }
        let ignored = self.ignore.iter().map(|name| named(name)).collect::<Result<Vec<_>, _>>()?;
        let threshold: Level =
            self.failure_threshold.parse().map_err(|error| Usage(format!("{error}")))?;
        let offered = || LintFormat::ALL.iter().filter(|format| format.name != "syntax");
        let known: Vec<&str> = offered().map(|format| format.name).collect();
        let format = |name: &str| offered().copied().find(|format| format.name == name);
        let outputs = output::parse(&self.formats, format, &known)?;

        let mut builder = Builder::default();
        let mut outcome = Outcome::Clean;
        // The texts that something may be told of, by the numbers of their manifests.
        let mut kept: BTreeMap<usize, (String, Source)> = BTreeMap::new();
        stream::each(&self.files, &self.rendering, &mut |read| {
            for problem in &read.manifest.problems {
                tell(&read.says(problem));
                if !problem.kind.is_readable() {
                    outcome = outcome.or(Outcome::Gate(2));
                }
            }
            let (path, before) = (read.path.display().to_string(), builder.told_of());
            let number = builder.add(&path, &read.manifest);
            if read.origin != Origin::List || builder.told_of() > before {
                kept.insert(number, (path, read.manifest.source));
            }
        })?;
        let cluster = builder.finish();
        load::tell_of_passed_over(&cluster);
        let none = cluster.policies.is_empty() && cluster.admin_policies.is_empty();
        if none && cluster.refused.is_empty() {
            tell("there is no NetworkPolicy in what was read: every pod is open to all");
        }
        let mut found: BTreeMap<usize, Vec<Finding>> = BTreeMap::new();
        for (place, finding) in check(&Network::new(&cluster)) {
            if !ignored.iter().any(|rule| rule.id == finding.rule.id) {
                found.entry(place.manifest).or_default().push(finding);
            }
        }
        let views: Vec<Judged<'_>> = kept
            .iter()
            .map(|(number, (path, source))| {
                let found = found.get(number).map(Vec::as_slice).unwrap_or_default();
                Judged::manifest_text(path, source, found)
            })
            .collect();
        for (format, file) in outputs {
            let style =
                if file.is_some() { plimsoll_report::Style::default() } else { stdout_style() };
            output::write(file, |out| (format.write)(&views, &style, out))?;
        }
        let over = found.values().flatten().any(|finding| finding.level >= threshold);
        if over && !self.no_fail {
            outcome = outcome.or(Outcome::Gate(1));
        }
        Ok(outcome)
    }
}

fn named(name: &str) -> Result<&'static Rule, Usage> {
    pages().find(|rule| rule.is_called(name)).ok_or_else(|| {
        Usage(format!(
            "there is no rule `{name}`: `plimsoll kube netpol check --list-rules` lists them"
        ))
    })
}
