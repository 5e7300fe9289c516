//! `{}` in the text of `sh -c` under `find`.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "SC2156",
    aliases: &[],
    level: Level::Warning,
    title: "Give the name as an argument: `sh -c '… \"$1\"' _ {}`",
    why: "The name of a file becomes part of a program: one called `$(reboot)` is run.",
    bad: "FROM debian:12\nRUN find /opt -exec sh -c 'echo {}' \\;\n",
    good: "FROM debian:12\nRUN find /opt -exec sh -c 'echo \"$1\"' _ {} \\;\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2156",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["find"]) {
            let words: Vec<_> = tree.arguments(call).collect();
            for four in words.windows(4) {
                let [(_, exec), (_, shell), (_, flag), (word, text)] = four else { continue };
                let runs = matches!(exec.as_ref(), "-exec" | "-execdir")
                    && matches!(shell.rsplit('/').next(), Some("sh" | "bash" | "dash" | "ksh"))
                    && flag.starts_with('-')
                    && flag.ends_with('c');
                if runs && text.contains("{}") {
                    findings.report(
                        tree.text.line,
                        tree.place(word.span),
                        "Injecting filenames is fragile and insecure. Use parameters",
                    );
                }
            }
        }
    }
}
