//! Where the shell splits what an expansion gives into words and matches it against file names.
//!
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_06_05>

use std::borrow::Cow;

use crate::Span;
use crate::finding::Edit;
use crate::shell::{
    Command, Dialect, List, Parameter, Part, Redirect, RedirectOperator, SimpleCommand,
};

use super::tree::{At, Call, Node, Role, Tree};

/// What becomes of an expansion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays one text: it is in quotes, or where nothing is split.
    Kept,
    /// It is split into arguments, or into the words of a redirect's target.
    Split,
    /// It is the whole name of a command, and split: what people do on purpose.
    Command,
    /// It is split into what a loop runs over.
    Items,
    /// It is split into elements of an array.
    Elements,
    /// It is a pattern of `case`.
    Pattern,
}

/// What becomes of the expansion at `at`.
pub(super) fn fate(tree: &Tree<'_>, at: At) -> Fate {
    let mut choice = false;
    for (index, node) in tree.ancestors(at) {
        match node {
            Node::Part(
                Part::DoubleQuoted { .. } | Part::Parameter(_) | Part::Arithmetic { .. },
            )
            | Node::Arithmetic(_)
            | Node::Heredoc(_) => return Fate::Kept,
            Node::Part(_) | Node::Array(_) | Node::Word(_, Role::Choice) => choice = true,
            Node::Word(word, Role::Argument(0)) => {
                let whole = !choice && word.parts.len() == 1;
                return if whole { Fate::Command } else { Fate::Split };
            }
            Node::Word(word, Role::Argument(_)) => {
                let Some((_, Node::Simple(command))) = tree.parent(index) else {
                    return Fate::Kept;
                };
                return if is_declared_value(tree, command, word.span.start, at) {
                    Fate::Kept
                } else {
                    Fate::Split
                };
            }
            Node::Word(_, Role::Target) => {
                return match tree.parent(index) {
                    Some((_, Node::Redirect(redirect))) if keeps(tree, redirect) => Fate::Kept,
                    _ => Fate::Split,
                };
            }
            Node::Word(_, Role::Item) => return Fate::Items,
            Node::Word(_, Role::Element) => return Fate::Elements,
            Node::Word(_, Role::Pattern) => return Fate::Pattern,
            _ => return Fate::Kept,
        }
    }
    Fate::Kept
}

fn keeps(tree: &Tree<'_>, redirect: &Redirect) -> bool {
    match redirect.operator {
        RedirectOperator::Heredoc | RedirectOperator::HeredocStripped => true,
        RedirectOperator::HereString => tree.dialect() != Dialect::Bash,
        _ => false,
    }
}

/// Whether the expansion is the value of `name=value` for a builtin that declares variables: bash
/// and ksh do not split it, others do.
fn is_declared_value(tree: &Tree<'_>, command: &SimpleCommand, start: u32, at: At) -> bool {
    if !matches!(tree.dialect(), Dialect::Bash | Dialect::Ksh | Dialect::Busybox) {
        return false;
    }
    let name = command.words.first().map(|word| word.text(tree.source)).unwrap_or_default();
    if name == "let" {
        return true;
    }
    if !is_declaration(&name) {
        return false;
    }
    let Some(Node::Part(part)) = tree.node(at) else { return false };
    let before = Span::new(start, part.span().start).of(tree.source);
    let name = before.split_once('=').map_or("", |(name, _)| name.trim_end_matches('+'));
    is_name(name)
}

/// Whether a builtin takes `name=value` arguments that become variables.
pub(super) fn is_declaration(name: &str) -> bool {
    matches!(name, "export" | "readonly" | "local" | "declare" | "typeset")
}

/// Whether a text can name a variable.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|one: char| one.is_ascii_alphabetic() || one == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether it is several words in any case: `$@`, `${x[@]}`, `${!x@}`.
pub(super) fn is_many(source: &str, parameter: &Parameter) -> bool {
    let all = parameter.index.as_ref().is_some_and(|index| index.span.of(source) == "@");
    parameter.name == "@" || all && !parameter.length
}

/// Edits that put a place in double quotes.
pub(super) fn quotes(place: Span) -> Vec<Edit> {
    vec![Edit::insert(place.start, "\""), Edit::insert(place.end, "\"")]
}

/// Whether a part stands in no quotes of any kind and in no here-document.
pub(super) fn is_outside_quotes(tree: &Tree<'_>, at: At) -> bool {
    for (_, node) in tree.ancestors(at) {
        match node {
            Node::Part(Part::DoubleQuoted { .. }) | Node::Heredoc(_) => return false,
            Node::Simple(_) | Node::List(_) => return true,
            _ => {}
        }
    }
    true
}

/// The base name of the program behind the next `|`.
pub(super) fn next_program<'a>(tree: &Tree<'a>, call: &Call<'a>) -> Option<String> {
    let (pipeline, index) = tree.pipeline_of(call)?;
    let next = pipeline.commands.get(index.saturating_add(1))?;
    let Command::Simple(next) = next else { return Some(String::new()) };
    let name = next.name(tree.source).unwrap_or_default();
    Some(name.rsplit('/').next().unwrap_or_default().to_owned())
}

/// The base name of the program that a list begins with.
pub(super) fn first_program<'a>(tree: &Tree<'a>, list: &'a List) -> Option<Cow<'a, str>> {
    match list.items.first()?.first.commands.first()? {
        Command::Simple(command) => command.name(tree.source),
        _ => None,
    }
}
