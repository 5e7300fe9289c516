//! `USER` by name.

use crate::Span;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;
use plimsoll_model::text::offset;
use std::collections::HashSet;

pub(super) static RULE: Rule = Rule {
    id: "DL3066",
    aliases: &[],
    level: Level::Info,
    title: "Give USER a number",
    why: "Kubernetes' `runAsNonRoot` cannot tell whether a name is root: it refuses to start \
          such an image. A number needs no `/etc/passwd`.",
    bad: "FROM alpine:3.20\nRUN adduser -D -u 1000 app\nUSER app\n",
    good: "FROM alpine:3.20\nRUN adduser -D -u 1000 app\nUSER 1000\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3066",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut arguments: HashSet<&str> = HashSet::new();
    for (index, instruction) in context.file.instructions.iter().enumerate() {
        if instruction.keyword == Keyword::Arg {
            let words = instruction.arguments.words().iter();
            arguments.extend(words.filter_map(|word| word.text.split('=').next()));
        }
        if instruction.keyword != Keyword::User {
            continue;
        }
        let Some(user) = instruction.arguments.text() else { continue };
        let name = user.text.split(':').next().unwrap_or_default();
        let numeric = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        if numeric || variables(&user.text).any(|variable| arguments.contains(variable)) {
            continue;
        }
        let message = format!("Non-numeric user-id may not be resolvable by host system: {name}");
        let reported = findings.report(instruction.lines.0, user.span, message);
        let id = if name == "root" { Some("0".to_owned()) } else { created(context, index, name) };
        let span = Span::new(user.span.start, user.span.start.saturating_add(offset(name.len())));
        if let Some(id) = id.filter(|_| span.of(context.file.source.text()) == name) {
            let title = format!("write {id}, the number of {name}");
            reported.safe_fix(title, vec![Edit::replace(span, id)]);
        }
    }
}

/// The names in `$name` and `${name}`.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split('$').skip(1).filter_map(|behind| {
        let part = |one: char| one.is_ascii_alphanumeric() || one == '_';
        match behind.strip_prefix('{') {
            Some(inside) => inside.split_once('}').map(|(name, _)| name),
            None => behind.get(..behind.find(|one| !part(one)).unwrap_or(behind.len())),
        }
    })
}

/// The number that an earlier command of the stage, or of one that it is built on, gives a user.
fn created(context: &Context<'_>, before: usize, name: &str) -> Option<String> {
    if name.is_empty() || name.contains('$') {
        return None;
    }
    let own = context.stages.iter().rev().find(|stage| stage.from < before)?;
    let mut stages = vec![own.index];
    let mut stage = own;
    while let Some(parent) = stage.parent.and_then(|parent| context.stages.get(parent)) {
        stages.push(parent.index);
        stage = parent;
    }
    let mut found = None;
    for commands in context.runs() {
        let here = commands.text.stage.is_some_and(|stage| stages.contains(&stage));
        if !here || commands.text.instruction >= before || commands.text.onbuild {
            continue;
        }
        for program in commands.invocations {
            if !matches!(program.program(), "useradd" | "adduser") {
                continue;
            }
            let named = program.args().iter().any(|one| one.text == name);
            let id = program.value_of(&["u", "uid"]);
            if let Some(id) = id.filter(|id| named && id.bytes().all(|byte| byte.is_ascii_digit()))
            {
                found = Some(id.to_owned()).filter(|id| !id.is_empty());
            }
        }
    }
    found
}
