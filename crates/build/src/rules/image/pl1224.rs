//! yarn and pnpm that may write the lockfile anew.

use super::npm::{copies, is_behind};
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::script::Form;

pub(super) static RULE: Rule = Rule {
    id: "PL1224",
    aliases: &[],
    level: Level::Info,
    title: "Install what the lockfile says with `--frozen-lockfile`",
    why: "Outside of CI, yarn and pnpm write the lockfile anew where it does not fit package.json, \
          and take other versions than those that were tried out.",
    bad: "FROM node:22\nCOPY package.json yarn.lock ./\nRUN yarn install && yarn cache clean\n",
    good: "FROM node:22\nCOPY package.json yarn.lock ./\nRUN yarn install --frozen-lockfile && yarn cache clean\n",
    mending: Mending::Unsafe,
    source: "https://classic.yarnpkg.com/lang/en/docs/cli/install/",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let (yarn, pnpm) = (copies(context, &["yarn.lock"]), copies(context, &["pnpm-lock.yaml"]));
    for commands in context.runs() {
        let text = commands.text;
        for program in commands.invocations {
            let inner = program.through_wrappers();
            let words = inner.operands();
            let names: Vec<&str> = words.iter().map(|one| &*one.text).collect();
            let (lockfile, copied) = match (inner.program(), names.as_slice()) {
                ("yarn", [] | ["install"]) => ("yarn.lock", &yarn),
                ("pnpm", ["install" | "i"]) => ("pnpm-lock.yaml", &pnpm),
                _ => continue,
            };
            let frozen =
                ["frozen-lockfile", "immutable", "no-lockfile", "version", "help", "offline"];
            let other =
                inner.has_flag(&frozen) || inner.has_flag(&["g", "global", "no-frozen-lockfile"]);
            let scope = context.scopes.at(text.stage, text.instruction);
            if other || scope.is_declared("CI") || !is_behind(copied, text) {
                continue;
            }
            let end = words.last().map_or(inner.name_span(), |word| word.span);
            let place = text.source_span(inner.name_span().join(end));
            let message =
                format!("{} may take other versions than {lockfile} says", inner.program());
            let reported = findings.report(text.line, place, message);
            if text.form != Form::Exec {
                reported.unsafe_fix(
                    "add --frozen-lockfile",
                    vec![Edit::insert(place.end, " --frozen-lockfile")],
                );
            }
        }
    }
}
