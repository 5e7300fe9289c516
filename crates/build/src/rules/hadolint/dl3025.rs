//! `CMD`, `ENTRYPOINT` and `HEALTHCHECK CMD` in shell form.

use crate::Span;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::script::{Form, ShellText};
use crate::shell::{Command, Part, Word};
use crate::syntax::{Arguments, Keyword};

pub(super) static RULE: Rule = Rule {
    id: "DL3025",
    aliases: &["JSONArgsRecommended"],
    level: Level::Warning,
    title: "Write CMD and ENTRYPOINT as a JSON array",
    why: "With a shell in between, the program is not process 1: it does not get the signals \
          that stop a container, which is then killed after ten seconds. An ENTRYPOINT in \
          shell form also loses CMD.",
    bad: "FROM alpine:3.20\nCMD nginx -g daemon\n",
    good: "FROM alpine:3.20\nCMD [\"nginx\", \"-g\", \"daemon\"]\n",
    mending: Mending::Unsafe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3025",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut texts = context.texts.iter();
    for (index, instruction) in context.file.instructions.iter().enumerate() {
        let keyword = instruction.keyword;
        let command = match (keyword, &instruction.arguments) {
            (Keyword::Cmd | Keyword::Entrypoint, command) => command,
            (Keyword::Healthcheck, Arguments::Health(_, command)) => command.as_ref(),
            _ => continue,
        };
        let (Arguments::Text(text) | Arguments::Invalid(text)) = command else { continue };
        let message = format!(
            "Use arguments JSON notation for CMD and ENTRYPOINT arguments: {keyword} is run by a \
             shell"
        );
        let reported = findings.report(instruction.lines.0, text.span, message);
        let edits = texts.find(|text| text.instruction == index).and_then(exec_form);
        if let Some(edits) = edits {
            reported.unsafe_fix("write it as a JSON array", edits);
        }
    }
}

/// The edits that make a JSON array of a command of plain words.
fn exec_form(text: &ShellText) -> Option<Vec<Edit>> {
    if text.form != Form::Shell
        || !text.shell.is_empty()
        || !text.script.errors.is_empty()
        || !text.script.comments.is_empty()
    {
        return None;
    }
    let [and_or] = text.script.list.items.as_slice() else { return None };
    let ([command], true) = (and_or.first.commands.as_slice(), and_or.rest.is_empty()) else {
        return None;
    };
    let plain = matches!(and_or.terminator, crate::shell::Terminator::None)
        && !and_or.first.negated
        && and_or.first.timed.is_none();
    let Command::Simple(command) = command else { return None };
    if !plain || !command.assignments.is_empty() || !command.redirects.is_empty() {
        return None;
    }
    let source = text.text.text();
    let mut words = command.words.as_slice();
    let mut edits = Vec::new();
    let first = words.first()?;
    if let Some((_, rest)) = words.split_first()
        && first.span.of(source) == "exec"
        && rest.first().is_some_and(|next| !next.span.of(source).starts_with('-'))
    {
        let next = rest.first()?;
        let gap = Span::new(first.span.start, next.span.start);
        edits.push(Edit::remove(text.source_span(gap)));
        words = rest;
    }
    let name = words.first()?.span.of(source);
    if BUILTINS.contains(&name) {
        return None;
    }
    let last = words.len().checked_sub(1)?;
    for (index, word) in words.iter().enumerate() {
        let span = text.source_span(word.span);
        if span.len() != word.span.len() {
            return None;
        }
        let string = serde_json::to_string(&literal(word, source)?).ok()?;
        let open = if index == 0 { "[" } else { "" };
        let close = if index == last { "]" } else { "," };
        edits.push(Edit::replace(span, format!("{open}{string}{close}")));
    }
    Some(edits)
}

/// Words that only a shell knows.
const BUILTINS: [&str; 24] = [
    ".", ":", "alias", "bg", "cd", "command", "eval", "exec", "exit", "export", "fg", "jobs",
    "read", "readonly", "return", "set", "shift", "source", "trap", "type", "ulimit", "umask",
    "unset", "wait",
];

/// The text of a word that a shell would not change.
fn literal(word: &Word, source: &str) -> Option<String> {
    let mut text = String::new();
    for part in &word.parts {
        match part {
            Part::Literal { span } => text.push_str(span.of(source)),
            Part::SingleQuoted { span } => {
                let inner = span.of(source).strip_prefix('\'')?.strip_suffix('\'')?;
                text.push_str(inner);
            }
            Part::DoubleQuoted { parts, locale: false, .. } => {
                for part in parts {
                    let Part::Literal { span } = part else { return None };
                    text.push_str(span.of(source));
                }
            }
            _ => return None,
        }
    }
    let plain = !text.contains(['$', '`', '\\', '\n']) && !text.is_empty();
    plain.then_some(text)
}
