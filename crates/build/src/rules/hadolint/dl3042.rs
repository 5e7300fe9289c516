//! The cache of pip in a layer.

use super::installs::mounts;
use super::pip::{Installer, installing};
use crate::context::Commands;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::script::{Form, Program};
use crate::shell::AssignmentValue;
use crate::syntax::Variables;

pub(super) static RULE: Rule = Rule {
    id: "DL3042",
    aliases: &[],
    level: Level::Warning,
    title: "Use `--no-cache-dir` with pip",
    why: "pip keeps what it downloaded for the next run, which in an image never comes: the cache is weight.",
    bad: "FROM python:3.13\nRUN pip install requests==2.32.4\n",
    good: "FROM python:3.13\nRUN pip install --no-cache-dir requests==2.32.4\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3042",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            let pip = installing(program) == Some(Installer::Pip);
            if !pip || program.has_flag(&["no-cache-dir"]) || is_off(context, commands, program) {
                continue;
            }
            if mounts(context, commands, &["/root/.cache/pip", "/root/.cache"]) {
                continue;
            }
            let Some(install) = program.args().iter().find(|one| one.text == "install") else {
                continue;
            };
            let place = commands.text.source_span(install.span);
            let message = "Avoid use of cache directory with pip. Use `pip install \
                           --no-cache-dir <package>`";
            let reported = findings.report(commands.text.line, place, message);
            if commands.text.form != Form::Exec {
                reported.safe_fix(
                    "add --no-cache-dir",
                    vec![Edit::insert(place.end, " --no-cache-dir")],
                );
            }
        }
    }
}

fn is_true(value: &str) -> bool {
    matches!(
        value.trim_matches(['"', '\'']).to_ascii_lowercase().as_str(),
        "1" | "on" | "yes" | "true"
    )
}

/// Whether a variable turns the cache off: of the file, of the command, or exported before.
fn is_off(context: &Context<'_>, commands: Commands<'_>, program: &Program<'_>) -> bool {
    const NAME: &str = "PIP_NO_CACHE_DIR";
    let scope = context.scopes.at(commands.text.stage, commands.text.instruction);
    let text = commands.text.text.text();
    let own = program.command().assignments.iter().any(|one| {
        one.name == NAME
            && matches!(&one.value, AssignmentValue::Word(word) if is_true(&word.text(text)))
    });
    let exported = commands.invocations.iter().any(|one| {
        one.name() == "export"
            && one.args().iter().any(|argument| {
                argument
                    .text
                    .split_once('=')
                    .is_some_and(|(name, value)| name == NAME && is_true(value))
            })
    });
    own || exported || scope.get(NAME).is_some_and(is_true)
}
