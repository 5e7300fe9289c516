//! The whole context in the root folder.

use super::whole_context;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::rules::hadolint::quotes::bare;
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1232",
    aliases: &[],
    level: Level::Info,
    title: "Copy the build context into a folder of its own",
    why: "In the root folder the files of the project lie among those of the system, and one that \
          is called `bin` or `etc` is mixed with the folder of that name.",
    bad: "FROM alpine:3.20\nCOPY . /\n",
    good: "FROM alpine:3.20\nWORKDIR /srv/app\nCOPY . .\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/best-practices/#workdir",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut folder: Option<String> = None;
    for step in context.steps().filter(|step| !step.onbuild) {
        match step.instruction.keyword {
            Keyword::From => {
                let stage = step.stage.and_then(|stage| context.stages.get(stage));
                // A system that is put together in an empty image belongs there.
                let empty = stage.is_some_and(|stage| context.root_stage(stage).is_scratch());
                folder = empty.then(|| "?".to_owned());
            }
            Keyword::Workdir => {
                let path = step.instruction.arguments.text();
                folder = path.map(|path| bare(&path.text).to_owned());
            }
            Keyword::Copy | Keyword::Add => {
                let Some(source) = whole_context::source(step.instruction) else { continue };
                let Some(target) = step.instruction.arguments.words().last() else { continue };
                let here = matches!(bare(&target.text), "." | "./");
                let root = bare(&target.text) == "/" && folder.as_deref() != Some("?")
                    || here && folder.as_deref() == Some("/");
                if root {
                    let message = "this puts the files of the project among those of the system";
                    findings.report(step.line, source.span.join(target.span), message);
                }
            }
            _ => {}
        }
    }
}
