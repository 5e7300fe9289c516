//! SSH servers.

use super::lineage::Lineage;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1209",
    aliases: &[],
    level: Level::Info,
    title: "Run no SSH server in a container",
    why: "It is a second way in, with keys, passwords and updates of its own. `docker exec` and \
          `kubectl exec` open a shell without one.",
    bad: "FROM debian:12\nCMD [\"/usr/sbin/sshd\", \"-D\"]\n",
    good: "FROM debian:12\nCMD [\"/usr/local/bin/server\"]\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/best-practices/#decouple-applications",
    check,
};

const INSTALLERS: [&str; 8] = ["apt-get", "apt", "apk", "yum", "dnf", "microdnf", "zypper", "tdnf"];
const SERVERS: [&str; 3] = ["openssh-server", "dropbear", "openssh-sftp-server"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let image = Lineage::new(context);
    for commands in context.all_commands() {
        if !image.holds(commands.text.stage) {
            continue;
        }
        for program in commands.invocations {
            let inner = program.through_wrappers();
            let span = match commands.text.keyword {
                Keyword::Cmd | Keyword::Entrypoint if inner.program() == "sshd" => {
                    Some(inner.name_span())
                }
                Keyword::Run if INSTALLERS.contains(&inner.program()) => {
                    let adds =
                        inner.args().iter().any(|one| matches!(&*one.text, "install" | "add"));
                    let server = inner.args().iter().find(|one| {
                        SERVERS.contains(&one.text.split('=').next().unwrap_or_default())
                    });
                    server.filter(|_| adds).map(|server| server.span)
                }
                _ => None,
            };
            if let Some(span) = span {
                let place = commands.text.source_span(span);
                findings.report(
                    commands.text.line,
                    place,
                    "an SSH server becomes part of the image",
                );
            }
        }
    }
}
