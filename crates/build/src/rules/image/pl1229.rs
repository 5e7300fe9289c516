//! Here-documents that go on after a failure.

use crate::context::{Commands, Context};
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::script::Form;
use crate::shell::Command;

pub(super) static RULE: Rule = Rule {
    id: "PL1229",
    aliases: &[],
    level: Level::Warning,
    title: "Begin a RUN here-document with `set -e`",
    why: "The lines of `RUN <<EOF` are a script: one that fails does not stop it, and the build \
          goes on as long as the last line succeeds. `&&` between commands, or `set -e`, stops it.",
    bad: "FROM debian:12\nRUN <<EOF\nmake\nmake install\nEOF\n",
    good: "FROM debian:12\nRUN <<EOF\nset -e\nmake\nmake install\nEOF\n",
    mending: Mending::Unsafe,
    source: "https://github.com/hadolint/hadolint/issues/882",
    check,
};

/// Commands that do not fail in a way that matters.
const HARMLESS: [&str; 8] = ["echo", "printf", "export", "set", ":", "true", "umask", "shopt"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        let text = commands.text;
        if text.form != Form::Heredoc || stops(commands) {
            continue;
        }
        let items = &text.script.list.items;
        let source = text.text.text();
        let Some((_, before)) = items.split_last() else { continue };
        let risky = before.iter().find(|item| {
            !item.first.commands.iter().all(|command| match command {
                Command::Simple(simple) => {
                    simple.name(source).is_none_or(|name| HARMLESS.contains(&&*name))
                }
                Command::Function(_) => true,
                _ => false,
            })
        });
        let Some(risky) = risky else { continue };
        let place = text.source_span(risky.span);
        let message = "the script goes on when this fails: begin it with `set -e`";
        let reported = findings.report(text.line, place, message);
        let shebang = source.starts_with("#!");
        let after =
            if shebang { source.find('\n').map(|end| end.saturating_add(1)) } else { Some(0) };
        if let Some(after) = after {
            let at = text.text.source_offset(plimsoll_model::text::offset(after));
            reported.unsafe_fix("begin with set -e", vec![Edit::insert(at, "set -e\n")]);
        }
    }
}

/// Whether the shell stops at a failure: by `set -e`, its `SHELL`, or the first line.
fn stops(commands: Commands<'_>) -> bool {
    let letter = |word: &str| {
        word.strip_prefix('-').is_some_and(|rest| !rest.starts_with('-') && rest.contains('e'))
    };
    let first = commands.text.text.text().lines().next().unwrap_or_default();
    let shebang = first.starts_with("#!") && first.split_whitespace().skip(1).any(letter);
    shebang
        || commands.text.shell.iter().skip(1).any(|word| letter(word) || word == "errexit")
        || commands.invocations.iter().any(|one| {
            one.name() == "set"
                && one.args().iter().any(|arg| letter(&arg.text) || arg.text == "errexit")
        })
}
