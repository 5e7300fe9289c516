//! What the builder checks once it has the instructions: known keywords, flags, arguments.
//!
//! After <https://github.com/moby/buildkit/blob/master/frontend/dockerfile/instructions/parse.go>.

use super::instruction::{Arguments, Flag, Instruction, Keyword};
use super::mount::Mount;
use super::nearest::nearest;
use super::parse::Dockerfile;
use super::problem::{Problem, ProblemKind};
use crate::Span;

pub(super) fn validate(file: &mut Dockerfile) {
    let mut problems = Vec::new();
    for instruction in &file.instructions {
        let line = instruction.lines.0;
        check(instruction, &mut |kind, span| problems.push(Problem::new(kind, span, line)));
        if let Arguments::Onbuild(inner) = &instruction.arguments {
            check(inner, &mut |kind, span| problems.push(Problem::new(kind, span, line)));
        }
    }
    file.problems.append(&mut problems);
    file.problems.sort_by_key(|problem| (problem.line, problem.span));
}

fn check(instruction: &Instruction, complain: &mut dyn FnMut(ProblemKind, Span)) {
    let keyword = instruction.keyword;
    if keyword == Keyword::Unknown {
        let name = instruction.name.text.clone();
        let known = Keyword::ALL.iter().map(|(_, name)| *name);
        let suggestion = nearest(&name, known).map(Keyword::named);
        complain(ProblemKind::UnknownInstruction { name, suggestion }, instruction.name.span);
        return;
    }
    let flags = keyword.flags();
    for flag in &instruction.flags {
        // The builder takes `--flag` behind these as a part of the command.
        if !flags.contains(&flag.name()) {
            let suggestion = nearest(flag.name(), flags.iter().copied());
            let name = flag.name().to_owned();
            complain(ProblemKind::UnknownFlag { keyword, name, suggestion }, flag.span);
        }
    }
    for flag in &instruction.flags {
        if let Some(message) = wrong_value(flag) {
            complain(ProblemKind::FlagValue(message), flag.span);
        }
    }
    if let Some(message) = wrong_arguments(instruction) {
        complain(ProblemKind::Arguments(message), instruction.name.span);
    }
}

/// Whether the builder takes it for the name of a stage.
fn is_stage_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|one| one.is_ascii_alphanumeric() || b"-_.".contains(&one))
}

/// What is wrong with the value of a flag; one with a variable in it may be right.
fn wrong_value(flag: &Flag) -> Option<String> {
    let value = flag.value().unwrap_or_default();
    let one_of = |known: &[&str]| {
        let wrong = !known.contains(&value) && !value.contains('$');
        wrong.then(|| format!("--{} is {}, not `{value}`", flag.name(), known.join(" or ")))
    };
    match flag.name() {
        "mount" => Mount::parse(value).err(),
        "network" => one_of(&["default", "none", "host"]),
        "security" => one_of(&["sandbox", "insecure"]),
        "link" | "parents" | "keep-git-dir" if flag.value().is_some() => one_of(&["true", "false"]),
        _ => None,
    }
}

fn wrong_arguments(instruction: &Instruction) -> Option<String> {
    if matches!(instruction.arguments, Arguments::Invalid(_)) {
        return None;
    }
    let keyword = instruction.keyword;
    let words = instruction.arguments.words();
    match (keyword, &instruction.arguments) {
        (Keyword::From, _) => {
            let named = words.len() == 3
                && words.get(1).is_some_and(|word| word.text.eq_ignore_ascii_case("as"));
            let wrong = "FROM requires either one or three arguments: `FROM image [AS name]`";
            match words.get(2).filter(|_| named) {
                Some(name) if !is_stage_name(&name.text) => Some(format!(
                    "`{}` is no name of a stage: it begins with a letter, and has letters, digits, \
                     `-`, `_` and `.`",
                    name.text
                )),
                Some(_) => None,
                None => (words.len() != 1).then(|| wrong.to_owned()),
            }
        }
        (Keyword::Add | Keyword::Copy, _) => (words.len() < 2).then(|| {
            format!("{keyword} requires at least two arguments: what to copy and where to")
        }),
        (Keyword::Onbuild, Arguments::Onbuild(inner)) => match inner.keyword {
            Keyword::Onbuild => Some("ONBUILD ONBUILD is not allowed".to_owned()),
            Keyword::From | Keyword::Maintainer => {
                Some(format!("{} is not allowed as an ONBUILD trigger", inner.keyword))
            }
            _ => None,
        },
        (Keyword::Healthcheck, Arguments::Health(kind, command)) => {
            match kind.text.to_ascii_uppercase().as_str() {
                "NONE" if **command != Arguments::None => {
                    Some("HEALTHCHECK NONE takes no arguments".to_owned())
                }
                "CMD" if **command == Arguments::None => {
                    Some("HEALTHCHECK CMD needs a command".to_owned())
                }
                "NONE" | "CMD" => None,
                _ => Some(format!("HEALTHCHECK is `CMD command` or `NONE`, not `{}`", kind.text)),
            }
        }
        (Keyword::Shell, arguments) if !arguments.is_exec() => {
            Some("SHELL requires its arguments in JSON form: `SHELL [\"/bin/sh\", \"-c\"]`".into())
        }
        // An empty command is `CMD []`, and `RUN` may have all of it in a here-document.
        (Keyword::Cmd | Keyword::Entrypoint, _) => None,
        (_, Arguments::None) => Some(format!("{keyword} requires an argument")),
        _ => None,
    }
}
