//! Go programs without a version.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3062",
    aliases: &[],
    level: Level::Warning,
    title: "Pin versions in `go install`",
    why: "Without a version the newest is taken: two builds of one file differ, and a bad release, or a hijacked one, is in the next image.",
    bad: "FROM golang:1.24\nRUN go install example.com/tool\n",
    good: "FROM golang:1.24\nRUN go install example.com/tool@v1.2.3\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3062",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            let fetches = program.name() == "go"
                && matches!(program.subcommand(), Some("install" | "get" | "run"));
            if !fetches {
                continue;
            }
            let mut packages =
                program.operands_after(&["o", "C", "p", "ldflags", "tags", "mod", "modfile"]);
            packages.remove(0);
            if program.subcommand() == Some("run") {
                packages.truncate(1);
            }
            for package in packages {
                let text: &str = &package.text;
                // Names that mean packages of the module itself.
                let own = matches!(text, "tool" | "all" | "std" | "cmd" | "work");
                let local = own || text.starts_with(['/', '.']) || text.ends_with(".go");
                let version = text.split_once('@').map(|(_, version)| version);
                if local || version.is_some_and(|version| version != "latest") {
                    continue;
                }
                let place = commands.text.source_span(package.span);
                let message = format!(
                    "Pin versions in go. Instead of `go install {0}` use `go install {0}@<version>`",
                    text.split('@').next().unwrap_or(text)
                );
                findings.report(commands.text.line, place, message);
            }
        }
    }
}
