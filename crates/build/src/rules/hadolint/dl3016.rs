//! npm packages without a version.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3016",
    aliases: &[],
    level: Level::Warning,
    title: "Pin versions in `npm install`",
    why: "Without a version the newest is taken: two builds of one file differ, and a bad release, or a hijacked one, is in the next image.",
    bad: "FROM node:22\nRUN npm install -g express\n",
    good: "FROM node:22\nRUN npm install -g express@4.21.2\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3016",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            let installs =
                program.name() == "npm" && matches!(program.subcommand(), Some("install"));
            if !installs {
                continue;
            }
            let values = ["registry", "prefix", "loglevel", "cache", "userconfig", "tag"];
            for package in program.operands_after(&values).into_iter().skip(1) {
                let text: &str = &package.text;
                if is_pinned(text) {
                    continue;
                }
                let place = commands.text.source_span(package.span);
                let message = format!(
                    "Pin versions in npm. Instead of `npm install {text}` use `npm install \
                     {text}@<version>`"
                );
                findings.report(commands.text.line, place, message);
            }
        }
    }
}

/// A version, a commit, a folder or a file.
fn is_pinned(package: &str) -> bool {
    let remote = ["git://", "git+ssh://", "git+http://", "git+https://"];
    if remote.iter().any(|one| package.starts_with(one)) {
        return package.contains('#');
    }
    let name = package.strip_prefix('@').unwrap_or(package);
    let local = ["/", "./", "../", "~/"].iter().any(|one| package.starts_with(one));
    let file = [".tar", ".tar.gz", ".tgz"].iter().any(|end| package.ends_with(end));
    name.contains('@') || local || file
}
