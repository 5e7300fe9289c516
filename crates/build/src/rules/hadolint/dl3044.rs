//! Variables of `ENV` that refer to each other.

use super::lines::indentation;
use super::quotes::bare;
use crate::Span;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::{Dockerfile, Instruction, Keyword, Pair};
use std::collections::{HashMap, HashSet};

pub(super) static RULE: Rule = Rule {
    id: "DL3044",
    aliases: &[],
    level: Level::Error,
    title: "Do not refer to a variable in the ENV that defines it",
    why: "All values of one ENV are expanded before any of its variables is set: the value is \
          the one from before, most often nothing.",
    bad: "FROM alpine:3.20\nENV HOME_DIR=/srv BIN=$HOME_DIR/bin\n",
    good: "FROM alpine:3.20\nENV HOME_DIR=/srv\nENV BIN=$HOME_DIR/bin\n",
    mending: Mending::Unsafe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3044",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut defined: HashSet<&str> = HashSet::new();
    for instruction in &context.file.instructions {
        if instruction.keyword == Keyword::Arg {
            let words = instruction.arguments.words().iter();
            defined.extend(words.filter_map(|word| word.text.split('=').next()));
        }
        if instruction.keyword != Keyword::Env {
            continue;
        }
        let pairs = instruction.arguments.pairs();
        let own: HashMap<&str, usize> = pairs
            .iter()
            .enumerate()
            .map(|(index, pair)| (bare(&pair.key.text), index))
            .filter(|(name, _)| !defined.contains(name))
            .collect();
        for (index, pair) in pairs.iter().enumerate().filter(|_| pairs.len() > 1) {
            let name = references(&pair.value.text).find(|name| {
                own.get(name).is_some_and(|other| *other != index || is_twice(pairs, name))
            });
            let Some(name) = name else { continue };
            let message = format!(
                "Do not refer to an environment variable within the same `ENV` statement where it \
                 is defined: ${name} has its old value here"
            );
            let at = if own.get(name).is_some_and(|other| *other > index) {
                own.get(name).copied().unwrap_or(index)
            } else {
                index
            };
            findings
                .report(instruction.lines.0, pair.value.span, message)
                .unsafe_fix("split the ENV in two", split(context.file, instruction, at));
        }
        defined.extend(pairs.iter().map(|pair| bare(&pair.key.text)));
    }
}

fn is_twice(pairs: &[Pair], name: &str) -> bool {
    pairs.iter().filter(|pair| bare(&pair.key.text) == name).count() > 1
}

/// The names behind `$` and in `${…}`, those with an operator not.
fn references(value: &str) -> impl Iterator<Item = &str> {
    value.split('$').skip(1).filter_map(|behind| {
        let part = |one: char| one.is_ascii_alphanumeric() || one == '_';
        if let Some(inside) = behind.strip_prefix('{') {
            let (name, _) = inside.split_once('}')?;
            return Some(name).filter(|name| !name.is_empty() && name.chars().all(part));
        }
        let end = behind.find(|one| !part(one)).unwrap_or(behind.len());
        behind.get(..end).filter(|name| !name.is_empty())
    })
}

/// Ends the instruction before a pair and begins another with it.
fn split(file: &Dockerfile, instruction: &Instruction, at: usize) -> Vec<Edit> {
    let pairs = instruction.arguments.pairs();
    let (Some(before), Some(pair)) =
        (at.checked_sub(1).and_then(|one| pairs.get(one)), pairs.get(at))
    else {
        return Vec::new();
    };
    let gap = Span::new(before.value.span.end, pair.key.span.start);
    let mut text = String::from("\n");
    let indent = indentation(file, instruction);
    for line in file.source.slice(gap).lines() {
        if line.trim_start().starts_with('#') {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.push_str(indent);
    text.push_str(&instruction.name.text);
    text.push(' ');
    vec![Edit::replace(gap, text)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_an_operator_are_no_references() {
        let found: Vec<&str> = references("$A-${B}/${C:-x}$$D").collect();
        assert_eq!(found, ["A", "B", "D"]);
    }
}
