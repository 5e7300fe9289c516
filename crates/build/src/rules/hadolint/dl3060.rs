//! The cache of yarn in a layer.

use super::installs::{mounts, removes, report_uncleaned};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::script::Program;

pub(super) static RULE: Rule = Rule {
    id: "DL3060",
    aliases: &[],
    level: Level::Info,
    title: "Run `yarn cache clean` after `yarn install`",
    why: "yarn keeps what it downloaded for the next run, which in an image never comes: the cache is weight.",
    bad: "FROM node:22\nRUN yarn install\n",
    good: "FROM node:22\nRUN yarn install && yarn cache clean\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3060",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_uncleaned(
        context,
        findings,
        |program| is(program, "install"),
        |program| is(program, "cache") || removes(program, &["/root/.cache/yarn"]),
        |_| "yarn cache clean".to_owned(),
        "`yarn cache clean` missing after `yarn install` was run.",
        |commands| !mounts(context, commands, &["/root/.cache/yarn"]),
    );
}

fn is(program: &Program<'_>, subcommand: &str) -> bool {
    program.name() == "yarn" && program.subcommand() == Some(subcommand)
}
