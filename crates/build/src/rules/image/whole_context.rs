//! `COPY . …`: all that the build was given.

use crate::rules::hadolint::quotes::bare;
use crate::syntax::{Argument, Instruction};

/// The word of a COPY or ADD that stands for the whole build context.
pub(super) fn source(instruction: &Instruction) -> Option<&Argument> {
    if instruction.flag("from").is_some() || !instruction.heredocs.is_empty() {
        return None;
    }
    let (_, sources) = instruction.arguments.words().split_last()?;
    sources
        .iter()
        .find(|source| matches!(bare(&source.text), "." | "./" | "/" | "./." | "*" | "./*"))
}
