//! Package managers that take unsigned packages.

use super::flags::removal;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::{Arg, Invocation};

pub(super) static RULE: Rule = Rule {
    id: "PL1217",
    aliases: &["CIS-4.11", "CIS-DI-0011"],
    level: Level::Warning,
    title: "Let package managers verify what they install",
    why: "Signatures are what tells packages of the distribution from those of whoever stands \
          between. Import the key of a repository instead of switching them off.",
    bad: "FROM alpine:3.20\nRUN apk add --no-cache --allow-untrusted tool=1.0-r0\n",
    good: "FROM alpine:3.20\nCOPY example.rsa.pub /etc/apk/keys/\nRUN apk add --no-cache tool=1.0-r0\n",
    mending: Mending::Unsafe,
    source: "https://www.cisecurity.org/benchmark/docker",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            let inner = program.through_wrappers();
            if let Some(argument) = switch(&inner) {
                let place = commands.text.source_span(argument.span);
                let message = format!("{} installs what nobody signed with this", inner.program());
                findings
                    .report(commands.text.line, place, message)
                    .unsafe_fix("verify packages", removal(commands, argument));
            } else if let Some(argument) = written(&inner) {
                let place = commands.text.source_span(argument.span);
                let message = "this makes the package manager take what nobody signed";
                findings.report(commands.text.line, place, message);
            }
        }
    }
}

fn switch<'i, 'a>(program: &'i Invocation<'a>) -> Option<&'i Arg<'a>> {
    let flags: &[&str] = match program.program() {
        "apt-get" | "apt" | "aptitude" => {
            &["allow-unauthenticated", "force-yes", "allow-insecure-repositories"]
        }
        "apk" => &["allow-untrusted"],
        "rpm" => &["nodigest", "nosignature", "nogpg"],
        "yum" | "dnf" | "microdnf" | "tdnf" => &["nogpgcheck", "no-gpgchecks"],
        "zypper" => &["no-gpg-checks", "allow-unsigned-rpm"],
        _ => return None,
    };
    program
        .args()
        .iter()
        .find(|one| one.text.strip_prefix("--").is_some_and(|flag| flags.contains(&flag)))
}

/// A line for a configuration file of a package manager.
fn written<'i, 'a>(program: &'i Invocation<'a>) -> Option<&'i Arg<'a>> {
    const LINES: [&str; 7] = [
        "[trusted=yes",
        "trusted=yes]",
        "gpgcheck=0",
        "gpgcheck = 0",
        "AllowUnauthenticated \"true\"",
        "AllowUnauthenticated=true",
        "SigLevel = Never",
    ];
    if !matches!(
        program.program(),
        "echo" | "printf" | "sed" | "apt-get" | "yum" | "dnf" | "yum-config-manager"
    ) {
        return None;
    }
    program.args().iter().find(|one| {
        let text = one.text.replace("repo_gpgcheck", "");
        LINES.iter().any(|line| text.contains(line)) && !removes(&text)
    })
}

/// Whether an expression of sed takes the line away: `s/gpgcheck=0/gpgcheck=1/`.
fn removes(text: &str) -> bool {
    text.contains("gpgcheck=0/gpgcheck=1") || text.contains("gpgcheck=0/d")
}
