//! Passwords in URLs.

use crate::Span;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use plimsoll_model::text::offset;

pub(super) static RULE: Rule = Rule {
    id: "PL1502",
    aliases: &["DS-0031", "AVD-DS-0031", "DS031", "CIS-4.10", "CIS-DI-0010"],
    level: Level::Error,
    title: "Write no password into a URL",
    why: "The URL is kept in the image's history and its variables, and in logs of proxies and \
          servers, with the password in it.",
    bad: "FROM debian:12\nRUN curl -fsSLO https://deploy:Zx81pqRt@files.internal.test/tool.tar.gz\n",
    good: "FROM debian:12\nRUN --mount=type=secret,id=netrc,target=/root/.netrc curl -nfsSLO https://files.internal.test/tool.tar.gz\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/secrets/",
    check,
};

/// Passwords that stand for one.
const PLACEHOLDERS: [&str; 12] = [
    "password", "passwd", "pass", "pwd", "secret", "token", "changeme", "xxx", "xxxx", "test",
    "user", "example",
];
/// Where no other machine listens.
const LOCAL: [&str; 5] = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "host.docker.internal"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for instruction in &context.file.instructions {
        let text = context.file.source.slice(instruction.span);
        for (at, _) in text.match_indices("://") {
            let start = at.saturating_add(3);
            let rest = text.get(start..).unwrap_or_default();
            if let Some(length) = password(rest) {
                let start = instruction.span.start.saturating_add(offset(start));
                let place = Span::new(start, start.saturating_add(offset(length)));
                let message = "a password stands in this URL: whoever has the image has it";
                findings.report(instruction.lines.0, place, message);
            }
        }
    }
}

/// How long `user:password` is at the start of what stands behind `://`.
fn password(rest: &str) -> Option<usize> {
    let ends = |one: char| one.is_whitespace() || "/?#\"'`<>|\\;,".contains(one);
    let authority = rest.get(..rest.find(ends).unwrap_or(rest.len()))?;
    let (login, host) = authority.rsplit_once('@')?;
    let (user, password) = login.split_once(':')?;
    let written = password.bytes().all(|one| !b"$(){}*[]%".contains(&one)) && !password.is_empty();
    let lower = password.to_ascii_lowercase();
    let local = LOCAL.iter().any(|name| host.starts_with(name)) || host.contains("example.");
    let placeholder = PLACEHOLDERS.contains(&lower.as_str());
    (written && !local && !placeholder && !user.is_empty() && !user.contains('@'))
        .then_some(login.len())
}

#[cfg(test)]
mod tests {
    use super::password;

    #[test]
    fn a_password_is_what_somebody_wrote() {
        assert_eq!(password("deploy:Zx81pqRt@host/x"), Some(15));
        for none in [
            "host:8080/x@y",
            "git@host/x",
            "user:$TOKEN@host",
            "x-access-token:${TOKEN}@github.com/x",
            "user:password@host",
            "a:b1c2@localhost:5432",
            ":x1y2@host",
            "user:@host",
        ] {
            assert_eq!(password(none), None, "{none}");
        }
    }
}
