//! npm as the first process.

use super::lineage;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1236",
    aliases: &[],
    level: Level::Info,
    title: "Start the program itself instead of npm, yarn or pnpm",
    why: "npm starts a shell that starts the program: three processes, of which the one that gets \
          the signal to stop may not hand it on. The container is then killed after ten seconds, \
          with requests in the middle.",
    bad: "FROM node:22\nCMD [\"npm\", \"start\"]\n",
    good: "FROM node:22\nCMD [\"node\", \"server.js\"]\n",
    mending: Mending::None,
    source: "https://github.com/nodejs/docker-node/blob/main/docs/BestPractices.md#cmd",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if lineage::is_for_development(context) {
        return;
    }
    let entry = lineage::last(context, Keyword::Entrypoint);
    let Some(step) = entry.or_else(|| lineage::last(context, Keyword::Cmd)) else { return };
    let Some(commands) = lineage::commands(context, step) else { return };
    let Some(program) = commands.invocations.last() else { return };
    let inner = program.through_wrappers();
    let words = inner.operands();
    let names: Vec<&str> = words.iter().map(|one| &*one.text).collect();
    let starts = matches!(
        (inner.program(), names.as_slice()),
        ("npm" | "yarn" | "pnpm", ["start" | "run" | "serve" | "dev" | "prod" | "production", ..])
    );
    if starts {
        let place = commands.text.source_span(inner.command().span);
        let message = format!(
            "{} stands between the signals of the container and the program",
            inner.program()
        );
        findings.report(step.line, place, message);
    }
}
