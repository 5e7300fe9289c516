//! `find` into `xargs`.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use super::unquoted::texts;

pub(super) static RULE: Rule = Rule {
    id: "SC2038",
    aliases: &[],
    level: Level::Warning,
    title: "Pass file names with a NUL between",
    why: "A name with a blank or a line break in it becomes two.",
    bad: "FROM debian:12\nRUN find /src -name x | xargs rm\n",
    good: "FROM debian:12\nRUN find /src -name x -print0 | xargs -0 rm\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2038",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for text in texts(context) {
        for pair in text.programs().windows(2) {
            let [finds, passes] = pair else { continue };
            let zero = ["0", "null", "d", "delimiter"];
            let joined = finds.name() == "find"
                && passes.name() == "xargs"
                && passes.place.position == finds.place.position.saturating_add(1)
                && std::ptr::eq(finds.place.pipeline, passes.place.pipeline);
            let safe = passes.has_flag(&zero)
                || finds.args().iter().any(|one| matches!(&*one.text, "-print0" | "-printf"));
            if joined && !safe {
                let place = text.source_span(finds.command().span);
                let message = "Use 'find .. -print0 | xargs -0 ..' or 'find .. -exec .. +' to \
                               allow non-alphanumeric filenames.";
                findings.report(text.line, place, message);
            }
        }
    }
}
