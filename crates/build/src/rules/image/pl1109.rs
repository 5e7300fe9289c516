//! `RUN` of a command that is not there.

use crate::context::Context;
use crate::finding::Level;
use crate::flow::{Effect, Until, manager_called};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1109",
    aliases: &[],
    level: Level::Warning,
    title: "RUN calls only commands that are there",
    why: "Small images leave out what larger ones have: Alpine's has neither bash nor curl, Debian's \
          slim ones neither curl nor wget nor git, and each distribution has a package manager of \
          its own. What is not in the base has to be installed or copied before it is called.",
    bad: "FROM alpine:3.20\nRUN curl -fsSL -o /usr/bin/tool https://example.org/tool\n",
    good: "FROM alpine:3.20\nRUN wget -O /usr/bin/tool https://example.org/tool\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#run",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let flow = context.flow();
    for stage in context.stages {
        let mut told = Vec::new();
        for event in flow.own_events(stage.index).iter().filter(|event| event.certain) {
            let Effect::Call { program, guarded: false } = &event.effect else { continue };
            let is_run = context
                .file
                .instructions
                .get(event.instruction)
                .is_some_and(|instruction| instruction.keyword == Keyword::Run);
            let until = Until::Event(event);
            if !is_run
                || told.contains(&program)
                || !flow.lacks_command(stage.index, until, program)
            {
                continue;
            }
            // Without a shell the instruction itself is the mistake.
            let Some(base) = flow.base(stage.index) else { continue };
            if base.shell.as_ref().is_none_or(|shell| !shell.exists()) {
                continue;
            }
            told.push(program);
            findings.report(event.line, event.span, message(program, base));
        }
    }
}

/// What is missing, and what is there in its place.
pub(super) fn message(program: &str, base: &crate::bases::Base) -> String {
    let name = &base.name;
    let has = |other: &str| base.has_command(other) == Some(true);
    let manager = base.package_manager.map_or("none", crate::bases::PackageManager::name);
    if manager_called(program).is_some() && manager != "none" {
        return format!("{program} is not in {name}: its package manager is {manager}");
    }
    match program {
        "curl" if has("wget") => {
            format!("curl is not in {name} and nothing installs it; wget is there")
        }
        "bash" if has("sh") => {
            format!("bash is not in {name} and nothing installs it; sh is there")
        }
        "useradd" | "groupadd" if has("adduser") => {
            format!("{program} is not in {name} and nothing installs it; adduser and addgroup are")
        }
        _ => format!("{program} is not in {name} and nothing installs it"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn what_is_not_there_is_named_with_what_is() {
        let text = "FROM alpine:3.20\nRUN apt-get update\nRUN bash -c x\nFROM debian:12-slim\n\
                    RUN wget https://e.org && apk add x\nFROM node:20-alpine\nRUN groupadd x\n";
        insta::assert_snapshot!(said("PL1109", text).join("\n"), @r"
        2: apt-get is not in alpine:3.20: its package manager is apk
        3: bash is not in alpine:3.20 and nothing installs it; sh is there
        5: wget is not in debian:12-slim and nothing installs it
        5: apk is not in debian:12-slim: its package manager is apt
        7: groupadd is not in node:20-alpine and nothing installs it; adduser and addgroup are
        ");
    }

    #[test]
    fn what_may_be_there_is_left_alone() {
        for text in [
            "FROM alpine:3.20\nRUN apk add curl && curl x\n",
            "FROM alpine:3.20\nRUN if command -v apt-get; then apt-get update; else apk add x; fi\n",
            "FROM alpine:3.20\nRUN curl x || wget x\n",
            "FROM debian:12\nRUN apt-get install -y build-tools && git clone x\n",
            "FROM nginx:alpine\nRUN curl x\n",
            "FROM node:20\nRUN curl x\n",
            "FROM ours/app\nRUN curl x\n",
        ] {
            assert_eq!(said("PL1109", text), [""; 0], "{text}");
        }
    }
}
