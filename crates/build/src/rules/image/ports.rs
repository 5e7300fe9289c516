//! The ports that `EXPOSE` names.

use super::lineage::Lineage;
use crate::context::{Context, Step};
use crate::syntax::{Argument, Keyword};

/// A word of `EXPOSE`.
pub(super) struct Exposed<'a> {
    /// The instruction.
    pub(super) step: Step<'a>,
    /// The word.
    pub(super) word: &'a Argument,
    /// The first port of the range.
    pub(super) first: u32,
    /// The last one.
    pub(super) last: u32,
}

/// What the image exposes; words that cannot be read are left out.
pub(super) fn exposed<'a>(context: &Context<'a>) -> Vec<Exposed<'a>> {
    let image = Lineage::new(context);
    let mut found = Vec::new();
    for step in context.steps_of(Keyword::Expose).filter(|step| !step.onbuild) {
        if !image.holds(step.stage) {
            continue;
        }
        for word in step.instruction.arguments.words() {
            let Ok(text) = context.expand(&word.text, step) else { continue };
            let text = text.text.trim_matches(['"', '\'']);
            let range = text.split('/').next().unwrap_or_default();
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            if let (Ok(first), Ok(last)) = (first.parse(), last.parse()) {
                found.push(Exposed { step, word, first, last });
            }
        }
    }
    found
}
