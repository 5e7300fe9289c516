//! Gems without a version.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3028",
    aliases: &[],
    level: Level::Warning,
    title: "Pin versions in `gem install`",
    why: "Without a version the newest is taken: two builds of one file differ, and a bad release, or a hijacked one, is in the next image.",
    bad: "FROM ruby:3.4\nRUN gem install bundler\n",
    good: "FROM ruby:3.4\nRUN gem install bundler:2.6.9\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3028",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            if program.name() != "gem" || !matches!(program.subcommand(), Some("install" | "i")) {
                continue;
            }
            if program.has_flag(&["v", "version"]) {
                continue;
            }
            let own = program.args().iter().take_while(|one| one.text != "--");
            let mut value = false;
            for package in own.skip(1) {
                let text: &str = &package.text;
                let skipped = std::mem::take(&mut value);
                if text.starts_with('-') {
                    value = text.starts_with("--use-") && !text.contains('=')
                        || matches!(
                            text,
                            "-i" | "--install-dir" | "-n" | "--bindir" | "-s" | "--source"
                        );
                } else if !skipped && !text.contains(':') && !matches!(text, "install" | "i") {
                    let place = commands.text.source_span(package.span);
                    let message = format!(
                        "Pin versions in gem install. Instead of `gem install {text}` use `gem \
                         install {text}:<version>`"
                    );
                    findings.report(commands.text.line, place, message);
                }
            }
        }
    }
}
