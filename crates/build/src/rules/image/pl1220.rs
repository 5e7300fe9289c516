//! `npm install` where there is a lockfile.

use super::npm::{copies, installs_project, is_behind};
use crate::Span;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::script::Form;

pub(super) static RULE: Rule = Rule {
    id: "PL1220",
    aliases: &[],
    level: Level::Info,
    title: "Install what the lockfile says with `npm ci`",
    why: "`npm install` may write the lockfile anew and take other versions than those that were \
          tried out. `npm ci` installs exactly what it says, and fails where it does not fit \
          package.json.",
    bad: "FROM node:22\nCOPY package.json package-lock.json ./\nRUN npm install\n",
    good: "FROM node:22\nCOPY package.json package-lock.json ./\nRUN npm ci\n",
    mending: Mending::Unsafe,
    source: "https://docs.npmjs.com/cli/commands/npm-ci",
    check,
};

const LOCKFILES: [&str; 5] = [
    "package-lock.json",
    "npm-shrinkwrap.json",
    "package-lock*.json",
    "package*.json",
    "package-*.json",
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let lockfiles = copies(context, &LOCKFILES);
    for commands in context.runs() {
        for program in commands.invocations {
            let inner = program.through_wrappers();
            let operands = inner.operands();
            let word = operands.iter().find(|one| matches!(&*one.text, "install" | "i"));
            let Some(word) = word.filter(|_| installs_project(&inner)) else { continue };
            let text = commands.text;
            let kept = !inner.has_flag(&["no-package-lock", "package-lock-only", "no-save"]);
            if !kept || !is_behind(&lockfiles, text) {
                continue;
            }
            let place = text.source_span(Span::new(inner.name_span().start, word.span.end));
            let message = "`npm install` may take other versions than those in package-lock.json";
            let reported = findings.report(text.line, place, message);
            if text.form != Form::Exec {
                let edit = Edit::replace(text.source_span(word.span), "ci");
                reported.unsafe_fix("use npm ci", vec![edit]);
            }
        }
    }
}
