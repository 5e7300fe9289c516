//! Switches that take a protection away, and how they are taken out.

use crate::Span;
use crate::context::Commands;
use crate::finding::Edit;
use crate::script::Form;
use crate::shell::Arg;

/// The edit that takes an argument out, with the blank before it; none in exec form and where
/// something else than a blank stands there.
pub(super) fn removal(commands: Commands<'_>, argument: &Arg<'_>) -> Vec<Edit> {
    let text = commands.text.text.text();
    let before = argument.span.start.checked_sub(1);
    let blank = before.filter(|at| Span::new(*at, argument.span.start).of(text) == " ");
    match blank {
        Some(start) if commands.text.form != Form::Exec => {
            let start = commands.text.source_span(Span::new(start, argument.span.start)).start;
            vec![Edit::remove(Span::new(start, commands.text.source_span(argument.span).end))]
        }
        _ => Vec::new(),
    }
}
