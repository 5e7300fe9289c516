//! Python packages without a version.

use super::pip::{installing, packages};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3013",
    aliases: &[],
    level: Level::Warning,
    title: "Pin versions in `pip install`",
    why: "Without a version the newest is taken: two builds of one file differ, and a bad release, or a hijacked one, is in the next image.",
    bad: "FROM python:3.13\nRUN pip install --no-cache-dir requests\n",
    good: "FROM python:3.13\nRUN pip install --no-cache-dir requests==2.32.4\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3013",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            if installing(program).is_none() {
                continue;
            }
            for package in packages(program) {
                let text: &str = &package.text;
                if is_pinned(text) {
                    continue;
                }
                let place = commands.text.source_span(package.span);
                let message = format!(
                    "Pin versions in pip. Instead of `pip install {text}` use `pip install \
                     {text}==<version>` or `pip install --requirement <requirements file>`"
                );
                findings.report(commands.text.line, place, message);
            }
        }
    }
}

/// A version, a file, a folder, or a commit.
fn is_pinned(package: &str) -> bool {
    let remote = package.contains("git+") || package.contains("hg+") || package.contains("svn+");
    if remote {
        let path = package.split_once("://").map_or(package, |(_, rest)| rest);
        return path.split('#').next().unwrap_or_default().contains('@');
    }
    let compared = ["==", ">=", "<=", "!=", "~=", "<", ">"].iter().any(|one| package.contains(one));
    let file = [".whl", ".tar.gz", ".zip", ".tgz"].iter().any(|end| package.ends_with(end));
    compared || file || package.contains('/') || package.starts_with('.')
}
