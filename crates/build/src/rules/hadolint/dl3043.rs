//! What `ONBUILD` may not hold.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::{Arguments, Keyword};

pub(super) static RULE: Rule = Rule {
    id: "DL3043",
    aliases: &[],
    level: Level::Error,
    title: "Do not trigger FROM, MAINTAINER or ONBUILD",
    why: "The builder refuses these in ONBUILD: the image that is built on this one cannot be \
          built.",
    bad: "FROM alpine:3.20\nONBUILD MAINTAINER me\n",
    good: "FROM alpine:3.20\nONBUILD RUN make\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3043",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for instruction in &context.file.instructions {
        let Arguments::Onbuild(inner) = &instruction.arguments else { continue };
        if matches!(inner.keyword, Keyword::From | Keyword::Maintainer | Keyword::Onbuild) {
            let message = format!(
                "`ONBUILD`, `FROM` or `MAINTAINER` triggered from within `ONBUILD` instruction: {}",
                inner.keyword
            );
            findings.report(instruction.lines.0, inner.name.span, message);
        }
    }
}
