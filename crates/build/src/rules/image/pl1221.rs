//! Flags of npm that were replaced.

use super::npm::node_release;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::script::Form;

pub(super) static RULE: Rule = Rule {
    id: "PL1221",
    aliases: &[],
    level: Level::Info,
    title: "Leave dev dependencies out with `--omit=dev`",
    why: "npm warns of `--only=production` and `--production` since release 7, which came with \
          Node.js 15, and may drop them. Up to npm 6 they are right, because `--omit` is not known \
          there and everything would be installed.",
    bad: "FROM node:20-alpine\nRUN npm ci --only=production\n",
    good: "FROM node:20-alpine\nRUN npm ci --omit=dev\n",
    mending: Mending::Safe,
    source: "https://docs.npmjs.com/cli/using-npm/config#only",
    check,
};

/// The first release of Node.js whose npm knows `--omit`.
const FIRST: u32 = 15;

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            let inner = program.through_wrappers();
            let installs = inner.args().iter().any(|one| {
                matches!(&*one.text, "install" | "i" | "ci" | "clean-install" | "prune" | "update")
            });
            if inner.program() != "npm" || !installs {
                continue;
            }
            let old = inner.args().iter().find(|one| {
                matches!(
                    &*one.text,
                    "--only=production" | "--only=prod" | "--production" | "--production=true"
                )
            });
            let release = node_release(context, commands.text.stage);
            let Some(flag) = old.filter(|_| release.is_none_or(|release| release >= FIRST)) else {
                continue;
            };
            let place = commands.text.source_span(flag.span);
            let message = format!("{} is deprecated: write --omit=dev", flag.text);
            let reported = findings.report(commands.text.line, place, message);
            if commands.text.form == Form::Exec {
                continue;
            }
            let edits = vec![Edit::replace(place, "--omit=dev")];
            if release.is_some() {
                reported.safe_fix("write --omit=dev", edits);
            } else {
                reported.unsafe_fix("write --omit=dev, which npm knows from 7 on", edits);
            }
        }
    }
}
