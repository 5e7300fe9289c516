//! Files written below a `VOLUME`.

use crate::Span;
use crate::context::{Commands, Context};
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::rules::hadolint::quotes::bare;
use crate::script::ShellText;
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
const CHANGING: [&str; 5] = ["mkdir", "chown", "chmod", "chgrp", "touch"];

/// How many volumes, and paths of one, are looked at.
const MOST: usize = 50;

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut volumes = context.steps_of(Keyword::Volume).filter(|step| !step.onbuild).peekable();
    if volumes.peek().is_none() {
        return;
    }
    let runs = context.runs().filter(|one| !one.text.onbuild);
    let changes: Vec<Change<'_>> = runs.flat_map(changes).collect();
    for volume in volumes.take(MOST) {
        for word in volume.instruction.arguments.words().iter().take(MOST) {
            let Ok(path) = context.expand(bare(&word.text), volume) else { continue };
            let path = path.text.trim_end_matches('/');
            if !path.starts_with('/') || path.starts_with("/tmp") {
                continue;
            }
            let below = |text: &str| {
                text.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let found = changes.iter().find(|change| {
                change.text.stage == volume.stage
                    && change.text.instruction > volume.index
                    && below(&change.path)
            });
            let Some(Change { text, span, .. }) = found else { continue };
            let place = text.source_span(*span);
            let message = format!("what this changes below {path} is lost with some builders");
            findings.report(text.line, place, message).related(word.span, "a VOLUME from here on");
        }
    }
}

/// A path that a command changes.
struct Change<'c> {
    text: &'c ShellText,
    path: String,
    span: Span,
}

/// The paths that a text changes, in order.
fn changes(commands: Commands<'_>) -> Vec<Change<'_>> {
    let text = commands.text;
    let source = text.text.text();
    let mut found = Vec::new();
    for program in commands.invocations {
        let inner = program.through_wrappers();
        let operands = inner.operands();
        let named = match inner.program() {
            // The last word alone is written.
            "cp" | "mv" | "ln" | "install" => operands.last().map(std::slice::from_ref),
            name if CHANGING.contains(&name) => Some(operands.as_slice()),
            _ => None,
        };
        for one in named.unwrap_or_default() {
            found.push(Change { text, path: one.text.to_string(), span: one.span });
        }
        for one in &program.command().redirects {
            let writes = matches!(
                one.operator,
                RedirectOperator::Write | RedirectOperator::Append | RedirectOperator::Clobber
            );
            if writes {
                let path = one.target.text(source).into_owned();
                found.push(Change { text, path, span: one.span });
            }
        }
    }
    found
}
