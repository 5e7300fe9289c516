//! `ENV PATH` with which nothing is found.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::rules::hadolint::quotes::bare;
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1240",
    aliases: &[],
    level: Level::Warning,
    title: "Keep the folders of the system in PATH",
    why: "A PATH that neither has `$PATH` nor the folders of the system in it finds not even `ls`. \
          Between single quotes `$PATH` is not replaced, and `~` is replaced by no builder.",
    bad: "FROM debian:12\nENV PATH=/opt/app/bin\n",
    good: "FROM debian:12\nENV PATH=/opt/app/bin:$PATH\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#environment-replacement",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Env).filter(|step| !step.onbuild) {
        let stage = step.stage.and_then(|stage| context.stages.get(stage));
        // An image from scratch has no folders of a system.
        if stage.is_none_or(|stage| context.root_stage(stage).is_scratch()) {
            continue;
        }
        for pair in step.instruction.arguments.pairs() {
            if bare(&pair.key.text) == "PATH"
                && let Some(why) = broken(&pair.value.text, pair.equals)
            {
                findings.report(step.line, pair.value.span, why);
            }
        }
    }
}

fn broken(written: &str, equals: bool) -> Option<&'static str> {
    let value = bare(written);
    // Windows has folders of its own.
    if value.contains(';') || value.contains('\\') {
        return None;
    }
    let literal = equals && written.starts_with('\'');
    if literal && value.contains("PATH") && value.contains('$') {
        return Some("between single quotes $PATH is not replaced");
    }
    if value.split(':').any(|folder| folder == "~" || folder.starts_with("~/")) {
        return Some("nothing replaces `~` here: write the folder out");
    }
    let system =
        value.split(':').any(|folder| matches!(folder.trim_end_matches('/'), "/bin" | "/usr/bin"));
    let other = value.contains('$') || value.contains("/bin:") && value.contains("/nix");
    (!system && !other)
        .then_some("the folders of the system are not in this PATH: no program of theirs is found")
}
