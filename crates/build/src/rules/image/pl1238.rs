//! Files written below a `VOLUME`.

use crate::context::{Commands, Context};
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::rules::hadolint::quotes::bare;
use crate::shell::RedirectOperator;
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1238",
    aliases: &[],
    level: Level::Warning,
    title: "Write below a VOLUME before it is declared",
    why: "The builder of Docker up to 22, and others, throw away what a RUN changes below a folder \
          that is a VOLUME already; BuildKit keeps it. So the image differs by who builds it. Put \
          VOLUME behind the last change.",
    bad: "FROM debian:12\nVOLUME /var/lib/app\nRUN mkdir -p /var/lib/app/data && chown 1000 /var/lib/app/data\n",
    good: "FROM debian:12\nRUN mkdir -p /var/lib/app/data && chown 1000 /var/lib/app/data\nVOLUME /var/lib/app\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#notes-about-specifying-volumes",
    check,
};

/// Programs that change the files that they name.
const CHANGING: [&str; 9] =
    ["mkdir", "chown", "chmod", "chgrp", "touch", "cp", "mv", "ln", "install"];

/// How many volumes, and paths of one, are looked at.
const MOST: usize = 50;

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for volume in context.steps_of(Keyword::Volume).filter(|step| !step.onbuild).take(MOST) {
        let behind = context.runs().filter(|one| {
            one.text.stage == volume.stage && one.text.instruction > volume.index && !one.text.onbuild
        });
        let behind: Vec<Commands<'_>> = behind.collect();
        for word in volume.instruction.arguments.words().iter().take(MOST) {
            let Ok(path) = context.expand(bare(&word.text), volume) else { continue };
            let path = path.text.trim_end_matches('/');
            if !path.starts_with('/') || path.starts_with("/tmp") {
                continue;
            }
            let Some((commands, span)) =
                behind.iter().find_map(|one| Some((one, change_below(*one, path)?)))
            else {
                continue;
            };
            let place = commands.text.source_span(span);
            let message = format!("what this changes below {path} is lost with some builders");
            findings
                .report(commands.text.line, place, message)
                .related(word.span, "a VOLUME from here on");
        }
    }
}

/// The word that names something below the path to a program that changes it.
fn change_below(commands: Commands<'_>, path: &str) -> Option<crate::Span> {
    let below = |text: &str| {
        text.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let source = commands.text.text.text();
    commands.invocations.iter().find_map(|program| {
        let inner = program.through_wrappers();
        let operands = inner.operands();
        let named = match inner.program() {
            // The last word alone is written.
            "cp" | "mv" | "ln" | "install" => operands.last().filter(|one| below(&one.text)),
            name if CHANGING.contains(&name) => operands.iter().find(|one| below(&one.text)),
            _ => None,
        };
        named.map(|one| one.span).or_else(|| {
            let mut redirects = program.command().redirects.iter();
            let written = redirects.find(|one| {
                matches!(
                    one.operator,
                    RedirectOperator::Write | RedirectOperator::Append | RedirectOperator::Clobber
                ) && below(&one.target.text(source))
            });
            written.map(|one| one.span)
        })
    })
}
