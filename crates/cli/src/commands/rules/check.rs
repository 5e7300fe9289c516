//! `plimsoll rules check`: do these files load, and do they mean what they say.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use plimsoll_model::text::{Level, Source, Span, offset};
use plimsoll_report::lint::{Finding, Judged, LintFormat, Rule};
use plimsoll_runtime::lints::lint;
use plimsoll_runtime::loader::{Context, Place, WarningCode};
use serde_json::json;

use super::files::{Loaded, every_source};
use crate::exit::{Outcome, Usage, tell};
use crate::output;
use crate::style::stdout_style;

/// Check that rule files load, and that they mean what they say
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll rules check falco_rules.yaml my_rules.yaml
  plimsoll rules check default my_rules.yaml
  plimsoll rules check -o json falco_rules.yaml
  plimsoll rules check -o sarif=rules.sarif -o tty --strict my_rules.yaml

Exit codes: 0 the files load, 1 they do not (with --strict: or there is a warning), 2 wrong usage,
3 a file cannot be read.")]
pub(crate) struct Check {
    /// Rule files, in the order of loading; `default` is Plimsoll's own rules
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// FORMAT or FORMAT=FILE, several times if wanted: json (Falco's load result), tty, text, gnu,
    /// sarif, github, checkstyle, codeclimate, gitlab, sonarqube
    #[arg(short = 'o', long = "output", visible_short_alias = 'f', value_name = "FORMAT[=FILE]")]
    outputs: Vec<String>,

    /// Exit 1 for a warning as well
    #[arg(long)]
    strict: bool,

    /// Name also the lists and macros that nothing uses
    #[arg(long)]
    unused: bool,
}

/// Where the codes are explained.
const FALCO: &str = "https://falco.org/docs/concepts/rules/";
const LINTS: &str = "https://github.com/plimsoll/plimsoll/blob/main/docs/rules-check.md";

enum Form {
    Falco,
    Lint(LintFormat),
}

/// Something said of a place.
struct Said {
    rule: Rule<'static>,
    level: Level,
    message: String,
    place: Place,
    is_word: bool,
}

impl Check {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let formats =
            if self.outputs.is_empty() { vec!["tty".to_owned()] } else { self.outputs.clone() };
        let offered = || LintFormat::ALL.iter().filter(|it| !matches!(it.name, "syntax" | "json"));
        let known: Vec<&str> = ["json"].into_iter().chain(offered().map(|it| it.name)).collect();
        let named = |name: &str| match name {
            "json" => Some(Form::Falco),
            _ => offered().copied().find(|format| format.name == name).map(Form::Lint),
        };
        let outputs = output::parse(&formats, named, &known)?;
        if self.files.len() > usize::from(u16::MAX) {
            return Err(Usage("more than 65,535 rule files".to_owned()).into());
        }

