//! A redirect of a command under `sudo`.

use crate::Span;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::RedirectOperator;

pub(super) static RULE: Rule = Rule {
    id: "SC2024",
    aliases: &[],
    level: Level::Warning,
    title: "Use `sudo tee` to write as another user",
    why: "The shell opens the file, not `sudo`: it does so as the user of the shell.",
    bad: "FROM debian:12\nRUN sudo echo x > /etc/app\n",
    good: "FROM debian:12\nRUN echo x | sudo tee /etc/app\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2024",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["sudo"]) {
            for redirect in &call.command.redirects {
                let writes = matches!(
                    redirect.operator,
                    RedirectOperator::Read
                        | RedirectOperator::Write
                        | RedirectOperator::Append
                        | RedirectOperator::WriteBoth
                        | RedirectOperator::AppendBoth
                );
                let target = tree.of(redirect.target.span);
                if writes && target != "/dev/null" {
                    let span = Span::new(redirect.operator_span.start, redirect.operator_span.end);
                    findings.report(
                        tree.text.line,
                        tree.place(span),
                        "sudo doesn't affect redirects. Use .. | sudo tee file",
                    );
                }
            }
        }
    }
}
