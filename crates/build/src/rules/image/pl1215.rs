//! Downloads that are run or unpacked unchecked.

use super::downloads::{Download, behind, downloads, file_name, verifies};
use crate::context::{Commands, Context};
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Invocation;

pub(super) static RULE: Rule = Rule {
    id: "PL1215",
    aliases: &["CIS-4.11", "CIS-DI-0011"],
    level: Level::Info,
    title: "Compare a download with a checksum or signature before it is used",
    why: "A server that was broken into, or a tag that was moved, gives another file than the one \
          that was tried out, and it is part of the image unseen. `ADD --checksum` fetches and \
          compares in one.",
    bad: "FROM debian:12\nRUN curl -fsSLO https://example.com/tool.tar.gz && tar xzf tool.tar.gz\n",
    good: "FROM debian:12\nRUN curl -fsSLO https://example.com/tool.tar.gz \\\n  && echo \"24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d  tool.tar.gz\" | sha256sum -c \\\n  && tar xzf tool.tar.gz\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#add---checksum",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        let verified = |one: &crate::script::Program<'_>| {
            verifies(&one.through_wrappers())
                // Programs of the project that check, such as a `verify.sh`.
                || one.program().contains("verify")
        };
        if commands.invocations.iter().any(verified) {
            continue;
        }
        for download in downloads(commands) {
            let Some(user) = user_of(commands, &download) else { continue };
            let place = commands.text.source_span(download.fetcher.name_span());
            let message = format!(
                "what is fetched here is {} without being compared with a checksum or signature",
                user.1
            );
            let other = commands.text.source_span(user.0);
            findings.report(commands.text.line, place, message).related(other, "here");
        }
    }
}

/// The command that unpacks, installs or runs what was fetched, and which of these it does.
fn user_of(commands: Commands<'_>, download: &Download<'_>) -> Option<(crate::Span, &'static str)> {
    let Some(file) = &download.file else {
        return behind(commands, download.program).find_map(|next| {
            let next = next.through_wrappers();
            let unpacks = match next.program() {
                "tar" | "bsdtar" => is_extracting(&next),
                "unzip" | "cpio" | "funzip" => true,
                _ => false,
            };
            unpacks.then(|| (next.command().span, "unpacked"))
        });
    };
    let start = download.program.command().span.end;
    commands.invocations.iter().filter(|one| one.command().span.start >= start).find_map(|one| {
        let program = one.through_wrappers();
        let named = |text: &str| !file.is_empty() && file_name(text) == file;
        let verb = if named(program.name()) {
            "run"
        } else if program.args().iter().any(|argument| named(&argument.text)) {
            use_of(&program)?
        } else {
            return None;
        };
        Some((program.command().span, verb))
    })
}

fn use_of(program: &Invocation<'_>) -> Option<&'static str> {
    let operands = program.operands();
    let first = operands.first().map(|one| &*one.text);
    match program.program() {
        "tar" | "bsdtar" if is_extracting(program) => Some("unpacked"),
        "unzip" | "gunzip" | "unxz" | "bunzip2" | "7z" | "ar" => Some("unpacked"),
        "dpkg" if program.has_flag(&["i", "install", "unpack"]) => Some("installed"),
        "rpm" if program.has_flag(&["i", "U", "install", "upgrade"]) => Some("installed"),
        "apt" | "apt-get" | "yum" | "dnf" | "microdnf" | "zypper" | "gdebi" | "pip" | "pip3" => {
            Some("installed")
        }
        "apk" if first == Some("add") => Some("installed"),
        "chmod" => first.is_some_and(makes_executable).then_some("made executable"),
        "sh" | "bash" | "dash" | "ash" | "python" | "python3" | "perl" | "ruby" | "node"
        | "php" => Some("run"),
        "java" => program.has_flag(&["jar"]).then_some("run"),
        _ => None,
    }
}

fn makes_executable(mode: &str) -> bool {
    match u32::from_str_radix(mode, 8) {
        Ok(bits) => bits & 0o111 != 0,
        Err(_) => mode.contains('+') && mode.contains('x') || mode.contains("=rx"),
    }
}

/// Whether it is tar that unpacks: `x` among its letters.
fn is_extracting(program: &Invocation<'_>) -> bool {
    let old = program.args().first().is_some_and(|one| !one.is_flag() && one.text.contains('x'));
    old || program.has_flag(&["x", "extract", "get"])
}
