//! `ADD` of a URL without a checksum.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::rules::hadolint::quotes::bare;
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1212",
    aliases: &["CIS-4.11", "CIS-DI-0011"],
    level: Level::Warning,
    title: "Give ADD of a URL the checksum of what it fetches",
    why: "Whoever holds the server decides what is in the image, and a build of tomorrow may get \
          another file. `ADD --checksum=sha256:…` refuses what is not what was checked once.",
    bad: "FROM alpine:3.20\nADD https://example.com/tool /usr/local/bin/tool\n",
    good: "FROM alpine:3.20\nADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.com/tool /usr/local/bin/tool\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#add---checksum",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Add) {
        let Some((_, sources)) = step.instruction.arguments.words().split_last() else { continue };
        if step.instruction.flag("checksum").is_some() {
            continue;
        }
        for source in sources {
            let url = bare(&source.text).to_ascii_lowercase();
            let web = url.starts_with("https://") || url.starts_with("http://");
            if web && !super::pl1213::is_repository(&url) {
                let message = "nothing says what this URL must give: add --checksum";
                findings.report(step.line, source.span, message);
            }
        }
    }
}
