//! What is known about a place: the base image, a variable's value, a stage, an instruction, and
//! the pages of the rules that found something there.

use plimsoll_build::bases;
use plimsoll_build::syntax::{Expander, Instruction, Keyword};
use plimsoll_build::{Finding, Stage};

use super::names::{Meant, Named};
use super::{Dockerfile, Read, base, keywords, variables};
use crate::document::{Hover, Span};

/// How much of a variable's value is shown, in characters.
const MAX_SHOWN: usize = 200;

/// All that is known about a place, the most exact first.
pub(super) fn hover(document: &Dockerfile, at: usize) -> Option<Hover> {
    let subject = subject(document.read(), at);
    let findings: Vec<&Finding> = document.findings_at(&(at..at)).collect();
    let narrowest = findings.iter().min_by_key(|finding| finding.span.len());
    let span = match (&subject, narrowest) {
        (Some((span, _)), _) => span.clone(),
        (None, Some(finding)) => finding.span.range(),
        (None, None) => return None,
    };
    let mut sections: Vec<String> = subject.into_iter().map(|(_, text)| text).collect();
    let mut shown = std::collections::BTreeSet::new();
    for finding in findings {
        let rule = finding.rule;
        if shown.insert(rule.id) {
            let heading =
                format!("**[{}]({})** {}: {}", rule.id, rule.source, finding.level, rule.title);
            let (page, mending) = (rule.markdown(), rule.mending.about());
            sections.push(format!("{heading}\n\n{page}\n{mending}"));
        }
    }
    Some(Hover { text: sections.join("\n\n---\n\n"), span })
}

/// What stands at a place, with what can be said of it.
fn subject(read: &Read, at: usize) -> Option<(Span, String)> {
    if let Some(named) = read.names().at(at) {
        return Some((named.span.clone(), name(read, named)?));
    }
    let (index, instruction) = read.instruction_at(at)?;
    let inner = instruction.triggered();
    for one in [instruction, inner] {
        let span = one.name.span.range();
        if touches(&span, at) && one.keyword != Keyword::Unknown {
            return Some((span, keyword(one.keyword)));
        }
    }
    let flag = inner.flags.iter().find(|flag| touches(&flag.span.range(), at));
    if let Some(flag) = flag {
        let about = keywords::about_flag(inner.keyword, flag.name());
        let text = format!("{}: {about}", code(&format!("--{}", flag.name())));
        return Some((flag.span.range(), text)).filter(|_| !about.is_empty());
    }
    let stage = read.stage_of(index).filter(|stage| stage.from == index)?;
    let span = stage.image.span.range();
    if !touches(&span, at) {
        return None;
    }
    let known = bases::known(&image(read, stage))?;
    Some((span, base::page(&known)))
}

fn touches(span: &Span, at: usize) -> bool {
    span.start <= at && at <= span.end
}

fn keyword(keyword: Keyword) -> String {
    let (name, about) = (keyword.name(), keywords::about(keyword));
    format!("**{name}**: {about}\n\n[Reference]({})", keywords::reference(keyword))
}

/// The image of a stage, its variables expanded.
fn image(read: &Read, stage: &Stage) -> String {
    let scope = read.scopes.at(None, stage.from);
    let expanded = Expander::new(read.file.escape).expand(&stage.image.text, &scope);
    expanded.map_or_else(|_| stage.image.text.clone(), |expanded| expanded.text)
}

fn name(read: &Read, named: &Named) -> Option<String> {
    match &named.meant {
        Meant::Stage(index) => {
            let stage = read.stages.get(*index)?;
            let line = read.instruction_line(stage.from)?;
            let image = image(read, stage);
            let own = stage.name.as_ref().map_or_else(|| index.to_string(), |one| one.text.clone());
            let count = stage.instructions.len();
            let mut text = format!(
                "**stage** {} (line {line}), on {}, {count} instructions",
                code(&own),
                code(&image)
            );
            if let Some(known) = bases::known(&image).filter(|_| stage.parent.is_none()) {
                text.push_str("\n\n");
                text.push_str(&base::page(&known));
            }
            Some(text)
        }
        Meant::Predefined(name) => {
            let about = variables::predefined(name)?;
            Some(format!("**variable** {} of the builder: {about}", code(name)))
        }
        Meant::Variable(name, root) => variable(read, named, name, *root),
    }
}

