//! A substitution outside of quotes.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;
use super::unquoted::{parts, texts};

pub(super) static RULE: Rule = Rule {
    id: "SC2046",
    aliases: &[],
    level: Level::Warning,
    title: "Quote `$(…)`",
    why: "The shell splits what the command prints at blanks and takes `*` for file names. Within quotes it stays one word.",
    bad: "FROM alpine:3.20\nRUN echo $(cat /etc/hostname)\n",
    good: "FROM alpine:3.20\nRUN echo \"$(cat /etc/hostname)\"\n",
    mending: Mending::Unsafe,
    source: "https://www.shellcheck.net/wiki/SC2046",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for text in texts(context) {
        let source = text.text.text();

        for placed in text.script.simple_commands() {
            for part in parts(placed.command, source) {
                let Part::CommandSubstitution { span, script, .. } = part else { continue };
                if prints_one_word(script, source) {
                    continue;
                }
                let place = text.source_span(*span);
                let written = context.file.source.slice(place);
                let reported =
                    findings.report(text.line, place, "Quote this to prevent word splitting.");
                if !written.contains('\n') {
                    let quoted = format!("\"{written}\"");
                    reported.unsafe_fix("quote it", vec![Edit::replace(place, quoted)]);
                }
            }
        }
    }
}

/// Whether the command prints a number or one word whatever happens.
fn prints_one_word(script: &crate::shell::List, source: &str) -> bool {
    let last = script.items.last().map(|item| item.rest.last().map_or(&item.first, |one| &one.2));
    let command = last.and_then(|pipeline| pipeline.commands.last());
    let Some(crate::shell::Command::Simple(command)) = command else { return false };
    let name = command.words.first().map(|word| word.text(source)).unwrap_or_default();
    matches!(&*name, "nproc" | "uname" | "expr" | "pgrep" | "wc")
}
