//! `node_modules` that are copied and then installed again.

use super::npm::installs_project;
use std::collections::HashMap;

use crate::Span;
use crate::context::{Commands, Context};
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::rules::hadolint::lines::removal;
use crate::rules::hadolint::quotes::bare;
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1223",
    aliases: &[],
    level: Level::Warning,
    title: "Copy node_modules from another stage, or install them, but not both",
    why: "The copied folder is a layer of the image for good, with the dev dependencies that the \
          build needed. `npm ci` deletes it in the next layer and installs again; `npm install` \
          works on it. Install alone, or take the dev dependencies out in the stage before.",
    bad: "FROM node:20 AS build\nRUN npm ci\nFROM node:20-alpine\nCOPY --from=build /app/node_modules ./node_modules\nCOPY package*.json ./\nRUN npm ci --omit=dev\n",
    good: "FROM node:20 AS build\nRUN npm ci\nFROM node:20-alpine\nCOPY package*.json ./\nRUN npm ci --omit=dev\n",
    mending: Mending::Unsafe,
    source: "https://docs.npmjs.com/cli/commands/npm-ci",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    // The last of each stage.
    let mut installs: HashMap<Option<usize>, (Commands<'_>, Span)> = HashMap::new();
    for commands in context.runs().filter(|one| !one.text.onbuild) {
        let mut inner = commands.invocations.iter().map(|program| program.through_wrappers());
        if let Some(program) = inner.rfind(installs_project) {
            installs.insert(commands.text.stage, (commands, program.command().span));
        }
    }
    for copy in context.steps_of(Keyword::Copy).filter(|step| !step.onbuild) {
        let words = copy.instruction.arguments.words();
        let Some((_, sources)) = words.split_last() else { continue };
        let folder = |path: &str| bare(path).trim_end_matches('/').ends_with("node_modules");
        let source = sources.iter().find(|source| folder(&source.text));
        let Some(source) = source.filter(|_| copy.instruction.flag("from").is_some()) else {
            continue;
        };
        let again = installs.get(&copy.stage).filter(|one| one.0.text.instruction > copy.index);
        let Some((commands, span)) = again else { continue };
        let place = commands.text.source_span(*span);
        let message = "the copied node_modules stay in a layer of their own, and are installed again \
                       behind it";
        let reported =
            findings.report(copy.line, source.span, message).related(place, "installed again here");
        if sources.len() == 1 {
            let edits = removal(context.file, copy.instruction).map(Edit::remove);
            reported.unsafe_fix("do not copy them", edits.into_iter().collect());
        }
    }
}
