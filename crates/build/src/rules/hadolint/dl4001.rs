//! wget and curl in one image.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL4001",
    aliases: &["DS-0014", "AVD-DS-0014", "DS014"],
    level: Level::Warning,
    title: "Use either wget or curl but not both",
    why: "Both do the same: the second one is weight, and more that can be vulnerable.",
    bad: "FROM debian:12\nRUN wget https://example.com/a\nRUN curl -O https://example.com/b\n",
    good: "FROM debian:12\nRUN curl -O https://example.com/a\nRUN curl -O https://example.com/b\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL4001",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut stage = None;
    let (mut wget, mut curl) = (false, false);
    for commands in context.runs() {
        if stage != commands.text.stage {
            (stage, wget, curl) = (commands.text.stage, false, false);
        }
        let found = |name: &str| commands.invocations.iter().find(|program| program.name() == name);
        let (gets, curls) = (found("wget"), found("curl"));
        wget |= gets.is_some();
        curl |= curls.is_some();
        if let (true, true, Some(program)) = (wget, curl, gets.or(curls)) {
            let place = commands.text.source_span(program.name_span());
            findings.report(commands.text.line, place, "Either use Wget or Curl but not both");
        }
    }
}
