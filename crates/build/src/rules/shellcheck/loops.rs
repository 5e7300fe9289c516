//! `for` loops over a single word.

use super::splitting::first_program;
use super::tree::{Node, Tree};
use crate::Span;
use crate::shell::{Command, Part, Word};

/// The words of the loops that have only one.
pub(super) fn sole_words<'t, 'a>(tree: &'t Tree<'a>) -> impl Iterator<Item = &'a Word> + 't {
    tree.nodes().filter_map(|(_, node)| {
        let Node::Command(Command::For(each)) = node else { return None };
        let Some([word]) = each.words.as_deref() else { return None };
        Some(word)
    })
}

/// Where a loop runs over nothing but what a substitution prints that begins with one of the
/// programs.
pub(super) fn over_output<'t>(
    tree: &'t Tree<'_>,
    programs: &'t [&str],
) -> impl Iterator<Item = Span> + 't {
    sole_words(tree).filter_map(|word| {
        let [Part::CommandSubstitution { span, script, .. }] = word.parts.as_slice() else {
            return None;
        };
        let name = first_program(tree, script)?;
        programs.contains(&name.as_ref()).then_some(*span)
    })
}