fn variable(read: &Read, named: &Named, name: &str, root: usize) -> Option<String> {
    let defining = read.file.instructions.get(root)?;
    let line = defining.lines.0;
    let stage = read.stage_of(named.instruction);
    let within: Option<&Instruction> = read.file.instructions.get(named.instruction);
    let is_from = within.is_some_and(|one| one.keyword == Keyword::From);
    let scope_stage = stage.filter(|_| !is_from).map(|stage| stage.index);
    // A definition is not yet seen by its own instruction.
    let seen_by = named.instruction.saturating_add(usize::from(named.declared));
    let scope = read.scopes.at(scope_stage, seen_by);
    let value = scope.definition(name).and_then(|definition| definition.value.as_deref());
    let origin = defining.keyword;
    let value = match value {
        Some(value) => format!("is {}", code(&shortened(value))),
        None => "has no value here: `--build-arg` gives one".to_owned(),
    };
    let changed = if origin == Keyword::Arg { "; `--build-arg` can change it" } else { "" };
    Some(format!("**variable** {} {value}, by {origin} in line {line}{changed}", code(name)))
}

fn shortened(value: &str) -> String {
    match value.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}

/// A code span that any text can stand in.
pub(super) fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let longest = text.split(|one| one != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.saturating_add(1));
    let needs_space = text.starts_with('`') || text.ends_with('`') || text.is_empty();
    let space = if needs_space { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(text: &str, word: &str, skip: usize) -> String {
        let read = Read::new(text);
        let at = text.match_indices(word).nth(skip).unwrap().0;
        subject(&read, at).map(|(_, text)| text).unwrap_or_default()
    }

    #[test]
    fn a_variable_says_its_value_and_who_gave_it() {
        let text = "ARG V=20\nFROM node:${V}-alpine\nARG V\nENV P=/a`b\nRUN echo $P $V $HOME\n";
        assert_eq!(
            about(text, "V}", 0),
            "**variable** `V` is `20`, by ARG in line 1; `--build-arg` can change it"
        );
        assert_eq!(about(text, "P $V", 0), "**variable** `P` is ``/a`b``, by ENV in line 4");
        assert_eq!(
            about(text, "V $HOME", 0),
            "**variable** `V` is `20`, by ARG in line 1; `--build-arg` can change it"
        );
        assert_eq!(about(text, "V\nENV", 0), about(text, "V $HOME", 0));
        assert_eq!(about(text, "P=", 0), "**variable** `P` is ``/a`b``, by ENV in line 4");
        assert_eq!(about(text, "HOME", 0), "");
        let empty = "FROM a:1\nARG TOKEN\nRUN echo $TOKEN\n";
        assert!(about(empty, "TOKEN", 1).contains("has no value here"));
    }

    #[test]
    fn a_base_image_is_known_through_variables() {
        let text = "ARG V=3.20\nFROM alpine:$V\n";
        assert!(about(text, "alpine", 0).contains("- Distribution: alpine 3.20"));
        assert_eq!(about("FROM example.com/own:1\n", "own", 0), "");
    }

    #[test]
    fn stages_instructions_and_flags_are_explained() {
        let text = "FROM alpine:3.20 AS build\nFROM scratch\nCOPY --chown=1 --from=build /a /b\n";
        assert!(about(text, "build /a", 0).starts_with("**stage** `build` (line 1), on "));
        assert!(about(text, "COPY", 0).starts_with("**COPY**: Copies files"));
        assert!(about(text, "--chown", 0).starts_with("`--chown`: owner"));
        assert!(about("FROM a:1\nONBUILD RUN x\n", "RUN", 0).starts_with("**RUN**: "));
    }
}
