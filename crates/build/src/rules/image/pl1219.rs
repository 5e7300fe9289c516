//! Files that everybody may write.

use super::lineage::Lineage;
use super::modes::Mode;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1219",
    aliases: &[],
    level: Level::Warning,
    title: "Let nobody but the owner and the group write",
    why: "What everybody may write, every process in the container may replace, one that was broken \
          into too. Give the files to the user that needs them, with `COPY --chown` or chown.",
    bad: "FROM alpine:3.20\nCOPY app /srv/app\nRUN chmod -R 777 /srv/app\n",
    good: "FROM alpine:3.20\nCOPY --chown=1000:1000 app /srv/app\n",
    mending: Mending::None,
    source: "https://cwe.mitre.org/data/definitions/732.html",
    check,
};

/// Where everybody may write anyway.
const OPEN: [&str; 6] = ["/tmp", "/var/tmp", "/dev", "/run/lock", "/var/lock", "/proc"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let image = Lineage::new(context);
    for commands in context.runs() {
        if !image.holds(commands.text.stage) {
            continue;
        }
        for program in commands.invocations {
            let inner = program.through_wrappers();
            let operands = inner.operands();
            let Some((mode, paths)) = operands.split_first() else { continue };
            let bits = Mode::parse(&mode.text);
            if inner.program() != "chmod" || !bits.world_writable || bits.sticky {
                continue;
            }
            let Some(path) = paths.iter().find(|path| !is_open(&path.text)) else { continue };
            let place = commands.text.source_span(mode.span);
            let message = format!("{} lets everybody write {}", mode.text, path.text);
            findings.report(commands.text.line, place, message);
        }
    }
    for keyword in [Keyword::Copy, Keyword::Add] {
        for step in context.steps_of(keyword) {
            let Some(flag) = step.instruction.flag("chmod") else { continue };
            let bits = Mode::parse(flag.value().unwrap_or_default());
            if bits.world_writable && !bits.sticky && image.holds(step.stage) {
                findings.report(step.line, flag.span, "this lets everybody write what is copied");
            }
        }
    }
}

fn is_open(path: &str) -> bool {
    OPEN.iter().any(|open| {
        path.strip_prefix(open).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}
