//! The comparisons in `[ … ]` and `[[ … ]]`.

use crate::Span;
use crate::shell::{TestExpression, Word};

use super::tree::{Node, Tree};

/// `left operator right`.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code, reason = "a comparison is told whole; the rules so far ask for its operator")]
pub(super) struct Comparison<'a> {
    /// The word before the operator.
    pub left: &'a Word,
    /// The operator.
    pub operator: Span,
    /// The word behind the operator.
    pub right: &'a Word,
    /// Whether it is in a command `test`.
    pub by_test: bool,
}

/// All comparisons of a script.
pub(super) fn comparisons<'a>(tree: &Tree<'a>) -> Vec<Comparison<'a>> {
    let mut found = Vec::new();
    for call in tree.calls_of(&["[", "test"]) {
        let words = call.command.words.get(1..).unwrap_or_default();
        for three in words.windows(3) {
            let [left, operator, right] = three else { continue };
            if is_operator(tree.of(operator.span)) {
                let by_test = call.name == "test";
                found.push(Comparison { left, operator: operator.span, right, by_test });
            }
        }
    }
    for (_, node) in tree.nodes() {
        if let Node::Test(TestExpression::Binary { left, operator, right }) = node {
            found.push(Comparison { left, operator: *operator, right, by_test: false });
        }
    }
    found
}

fn is_operator(text: &str) -> bool {
    matches!(
        text,
        "=" | "=="
            | "!="
            | "-eq"
            | "-ne"
            | "-lt"
            | "-le"
            | "-gt"
            | "-ge"
            | "<"
            | ">"
            | "\\<"
            | "\\>"
            | "=~"
    )
}
