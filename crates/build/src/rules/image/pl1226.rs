//! `cargo install` without a lockfile.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::script::Form;

pub(super) static RULE: Rule = Rule {
    id: "PL1226",
    aliases: &[],
    level: Level::Info,
    title: "Install programs with `cargo install --locked`",
    why: "Without it cargo takes the newest versions of all dependencies instead of those that the \
          program was released with: two builds of one file differ, and a bad release of any of \
          them is in the next image.",
    bad: "FROM rust:1.90\nRUN cargo install just --version 1.43.0\n",
    good: "FROM rust:1.90\nRUN cargo install --locked just --version 1.43.0\n",
    mending: Mending::Unsafe,
    source: "https://doc.rust-lang.org/cargo/commands/cargo-install.html",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            let inner = program.through_wrappers();
            let Some(install) = inner.args().iter().find(|one| one.text == "install") else {
                continue;
            };
            let first = inner
                .operands()
                .first()
                .is_some_and(|one| one.text == "install" || one.text.starts_with('+'));
            let fixed = inner.has_flag(&["locked", "frozen", "list", "help"]);
            if inner.program() != "cargo" || !first || fixed {
                continue;
            }
            let place = commands.text.source_span(install.span);
            let message = "cargo install takes the newest dependencies: add --locked";
            let reported = findings.report(commands.text.line, place, message);
            if commands.text.form != Form::Exec {
                reported.unsafe_fix("add --locked", vec![Edit::insert(place.end, " --locked")]);
            }
        }
    }
}
