//! Ignore comments that count for nothing: past their day, misspelt, or in the wrong place.

use crate::context::Context;
use crate::finding::Level;
use crate::ignore::{Pragma, Reach, Tool, instruction_around};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1000",
    aliases: &[],
    level: Level::Warning,
    title: "Remove or renew ignore comments that count for nothing",
    why: "Who reads such a comment believes that something is ignored, and it is not: its last day \
          is over, it is not written as the tools read it, or it does not stand right above an \
          instruction.",
    bad: "# hadolint ignore=DL3007 we build daily\nFROM debian:latest\n",
    good: "# hadolint ignore=DL3007 # we build daily\nFROM debian:latest\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint#ignoring-rules",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let file = context.file;
    if context.config.disable_ignore_pragma {
        return;
    }
    for comment in &file.comments {
        let pragma = match Pragma::parse(file.source.slice(comment.span)) {
            Ok(Some(pragma)) => pragma,
            Ok(None) => continue,
            Err(error) => {
                let message = format!("this ignore comment counts for nothing: {error}");
                findings.report(comment.line, comment.span, message);
                continue;
            }
        };
        if let Some(until) = pragma.until.filter(|_| pragma.is_expired(context.config.today)) {
            let message = format!("this ignore comment counts for nothing since {until} is over");
            findings.report(comment.line, comment.span, message);
        } else if pragma.tool == Tool::Hadolint && pragma.reach != Reach::Global {
            let next = comment.line.saturating_add(1);
            let at = file.instructions.binary_search_by_key(&next, |one| one.lines.0);
            let instruction = at.ok().and_then(|index| file.instructions.get(index));
            let why = if instruction_around(file, comment.line).is_some() {
                "it stands within an instruction, where `# plimsoll ignore=` is read"
            } else if instruction.is_none() {
                "it does not stand right above an instruction"
            } else if pragma.reach == Reach::Stage
                && instruction.is_some_and(|one| one.keyword != Keyword::From)
            {
                "it does not stand right above a FROM"
            } else {
                continue;
            };
            let message = format!("this ignore comment counts for nothing: {why}");
            findings.report(comment.line, comment.span, message);
        }
    }
}