        let loaded = Loaded::read(&self.files, every_source())?;
        let (said, unused) = self.said(&loaded);
        let judged: Vec<Judged<'_>> = (0..loaded.reports.len())
            .filter_map(|index| {
                let index = u16::try_from(index).ok()?;
                let (path, source) = loaded.loader.file(index)?;
                let own = said.iter().filter(|said| said.place.file == index);
                let findings = own.map(|said| said.finding(source)).collect();
                Some(Judged { path, source, findings, secrets: None, syntax: None })
            })
            .collect();
        for (form, file) in outputs {
            let style =
                if file.is_some() { plimsoll_report::Style::default() } else { stdout_style() };
            output::write(file, |out| match &form {
                Form::Lint(format) => (format.write)(&judged, &style, out),
                Form::Falco => {
                    let results: Vec<_> =
                        loaded.reports.iter().map(|it| loaded.loader.result_json(it)).collect();
                    serde_json::to_writer_pretty(
                        &mut *out,
                        &json!({ "falco_load_results": results }),
                    )?;
                    writeln!(out)
                }
            })?;
        }
        summarise(&loaded, &said, unused);
        let is_over = self.strict && said.iter().any(|said| said.level >= Level::Warning);
        Ok(if loaded.is_good() && !is_over { Outcome::Clean } else { Outcome::Gate(1) })
    }

    /// Everything that is said, each once, by place; and how many unused things are not named.
    fn said(&self, loaded: &Loaded) -> (Vec<Said>, usize) {
        let mut said = Vec::new();
        for report in &loaded.reports {
            for it in &report.errors {
                let rule = falco_rule(it.code.name(), it.code.words(), Level::Error);
                said.push(Said::falco(rule, &it.message, &it.context, it.meant.as_deref()));
            }
        }
        // Each file judges all files before it anew: what the last says of unused things counts.
        let mut unused = 0_usize;
        for (at, report) in loaded.reports.iter().enumerate() {
            for it in &report.warnings {
                let is_unused =
                    matches!(it.code, WarningCode::UnusedMacro | WarningCode::UnusedList);
                let is_last = at.saturating_add(1) == loaded.reports.len();
                if is_unused && (!is_last || !self.unused) {
                    unused = unused.saturating_add(usize::from(is_last));
                    continue;
                }
                let level = if is_unused { Level::Style } else { Level::Warning };
                let rule = falco_rule(it.code.name(), it.code.words(), level);
                said.push(Said::falco(rule, &it.message, &it.context, it.meant.as_deref()));
            }
        }
        for found in lint(loaded.loader.definitions()) {
            let lint = found.lint;
            let rule = Rule {
                id: lint.id,
                aliases: &[],
                level: lint.level,
                title: lint.title,
                why: lint.why,
                bad: lint.bad,
                good: lint.good,
                source: LINTS,
                language: "yaml",
            };
            let message = format!("{} (in `{}`)", found.message, found.item);
            said.push(Said { rule, level: lint.level, message, place: found.place, is_word: true });
        }
        let mut seen = HashSet::new();
        said.retain(|it| {
            seen.insert((it.place.file, it.place.offset, it.rule.id, it.message.clone()))
        });
        said.sort_by_key(|it| (it.place.file, it.place.offset));
        (said, unused)
    }
}

fn falco_rule(id: &'static str, title: &'static str, level: Level) -> Rule<'static> {
    Rule {
        id,
        aliases: &[],
        level,
        title,
        why: title,
        bad: "",
        good: "",
        source: FALCO,
        language: "yaml",
    }
}

impl Said {
    fn falco(rule: Rule<'static>, message: &str, context: &Context, meant: Option<&str>) -> Self {
        let message = message.trim_end_matches('.');
        let mut text = if message.is_empty() { rule.title } else { message }.to_owned();
        if let Some(meant) = meant {
            let _ = write!(text, ": did you mean `{meant}`?");
        } else if message.starts_with("Undefined macro") {
            text.push_str(": the file that defines it has to be named as well");
        }
        if let Some(item) = context.item() {
            let _ = write!(text, " (in {} `{}`)", item.item_type.name(), item.item_name);
        }
        let is_word = context.condition.is_some();
        Self { rule, level: rule.level, message: text, place: context.place, is_word }
    }

    fn finding<'a>(&'a self, source: &Source) -> Finding<'a> {
        let start = self.place.offset.min(offset(source.text().len()));
        let rest = source.text().get(start as usize..).unwrap_or_default();
        let ends = |one: char| {
            one == '\n' || self.is_word && (one.is_whitespace() || "(),=<>!".contains(one))
        };
        let length = rest.find(ends).unwrap_or(rest.len());
        let shown = rest.get(..length).unwrap_or_default().trim_end();
        let span = Span::new(start, start.saturating_add(offset(shown.len())));
        Finding {
            rule: self.rule,
            level: self.level,
            message: &self.message,
            span,
            line: source.line(start),
            fix: None,
            related: Vec::new(),
        }
    }
}

/// Says how much was loaded.
fn summarise(loaded: &Loaded, said: &[Said], unused: usize) {
    let count = |level| said.iter().filter(|said| said.level == level).count();
    let unused = if unused == 0 {
        String::new()
    } else {
        format!("; {unused} lists and macros are not used (--unused names them)")
    };
    let definitions = loaded.loader.definitions();
    if !loaded.is_good() {
        tell("the rules do not load");
        return;
    }
    tell(&format!(
        "{} rules, {} macros, {} lists; {} warnings{unused}",
        definitions.rules.len(),
        definitions.macros.len(),
        definitions.lists.len(),
        count(Level::Warning),
    ));
}
