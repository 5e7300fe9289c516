//! `ADD` of what `COPY` copies.

use super::quotes::bare;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3020",
    aliases: &["DS-0005", "AVD-DS-0005", "DS005", "CIS-4.9", "CIS-DI-0009"],
    level: Level::Error,
    title: "Use COPY for files and folders of the build context",
    why: "ADD also fetches URLs and unpacks archives: what it does depends on what the file \
          is. COPY does one thing.",
    bad: "FROM alpine:3.20\nADD app.py /srv/app.py\n",
    good: "FROM alpine:3.20\nCOPY app.py /srv/app.py\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3020",
    check,
};

/// How the names of archives end that ADD unpacks.
const ARCHIVES: [&str; 16] = [
    ".tar", ".gz", ".bz2", ".xz", ".Z", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz",
    ".tlz", ".tpz", ".txz", ".tzst",
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Add).filter(|step| !step.onbuild) {
        let instruction = step.instruction;
        let Some((_, sources)) = instruction.arguments.words().split_last() else { continue };
        if !instruction.heredocs.is_empty() {
            continue;
        }
        let file = sources.iter().find(|source| !needs_add(bare(&source.text)));
        let Some(file) = file else { continue };
        let reported = findings.report(
            step.line,
            instruction.name.span,
            format!("Use COPY instead of ADD for files and folders: {}", file.text),
        );
        let same = sources.iter().all(|source| is_surely_a_file(bare(&source.text)))
            && instruction
                .flags
                .iter()
                .all(|flag| matches!(flag.name(), "chown" | "chmod" | "link" | "exclude"));
        if same {
            let lower = instruction.name.text.starts_with('a');
            let copy = if lower { "copy" } else { "COPY" };
            reported.safe_fix("use COPY", vec![Edit::replace(instruction.name.span, copy)]);
        }
    }
}

/// Whether the source is an archive, a URL or a repository.
fn needs_add(source: &str) -> bool {
    source.starts_with("http://")
        || source.starts_with("https://")
        || is_repository(source)
        || source.ends_with(".tar.zst")
        || ARCHIVES.iter().any(|end| source.ends_with(end))
}

fn is_repository(source: &str) -> bool {
    source.starts_with("git@") || source.starts_with("git://") || source.starts_with("ssh://")
}

/// Whether COPY would surely do the same: no variable, no URL, no archive under another name.
fn is_surely_a_file(source: &str) -> bool {
    let lower = source.to_ascii_lowercase();
    let archive = [".tar", ".tgz", ".tbz", ".txz", ".zst", ".tzst", ".gz", ".xz", ".bz2"];
    !source.contains('$')
        && !lower.contains("://")
        && !needs_add(source)
        && !archive.iter().any(|part| lower.contains(part))
        && !source.ends_with('*')
}
