//! A pattern for `find` outside of quotes.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;

use super::splitting::quotes;

pub(super) static RULE: Rule = Rule {
    id: "SC2061",
    aliases: &[],
    level: Level::Warning,
    title: "Put the pattern for `find` in quotes",
    why: "The shell puts the names of files in the working directory in its place, before `find` sees it.",
    bad: "FROM debian:12\nRUN find / -name a*.pyc\n",
    good: "FROM debian:12\nRUN find / -name 'a*.pyc'\n",
    mending: Mending::Unsafe,
    source: "https://www.shellcheck.net/wiki/SC2061",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["find"]) {
            let words: Vec<_> = tree.arguments(call).collect();
            for pair in words.windows(2) {
                let [(_, flag), (word, _)] = pair else { continue };
                let takes_pattern = matches!(
                    flag.as_ref(),
                    "-name"
                        | "-iname"
                        | "-path"
                        | "-ipath"
                        | "-wholename"
                        | "-iwholename"
                        | "-regex"
                        | "-iregex"
                        | "-lname"
                        | "-ilname"
                );
                if takes_pattern && word.parts.iter().any(|part| matches!(part, Part::Glob { .. }))
                {
                    let place = tree.place(word.span);
                    let reported = findings.report(
                        tree.text.line,
                        place,
                        format!("Quote the parameter to {flag} so the shell won't interpret it"),
                    );
                    if !word.is_quoted() {
                        reported.unsafe_fix("put it in double quotes", quotes(place));
                    }
                }
            }
        }
    }
}
