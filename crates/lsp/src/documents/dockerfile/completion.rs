//! What may be written at a place: instructions, their flags, stages, variables, base images.

use plimsoll_build::bases;
use plimsoll_build::syntax::{Instruction, Keyword};

use super::variables::name_length;
use super::{Read, keywords};
use crate::document::{Completion, Edit, Part, Span};

/// Those that continue what stands before the place.
pub(super) fn completions(read: &Read, at: usize) -> Vec<Completion> {
    let text = read.file.source.text();
    let Some(before) = text.get(..at) else { return Vec::new() };
    let line = before.rsplit('\n').next().unwrap_or_default();
    if line.trim_start().starts_with('#') {
        return Vec::new();
    }
    let word = line.rsplit(char::is_whitespace).next().unwrap_or_default();
    let around = read.instruction_at(at).filter(|(_, one)| at > one.name.span.end as usize);
    // The blank behind an instruction that is being written is not yet a part of it.
    let around = around.or_else(|| {
        let end = before.trim_end_matches([' ', '\t']).len();
        let in_line = !line.trim().is_empty();
        read.instruction_at(end).filter(|_| in_line && end < at)
    });
    let Some((index, instruction)) = around else {
        let is_first = line.trim_start() == word;
        return if is_first { instructions(at, word) } else { Vec::new() };
    };
    let inner = instruction.triggered();
    if let Some(found) = variables(read, index, at, word) {
        return found;
    }
    if let Some((key, value)) = word.split_once('=').filter(|_| word.starts_with("--")) {
        let names_stage = match (inner.keyword, key) {
            (Keyword::Copy, "--from") => Some(value),
            (Keyword::Run, "--mount") => {
                value.rsplit(',').next().and_then(|field| field.strip_prefix("from="))
            }
            _ => None,
        };
        return names_stage.map(|typed| stages(read, index, at, typed)).unwrap_or_default();
    }
    if word.starts_with('-') {
        return flags(inner, at, word);
    }
    if inner.keyword == Keyword::From && is_image(line, word) {
        let mut found = stages(read, index, at, word);
        found.extend(images(at, word));
        return found;
    }
    if instruction.is_onbuild() && line.split_whitespace().count() <= 2 {
        return instructions(at, word);
    }
    Vec::new()
}

/// The bytes of what was typed.
fn typed(at: usize, word: &str) -> Span {
    at.saturating_sub(word.len())..at
}

fn completion(label: &str, part: Part, detail: &str, span: Span, text: String) -> Completion {
    let (label, detail) = (label.to_owned(), detail.to_owned());
    Completion { label, part, detail, edit: Edit { span, text } }
}

/// In the case of what was typed.
fn instructions(at: usize, word: &str) -> Vec<Completion> {
    let lower = word.starts_with(|one: char| one.is_ascii_lowercase());
    let known = Keyword::ALL.iter().filter(|(keyword, _)| *keyword != Keyword::Maintainer);
    known
        .map(|(keyword, name)| {
            let text = if lower { name.to_ascii_lowercase() } else { (*name).to_owned() };
            completion(name, Part::Command, keywords::about(*keyword), typed(at, word), text)
        })
        .collect()
}

fn flags(instruction: &Instruction, at: usize, word: &str) -> Vec<Completion> {
    let known = instruction.keyword.flags().iter();
    known
        .map(|flag| {
            let about = keywords::about_flag(instruction.keyword, flag);
            let switch = ["link", "parents"].contains(flag);
            let text = format!("--{flag}{}", if switch { "" } else { "=" });
            completion(&format!("--{flag}"), Part::Property, about, typed(at, word), text)
        })
        .collect()
}

/// The stages that come before the one of an instruction.
fn stages(read: &Read, instruction: usize, at: usize, word: &str) -> Vec<Completion> {
    let own = read.stage_of(instruction).map_or(0, |stage| stage.index);
    let earlier = read.stages.iter().take(own);
    earlier
        .filter_map(|stage| {
            let name = &stage.name.as_ref()?.text;
            let on = format!("stage on {}", stage.image.text);
            Some(completion(name, Part::Section, &on, typed(at, word), name.clone()))
        })
        .collect()
}

