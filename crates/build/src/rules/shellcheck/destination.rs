//! Commands that need to know where to, and are told only what.

use super::tree::{Call, Tree};
use crate::context::Context;
use crate::rule::Findings;
use crate::shell::Word;

/// Reports each call of the program with one operand that is surely one word.
pub(super) fn report_missing(
    context: &Context<'_>,
    findings: &mut Findings<'_>,
    program: &str,
    message: &'static str,
) {
    for tree in context.shells() {
        for call in tree.calls_of(&[program]) {
            if let [word] = operands(tree, call).as_slice()
                && !word.has_expansion()
            {
                findings.report(tree.text.line, tree.place(call.command.span), message);
            }
        }
    }
}

/// The arguments that are no flags; none where `-t` names the destination.
fn operands<'a>(tree: &Tree<'a>, call: &Call<'a>) -> Vec<&'a Word> {
    let mut operands = Vec::new();
    for (word, text) in tree.arguments(call) {
        if text.starts_with("-t")
            || text.starts_with("--target")
            || text.starts_with("--help")
            || text.starts_with("--version")
        {
            return Vec::new();
        }
        if !text.starts_with('-') || word.has_expansion() {
            operands.push(word);
        }
    }
    operands
}
