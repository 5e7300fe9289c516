//! Instructions of which only the last one of a stage counts, and how the others are taken out.

use crate::Span;
use crate::context::{Context, Step};
use crate::finding::Edit;
use crate::rule::Findings;
use crate::syntax::{Dockerfile, Instruction, Keyword};

/// Reports every instruction of that kind but the first of its stage; the one before it is taken
/// out, because it has no effect.
pub(super) fn report_repeated(
    context: &Context<'_>,
    findings: &mut Findings<'_>,
    keyword: Keyword,
    message: &str,
) {
    let mut before: Option<Step<'_>> = None;
    for step in context.steps_of(keyword).filter(|step| !step.onbuild) {
        if let Some(earlier) = before.filter(|earlier| earlier.stage == step.stage) {
            findings
                .report(step.line, step.instruction.name.span, message.to_owned())
                .related(earlier.instruction.span, "this one has no effect")
                .safe_fix(
                    format!("take out the {keyword} before it"),
                    removal(context.file, earlier.instruction)
                        .map(Edit::remove)
                        .into_iter()
                        .collect(),
                );
        }
        before = Some(step);
    }
}

/// The lines of an instruction with the ignore comments that belong to it; `None` where a
/// comment within it would be lost.
pub(in crate::rules) fn removal(file: &Dockerfile, instruction: &Instruction) -> Option<Span> {
    if has_comments_within(file, instruction) {
        return None;
    }
    let mut first = instruction.lines.0;
    for comment in file.comments.get(instruction.comments.clone())?.iter().rev() {
        let ignores =
            comment.text.starts_with("hadolint ") || comment.text.starts_with("plimsoll ");
        if comment.line.saturating_add(1) != first || !ignores {
            break;
        }
        first = comment.line;
    }
    let end = file.source.line_start(instruction.lines.1.saturating_add(1));
    Some(Span::new(file.source.line_start(first), end))
}

/// Whether comments stand between the lines of an instruction.
pub(super) fn has_comments_within(file: &Dockerfile, instruction: &Instruction) -> bool {
    let (first, last) = instruction.lines;
    let behind = file.comments.partition_point(|comment| comment.line <= first);
    file.comments.get(behind).is_some_and(|comment| comment.line <= last)
}

/// What stands before an instruction in its line.
pub(super) fn indentation<'f>(file: &'f Dockerfile, instruction: &Instruction) -> &'f str {
    let start = file.source.line_start(instruction.lines.0);
    let before = file.source.slice(Span::new(start, instruction.span.start));
    if before.trim().is_empty() { before } else { "" }
}
