//! Whether the rules load by which threats are detected at run time.

use std::path::PathBuf;

use plimsoll_model::gate::{Effect, Place, Practice, Rule, Violation};
use plimsoll_model::text::Level;
use plimsoll_policy::gate::{Answers, Key, Kind as Value, Page};
use plimsoll_runtime::lints::lint;
use plimsoll_runtime::loader::Place as RulePlace;

use super::super::target::Kind;
use super::{Ask, Judge};
use crate::commands::rules::files::{DEFAULT, Loaded, every_source};
use crate::exit::chain;

pub(super) const JUDGE: Judge = Judge { page: &PAGE, kinds: &[Kind::Folder], ask: judge };

const LOADS: &str = "detection.loads";
const LINT: &str = "detection.lint";

static PAGE: Page = Page {
    name: "detection",
    title: "Rules of Falco and of `plimsoll watch`",
    rules: &[
        Rule {
            id: LOADS,
            title: "Keep rules that load",
            why: "A sensor whose rules do not load detects nothing, or does not start.",
            fix: "`plimsoll rules check FILE…` shows the place.",
            practice: Practice::Detection,
            effect: Effect::Deny,
            exit_code: Rule::DENIED,
        },
        Rule {
            id: LINT,
            title: "Write rules that hold when they should",
            why: "A rule that never holds, or always, is read by nobody after a week.",
            fix: "`plimsoll rules check FILE…` explains each finding.",
            practice: Practice::Detection,
            effect: Effect::Warn,
            exit_code: Rule::DENIED,
        },
    ],
    keys: &[Key {
        name: "rules",
        kind: Value::Texts,
        preset: None,
        about: "Rule files in the order of loading, seen from this file's folder; `default` is Plimsoll's own",
    }],
};

fn judge(ask: &Ask<'_>, answers: &mut Answers) -> Result<(), String> {
    let named = ask.settings().texts("rules");
    if named.is_empty() {
        ask.none_asked(answers, "no rule files are named: set `rules` in [gate.detection]");
        return Ok(());
    }
    let file = |name: &String| {
        if name == DEFAULT { PathBuf::from(name) } else { ask.folder().join(name) }
    };
    let files: Vec<PathBuf> = named.iter().map(file).collect();
    let loaded = Loaded::read(&files, every_source()).map_err(|error| chain(&error))?;
    let place = |at: RulePlace| {
        let (name, source) = loaded.loader.file(at.file)?;
        let found = source.position(at.offset);
        let file = name.strip_prefix("./").unwrap_or(name).to_owned();
        Some(Place { file, line: found.line, column: found.column })
    };
    for error in loaded.reports.iter().flat_map(|report| &report.errors) {
        let message = format!("{}: {}", error.code.words(), error.message);
        let violation = Violation::new(message).called(error.code.name());
        let place = place(error.context.place);
        answers.add(LOADS, ask.name(), vec![Violation { place, ..violation }]);
    }
    for found in lint(loaded.loader.definitions()) {
        if found.lint.level < Level::Warning {
            continue;
        }
        let message = format!("{} (in `{}`)", found.message, found.item);
        let violation =
            Violation::new(message).called(found.lint.id).mended_by(found.lint.title.to_owned());
        let place = place(found.place);
        answers.add(LINT, ask.name(), vec![Violation { place, ..violation }]);
    }
    let seen = format!("{} rules", loaded.loader.definitions().rules.len());
    for rule in PAGE.rules {
        answers.settle(rule.id, ask.name(), &seen);
    }
    Ok(())
}
