//! A `cd` that may fail unseen.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use super::unquoted::texts;

pub(super) static RULE: Rule = Rule {
    id: "SC2164",
    aliases: &[],
    level: Level::Warning,
    title: "Say what happens when `cd` fails",
    why: "What follows would run in the folder before.",
    bad: "FROM alpine:3.20\nRUN cd /src; make\n",
    good: "FROM alpine:3.20\nRUN cd /src || exit; make\n",
    mending: Mending::Safe,
    source: "https://www.shellcheck.net/wiki/SC2164",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for text in texts(context) {
        let source = text.text.text();
        let programs = text.programs();
        let strict = programs.iter().any(|program| {
            program.name() == "set"
                && program.args().iter().any(|one| {
                    one.text == "errexit" || one.text.starts_with('-') && one.text.contains('e')
                })
        }) || text.shell.iter().any(|word| {
            word.starts_with('-') && !word.starts_with("--") && word.contains('e')
        });
        if strict {
            continue;
        }
        for program in &programs {
            let place = &program.place;
            let moves = matches!(program.name(), "cd" | "pushd" | "popd") && place.is_alone();
            let whole = place.pipeline_index == place.and_or.rest.len();
            let last = place.index.saturating_add(1) == place.list.items.len();
            let away = program.args().iter().any(|one| matches!(&*one.text, ".." | "-" | "../.."));
            if !moves || !whole || last || place.condition.is_some() || away {
                continue;
            }
            let span = text.source_span(program.command().span);
            let message = "Use 'cd ... || exit' or 'cd ... || return' in case cd fails.";
            let reported = findings.report(text.line, span, message);
            if !source.contains("<<") {
                reported.safe_fix("leave when it fails", vec![Edit::insert(span.end, " || exit")]);
            }
        }
    }
}
