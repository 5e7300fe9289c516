//! Stages with their instructions.

use plimsoll_build::syntax::{Instruction, Keyword};

use super::Read;
use crate::document::{Part, Span, Symbol};

/// How much of an instruction names it, in characters.
const MAX_SHOWN: usize = 60;

/// What stands before the stages, then the stages.
pub(super) fn symbols(read: &Read) -> Vec<Symbol> {
    let instructions = &read.file.instructions;
    let first = read.stages.first().map_or(instructions.len(), |stage| stage.from);
    let mut symbols: Vec<Symbol> = instructions.iter().take(first).map(instruction).collect();
    for stage in &read.stages {
        let Some(from) = instructions.get(stage.from) else { continue };
        let children = instructions.get(stage.instructions.clone()).unwrap_or_default();
        let end = children.last().map_or(from.span.end, |last| last.span.end);
        let (name, detail) = match &stage.name {
            Some(name) => (name, stage.image.text.clone()),
            None => (&stage.image, String::new()),
        };
        let written = if name.text.is_empty() { "FROM" } else { &name.text };
        let place = if name.text.is_empty() { from.name.span } else { name.span };
        symbols.push(Symbol {
            name: written.to_owned(),
            detail,
            part: Part::Section,
            span: from.span.start as usize..end as usize,
            name_span: place.range(),
            children: children.iter().map(instruction).collect(),
        });
    }
    symbols
}

fn instruction(instruction: &Instruction) -> Symbol {
    let span: Span = instruction.span.range();
    let name_span = instruction.name.span.range();
    // A name must lie within its part, and must not be empty.
    let name_span = if name_span.end <= span.end { name_span } else { span.clone() };
    let mut text = instruction.arguments_text.text().split_whitespace();
    let mut detail = String::new();
    for word in text.by_ref() {
        if detail.chars().count().saturating_add(word.chars().count()) > MAX_SHOWN {
            detail.push('…');
            break;
        }
        if !detail.is_empty() {
            detail.push(' ');
        }
        detail.push_str(word);
    }
    Symbol {
        name: instruction.name.text.clone(),
        detail,
        part: match instruction.triggered().keyword {
            Keyword::Arg | Keyword::Env => Part::Variable,
            Keyword::Add | Keyword::Copy | Keyword::Volume | Keyword::Workdir => Part::File,
            Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => {
                Part::Command
            }
            _ => Part::Property,
        },
        span,
        name_span,
        children: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_hold_their_instructions() {
        let read = Read::new("ARG V=1\nFROM a:1 AS build\nRUN x \\\n  y\nFROM b:2\nUSER app\n");
        let all = symbols(&read);
        let names: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.children.len())).collect();
        assert_eq!(names, [("ARG", 0), ("build", 1), ("b:2", 1)]);
        assert_eq!(all[1].children[0].detail, "x y");
        assert!(all.iter().all(|one| {
            one.span.start <= one.name_span.start && one.name_span.end <= one.span.end
        }));
    }
}
