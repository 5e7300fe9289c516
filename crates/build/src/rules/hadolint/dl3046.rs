//! `useradd` with a high id.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3046",
    aliases: &[],
    level: Level::Warning,
    title: "Use `useradd -l` with a high user id",
    why: "Without it useradd writes a record for every id up to the new one into sparse files, which a layer stores in full: gigabytes.",
    bad: "FROM debian:12\nRUN useradd -u 123456 app\n",
    good: "FROM debian:12\nRUN useradd -l -u 123456 app\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3046",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            let high = program.name() == "useradd"
                && program
                    .value_of(&["u", "uid"])
                    .is_some_and(|id| id.len() > 5 && id.bytes().all(|byte| byte.is_ascii_digit()));
            if high && !program.has_flag(&["l", "no-log-init"]) {
                let place = commands.text.source_span(program.name_span());
                let message = "`useradd` without flag `-l` and high UID will result in \
                               excessively large Image.";
                findings
                    .report(commands.text.line, place, message)
                    .safe_fix("add -l", vec![Edit::insert(place.end, " -l")]);
            }
        }
    }
}
