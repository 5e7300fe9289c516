//! What stands before the first `FROM`.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3061",
    aliases: &[],
    level: Level::Error,
    title: "Begin with FROM, or ARG for it",
    why: "Before the first FROM there is no image that an instruction could change; the \
          builder refuses all but ARG.",
    bad: "RUN true\nFROM alpine:3.20\n",
    good: "ARG VERSION=3.20\nFROM alpine:$VERSION\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3061",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for instruction in &context.file.instructions {
        match instruction.keyword {
            Keyword::From => break,
            Keyword::Arg => {}
            keyword => {
                let message = format!(
                    "Invalid instruction order. Dockerfile must begin with `FROM`, `ARG` or \
                     comment: {keyword}"
                );
                findings.report(instruction.lines.0, instruction.name.span, message);
            }
        }
    }
}