/// Whether the word is the one behind `FROM` and its flags.
fn is_image(line: &str, word: &str) -> bool {
    let before = line.get(..line.len().saturating_sub(word.len())).unwrap_or_default();
    before.split_whitespace().skip(1).all(|one| one.starts_with("--"))
}

/// The base images that facts are known of.
fn images(at: usize, word: &str) -> Vec<Completion> {
    let names = bases::all().flat_map(|family| &family.repositories);
    names
        .filter(|name| !name.contains('*'))
        .map(|name| {
            let name = name.strip_prefix("docker.io/").unwrap_or(name);
            let name = name.strip_prefix("library/").unwrap_or(name);
            completion(name, Part::File, "base image", typed(at, word), name.to_owned())
        })
        .collect()
}

/// The variables that hold here, where one is being written.
fn variables(read: &Read, index: usize, at: usize, word: &str) -> Option<Vec<Completion>> {
    let dollar = word.rfind('$')?;
    let behind = word.get(dollar.saturating_add(1)..)?;
    let name = behind.strip_prefix('{').unwrap_or(behind);
    if name_length(name) < name.len() {
        return None;
    }
    let is_from = read.file.instructions.get(index).is_some_and(|one| one.keyword == Keyword::From);
    let stage = read.stage_of(index).filter(|_| !is_from).map(|stage| stage.index);
    let scope = read.scopes.at(stage, index);
    let names: std::collections::BTreeSet<&str> = scope.names().collect();
    let close = if behind.starts_with('{') { "}" } else { "" };
    let found = names.into_iter().filter_map(|known| {
        let definition = scope.definition(known)?;
        let value = definition.value.clone().unwrap_or_default();
        let text = format!("{known}{close}");
        Some(completion(known, Part::Variable, &value, typed(at, name), text))
    });
    Some(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is offered where `|` stands.
    fn offered(text: &str) -> Vec<String> {
        let at = text.find('|').unwrap();
        let text = text.replacen('|', "", 1);
        let found = completions(&Read::new(&text), at);
        found
            .into_iter()
            .map(|one| {
                format!("{}{}", &text[..one.edit.span.start], one.edit.text)
                    .lines()
                    .last()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    }

    #[test]
    fn an_instruction_begins_a_line() {
        assert!(offered("FROM a:1\n|").contains(&"RUN".to_owned()));
        assert!(offered("FROM a:1\nco|").contains(&"copy".to_owned()));
        assert_eq!(offered("FROM a:1\n# R|"), [""; 0]);
        assert_eq!(offered("FROM a:1\nRUN x |"), [""; 0]);
        assert!(offered("FROM a:1\nONBUILD R|").contains(&"ONBUILD RUN".to_owned()));
    }

    #[test]
    fn flags_and_stages_follow_it() {
        let text = "FROM a:1 AS one\nFROM b:1 AS two\nCOPY --|";
        assert!(offered(text).contains(&"COPY --from=".to_owned()));
        assert_eq!(offered(&text.replace("--|", "--from=|")), ["COPY --from=one"]);
        let mount = text.replace("COPY --|", "RUN --mount=type=bind,from=|");
        assert_eq!(offered(&mount), ["RUN --mount=type=bind,from=one"]);
        let from = offered("FROM a:1 AS one\nFROM |");
        assert!(from.contains(&"FROM one".to_owned()) && from.contains(&"FROM alpine".to_owned()));
        assert_eq!(offered("FROM a:1 AS |"), [""; 0]);
    }

    #[test]
    fn variables_follow_a_dollar() {
        let text = "ARG G=1\nFROM a:1\nARG A=1\nENV B=2\nRUN echo |\n";
        assert_eq!(offered(&text.replace('|', "$|")), ["RUN echo $A", "RUN echo $B"]);
        assert_eq!(offered(&text.replace('|', "x${B|")), ["RUN echo x${A}", "RUN echo x${B}"]);
        assert_eq!(offered("ARG G=1\nFROM a:$|"), ["FROM a:$G"]);
    }
}
