//! A variable declared and set from a command in one step, which hides that the command failed.

use crate::Span;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;

use super::splitting::is_name;

pub(super) static RULE: Rule = Rule {
    id: "SC2155",
    aliases: &[],
    level: Level::Warning,
    title: "Declare and assign separately",
    why: "The exit status of `export x=$(command)` is that of `export`: when the command fails, `&&` and `set -e` do not notice.",
    bad: "FROM debian:12\nRUN export ARCH=\"$(dpkg --print-architecture)\" && echo \"$ARCH\"\n",
    good: "FROM debian:12\nRUN ARCH=\"$(dpkg --print-architecture)\" && export ARCH && echo \"$ARCH\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2155",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["export", "readonly", "local", "declare", "typeset"]) {
            for word in call.command.words.iter().skip(1) {
                let text = tree.of(word.span);
                let Some((name, _)) = text.split_once('=') else { continue };
                let name = name.trim_end_matches('+');
                if is_name(name) && word.parts.iter().any(runs_command) {
                    let start = word.span.start;
                    let span = Span::new(
                        start,
                        start.saturating_add(plimsoll_model::text::offset(name.len())),
                    );
                    findings.report(
                        tree.text.line,
                        tree.place(span),
                        format!(
                            "Declare and assign `{name}` separately to avoid masking return values"
                        ),
                    );
                }
            }
        }
    }
}

fn runs_command(part: &Part) -> bool {
    match part {
        Part::CommandSubstitution { .. } => true,
        Part::DoubleQuoted { parts, .. } => parts.iter().any(runs_command),
        _ => false,
    }
}
