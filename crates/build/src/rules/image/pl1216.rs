//! TLS that trusts everybody.

use super::flags::removal;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::rules::hadolint::quotes::bare;
use crate::shell::{Arg, Invocation};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1216",
    aliases: &["CIS-4.11", "CIS-DI-0011"],
    level: Level::Warning,
    title: "Leave the verification of certificates on",
    why: "With it off, whoever stands between the build and the server gives it what he likes. Put \
          the certificate of a private authority into the image's store, or name its file, instead.",
    bad: "FROM debian:12\nRUN curl -k -o /usr/local/bin/tool https://example.com/tool\n",
    good: "FROM debian:12\nRUN curl -o /usr/local/bin/tool https://example.com/tool\n",
    mending: Mending::Unsafe,
    source: "https://curl.se/docs/manpage.html#-k",
    check,
};

/// Variables that switch it off, and the values that do.
const VARIABLES: [(&str, &[&str]); 8] = [
    ("NODE_TLS_REJECT_UNAUTHORIZED", &["0"]),
    ("PYTHONHTTPSVERIFY", &["0"]),
    ("GIT_SSL_NO_VERIFY", &["1", "true", "yes", "on"]),
    ("NPM_CONFIG_STRICT_SSL", &["false"]),
    ("npm_config_strict_ssl", &["false"]),
    ("YARN_STRICT_SSL", &["false"]),
    ("PERL_LWP_SSL_VERIFY_HOSTNAME", &["0"]),
    ("CURL_INSECURE", &["1"]),
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Env) {
        for pair in step.instruction.arguments.pairs() {
            if switches_off(bare(&pair.key.text), bare(&pair.value.text)) {
                let place = pair.key.span.join(pair.value.span);
                let message = "this switches the verification of certificates off for all that runs \
                               in the image";
                findings.report(step.line, place, message);
            }
        }
    }
    for commands in context.runs() {
        let source = commands.text.text.text();
        for program in commands.invocations {
            for assignment in &program.command().assignments {
                let value = assignment.word().map(|word| word.text(source));
                if value.is_some_and(|value| switches_off(&assignment.name, &value)) {
                    let place = commands.text.source_span(assignment.span);
                    let message = "this switches the verification of certificates off";
                    findings.report(commands.text.line, place, message);
                }
            }
            let inner = program.through_wrappers();
            let Some((argument, alone)) = switch(&inner) else { continue };
            let place = commands.text.source_span(argument.span);
            let message = format!("{} trusts every server with this", inner.program());
            let reported = findings.report(commands.text.line, place, message);
            if alone {
                reported.unsafe_fix("verify certificates", removal(commands, argument));
            }
        }
    }
}

fn switches_off(name: &str, value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    VARIABLES.iter().any(|(known, values)| *known == name && values.contains(&value.as_str()))
}

/// The argument that switches it off, and whether the command does without it.
fn switch<'i, 'a>(program: &'i Invocation<'a>) -> Option<(&'i Arg<'a>, bool)> {
    let arguments = program.args();
    let find = |text: &str| arguments.iter().find(|one| one.text == text);
    let setting = |names: &[&str], values: &[&str]| {
        arguments.windows(2).find_map(|pair| match pair {
            [name, value]
                if names.iter().any(|known| name.text.eq_ignore_ascii_case(known))
                    && values.contains(&&*value.text) =>
            {
                Some((name, false))
            }
            _ => None,
        })
    };
    let assigned = |name: &str, values: &[&str]| {
        let found = arguments.iter().find(|one| {
            one.text.split_once('=').is_some_and(|(key, value)| {
                key.trim_start_matches('-').eq_ignore_ascii_case(name) && values.contains(&value)
            })
        });
        found.map(|one| (one, false))
    };
    match program.program() {
        "curl" => {
            let flag = program.flag(&["k", "insecure"])?;
            let url = program.operands().iter().any(|one| is_local(&one.text));
            let alone = matches!(&*flag.text, "-k" | "--insecure");
            (!url).then_some((flag, alone))
        }
        "wget" => find("--no-check-certificate").map(|one| (one, true)),
        "pip" | "pip3" | "python" | "python3" => program
            .flag(&["trusted-host"])
            .map(|one| (one, one.text.contains('=')))
            .or_else(|| find("global.trusted-host").map(|one| (one, false))),
        "npm" | "yarn" | "pnpm" => setting(&["strict-ssl", "strict_ssl"], &["false"])
            .or_else(|| assigned("strict-ssl", &["false"]))
            .or_else(|| find("--no-strict-ssl").map(|one| (one, true))),
        "git" => assigned("http.sslVerify", &["false", "0"])
            .or_else(|| setting(&["http.sslVerify"], &["false", "0"])),
        "conda" | "mamba" => setting(&["ssl_verify"], &["false", "False", "no"]),
        "apt-get" | "apt" => assigned("Acquire::https::Verify-Peer", &["false"]),
        "export" => arguments.iter().find_map(|one| {
            let (name, value) = one.text.split_once('=')?;
            switches_off(name, value).then_some((one, false))
        }),
        _ => None,
    }
}

fn is_local(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    host.starts_with("localhost") || host.starts_with("127.") || host.starts_with("[::1]")
}
