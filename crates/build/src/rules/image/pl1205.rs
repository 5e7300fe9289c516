//! `HEALTHCHECK` that cannot fail.

use crate::context::{Commands, Context};
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::script::{Form, Program};
use crate::shell::AndOrOp;
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1205",
    aliases: &[],
    level: Level::Warning,
    title: "Let HEALTHCHECK fail when the program does",
    why: "curl succeeds with every answer of a server, `500 Internal Server Error` too, unless \
          `--fail` is given; and behind `|| true` nothing fails. Such a check says that all is \
          well while it is not.",
    bad: "FROM nginx:1.29\nHEALTHCHECK CMD curl http://localhost/ || exit 1\n",
    good: "FROM nginx:1.29\nHEALTHCHECK CMD curl -f http://localhost/ || exit 1\n",
    mending: Mending::Unsafe,
    source: "https://curl.se/docs/manpage.html#-f",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.all_commands() {
        if commands.text.keyword != Keyword::Healthcheck || commands.text.onbuild {
            continue;
        }
        for program in commands.invocations {
            if ignores_answer(program) {
                let place = commands.text.source_span(program.name_span());
                let message = "curl without --fail takes every answer for health, errors of the \
                               server too";
                let reported = findings.report(commands.text.line, place, message);
                let flag = if commands.text.form == Form::Exec { "\", \"-f" } else { " -f" };
                reported.unsafe_fix("fail at an error", vec![Edit::insert(place.end, flag)]);
            } else if hides_failure(commands, program) {
                let place = commands.text.source_span(program.command().span);
                let message = "what stands behind `||` succeeds always, and so does the check";
                findings.report(commands.text.line, place, message);
            }
        }
    }
}

/// Whether it is a curl that fails at no answer, and nothing looks at what it prints.
fn ignores_answer(program: &Program<'_>) -> bool {
    let looks = program.has_flag(&["f", "fail", "fail-with-body", "fail-early", "w", "write-out"]);
    let read = program.place.substitution.is_some()
        || program.place.position.saturating_add(1) < program.place.pipeline.commands.len();
    let web = !program.args().iter().any(|one| {
        ["unix://", "ftp://", "telnet://", "smtp://"].iter().any(|kind| one.text.starts_with(kind))
    });
    let asks = program.args().iter().any(|one| !one.is_flag());
    program.program() == "curl" && web && asks && !looks && !read
}

fn hides_failure(commands: Commands<'_>, program: &Program<'_>) -> bool {
    let arguments: Vec<&str> = program.args().iter().map(|one| &*one.text).collect();
    let succeeds = match program.name() {
        "true" | ":" => true,
        "exit" => arguments == ["0"],
        _ => false,
    };
    let last = commands.text.script.list.items.len() == program.place.top.saturating_add(1);
    let ends = program.place.pipeline_index == program.place.and_or.rest.len();
    succeeds
        && commands.text.form != Form::Exec
        && program.place.is_top_level()
        && program.place.previous_operator() == Some(AndOrOp::Or)
        && last
        && ends
}
