//! An archive that is copied and then unpacked.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3010",
    aliases: &[],
    level: Level::Info,
    title: "Use ADD to unpack archives",
    why: "ADD unpacks a local archive by itself; COPY and tar leave the archive in a layer beside what was in it.",
    bad: "FROM debian:12\nCOPY app.tar /tmp/\nRUN tar -xf /tmp/app.tar\n",
    good: "FROM debian:12\nADD app.tar /opt/\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3010",
    check,
};

const ARCHIVES: [&str; 12] =
    [".tar", ".gz", ".bz2", ".xz", ".tgz", ".tb2", ".tbz", ".tbz2", ".tz2", ".lz", ".lzma", ".txz"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Copy) {
        let words = step.instruction.arguments.words();
        let Some((target, sources)) = words.split_last() else { continue };
        if step.instruction.flag("from").is_some() {
            continue;
        }
        for source in sources.iter().filter(|one| is_archive(&one.text)) {
            let name = if is_archive(&target.text) { &target.text } else { &source.text };
            let name = base_name(name);
            let unpacked = context
                .runs()
                .filter(|commands| {
                    commands.text.instruction > step.index && commands.text.stage == step.stage
                })
                .any(|commands| {
                    commands.invocations.iter().any(|program| {
                        unpacks(program)
                            && program.args().iter().any(|one| base_name(&one.text) == name)
                    })
                });
            if unpacked {
                let message = "Use `ADD` for extracting archives into an image";
                findings.report(step.line, source.span, message);
            }
        }
    }
}

fn unpacks(program: &crate::script::Program<'_>) -> bool {
    match program.name() {
        "tar" => {
            let first = program
                .args()
                .first()
                .is_some_and(|one| !one.text.starts_with('-') && one.text.contains('x'));
            first || program.has_flag(&["x", "extract", "get"])
        }
        "unzip" | "gunzip" | "bunzip2" | "unlzma" | "unxz" | "zgz" | "uncompress" | "zcat"
        | "gzcat" => true,
        _ => false,
    }
}

fn is_archive(path: &str) -> bool {
    let path = path.trim_matches(['"', '\'']);
    ARCHIVES.iter().any(|end| path.ends_with(end))
}

fn base_name(path: &str) -> &str {
    path.trim_matches(['"', '\'']).rsplit(['/', '\\']).next().unwrap_or(path)
}
