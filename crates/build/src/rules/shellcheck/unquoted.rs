//! Expansions that a shell splits into words: those outside of quotes among a command's words.

use std::collections::HashSet;

use crate::context::Context;
use crate::script::{Form, ShellText};
use crate::shell::{AssignmentValue, Part, SimpleCommand, Word};
use crate::syntax::Keyword;

/// The RUN texts that a POSIX shell reads.
pub(super) fn texts<'c>(context: &'c Context<'_>) -> impl Iterator<Item = &'c ShellText> {
    context.texts.iter().filter(|text| {
        text.keyword == Keyword::Run
            && text.form != Form::Exec
            && text.script.dialect.is_posix_family()
            && text.script.errors.is_empty()
    })
}

/// The parts of a command's arguments and redirects that stand outside of quotes.
pub(super) fn parts<'a>(command: &'a SimpleCommand, source: &'a str) -> Vec<&'a Part> {
    let name = command.words.first().map(|word| word.text(source)).unwrap_or_default();
    let declares = matches!(&*name, "export" | "local" | "declare" | "readonly" | "typeset");
    let arguments = command
        .words
        .iter()
        .skip(1)
        .filter(move |word| !(declares && word.text(source).contains('=')));
    let targets = command
        .redirects
        .iter()
        .filter(|redirect| redirect.heredoc.is_none())
        .map(|redirect| &redirect.target)
        .filter(|target| !target.text(source).is_empty());
    arguments.chain(targets).flat_map(|word: &Word| &word.parts).collect()
}

/// The variables that the text itself gives a value in which nothing can be split.
pub(super) fn harmless(text: &ShellText) -> HashSet<String> {
    let source = text.text.text();
    let mut harmless = HashSet::new();
    let mut others = HashSet::new();
    for placed in text.script.simple_commands() {
        for assignment in &placed.command.assignments {
            let plain = match &assignment.value {
                AssignmentValue::Word(word) => word
                    .literal(source)
                    .is_some_and(|value| !value.contains([' ', '\t', '\n', '*', '?', '['])),
                AssignmentValue::Empty | AssignmentValue::Array(_) => false,
            };
            if plain && !assignment.append {
                harmless.insert(assignment.name.clone());
            } else {
                others.insert(assignment.name.clone());
            }
        }
    }
    harmless.retain(|name| !others.contains(name));
    harmless
}
