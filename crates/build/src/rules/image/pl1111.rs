//! Compilers and headers in the image that is shipped.

use crate::context::Context;
use crate::finding::Level;
use crate::flow::{Effect, Event, Flow, Opaque, base_name};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1111",
    aliases: &[],
    level: Level::Info,
    title: "Leave compilers and headers out of the image that is shipped",
    why: "What builds a program is not needed to run it, and is often most of an image: its bytes, \
          and its vulnerabilities. Build in a stage of its own and copy the outcome, or remove the \
          packages in the RUN that installs them.",
    bad: "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y gcc libpq-dev && \
          pip install psycopg2\nCOPY . /app\nCMD [\"python\", \"/app/main.py\"]\n",
    good: "FROM python:3.12 AS build\nRUN pip wheel --wheel-dir /wheels psycopg2\n\
           FROM python:3.12-slim\n\
           RUN --mount=type=bind,from=build,source=/wheels,target=/wheels pip install /wheels/*\n\
           COPY . /app\nCMD [\"python\", \"/app/main.py\"]\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/multi-stage/",
    check,
};

/// Packages that build programs and do not run them.
const BUILDERS: &[&str] = &[
    "alpine-sdk",
    "autoconf",
    "automake",
    "bison",
    "build-base",
    "build-essential",
    "clang",
    "cmake",
    "flex",
    "g++",
    "gcc",
    "gcc-c++",
    "gfortran",
    "libtool",
    "linux-headers",
    "make",
    "maven",
    "meson",
    "nasm",
    "ninja",
    "ninja-build",
    "node-gyp",
    "pkg-config",
    "pkgconf",
    "pkgconfig",
    "rust",
    "cargo",
    "yasm",
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(last) = context.final_stage() else { return };
    if !is_application(context, last.index) {
        return;
    }
    let flow = context.flow();
    report(flow, last.index, findings, is_builder, |names, line| {
        format!(
            "{names} {} in the image: build in a stage of its own, or remove {} in the RUN of line \
             {line}",
            if names.contains(',') { "stay" } else { "stays" },
            if names.contains(',') { "them" } else { "it" },
        )
    });
}

/// Whether the stage runs something that is copied into it, rather than being a tool to build
/// with.
pub(super) fn is_application(context: &Context<'_>, stage: usize) -> bool {
    let chain = context.flow().chain_set(stage);
    let has = |keywords: &[Keyword]| {
        context.steps().any(|step| {
            !step.onbuild
                && step.stage.is_some_and(|stage| chain.contains(&stage))
                && keywords.contains(&step.instruction.keyword)
        })
    };
    has(&[Keyword::Copy, Keyword::Add]) && has(&[Keyword::Cmd, Keyword::Entrypoint])
}

fn is_builder(package: &str) -> bool {
    BUILDERS.contains(&package) || package.ends_with("-dev") || package.ends_with("-devel")
}

/// Reports, once for each instruction, the packages that it installs and that stay.
pub(super) fn report(
    flow: &Flow,
    stage: usize,
    findings: &mut Findings<'_>,
    counts: impl Fn(&str) -> bool,
    message: impl Fn(&str, u32) -> String,
) {
    let mut found: Vec<(&Event, Vec<&str>)> = Vec::new();
    for event in flow.events(stage).filter(|event| event.certain) {
        let Effect::Install { package, .. } = &event.effect else { continue };
        if !counts(package) || is_removed(flow, stage, event) || !is_worked_with(flow, stage, event)
        {
            continue;
        }
        match found.last_mut() {
            Some((first, names)) if first.instruction == event.instruction => {
                if !names.contains(&package.as_str()) {
                    names.push(package);
                }
            }
            _ => found.push((event, vec![package])),
        }
    }
    for (event, names) in found {
        findings.report(event.line, event.span, message(&listed(&names), event.line));
    }
}

/// How many names a message holds.
const MOST_NAMES: usize = 5;

/// `a, b, c and 4 more`
pub(super) fn listed(names: &[&str]) -> String {
    let first = names.get(..MOST_NAMES).unwrap_or(names).join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Whether something is done with it when the image is built; else it is there for those who use
/// the image.
fn is_worked_with(flow: &Flow, stage: usize, event: &Event) -> bool {
    flow.events(stage).filter(|other| other.instruction >= event.instruction).any(|other| {
        match &other.effect {
            Effect::Opaque(what) => *what != Opaque::Commands,
            Effect::Call { program, .. } => {
                matches!(base_name(program), "curl" | "wget" | "git" | "tar")
            }
            _ => false,
        }
    })
}

/// Whether something removes the package later: in its own layer, or in another one, of which
/// another rule speaks.
fn is_removed(flow: &Flow, stage: usize, event: &Event) -> bool {
    let Effect::Install { package, group, .. } = &event.effect else { return false };
    flow.events(stage).filter(|other| other.instruction >= event.instruction).any(|other| {
        match &other.effect {
            Effect::Uninstall { package: Some(gone), .. } => {
                gone == package || group.as_ref() == Some(gone)
            }
            Effect::UninstallOthers => true,
            // Which packages went cannot be read.
            Effect::Uninstall { package: None, .. } => other.instruction == event.instruction,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn each_instruction_names_what_it_leaves() {
        let text = "FROM python:3.12-alpine\nRUN apk add gcc musl-dev curl && pip install x\n\
                    COPY . /app\nCMD [\"python\"]\n";
        let message = "2: gcc, musl-dev stay in the image: build in a stage of its own, or remove \
                       them in the RUN of line 2";
        assert_eq!(said("PL1111", text), [message]);
    }

    #[test]
    fn what_is_removed_or_only_builds_is_left_alone() {
        for text in [
            "FROM alpine:3.20\nRUN apk add -t .d gcc && apk del .d\nCOPY . /a\nCMD [\"/a\"]\n",
            "FROM debian:12\nRUN apt-get install -y gcc && make && apt-get purge -y $X && \
             apt-get autoremove\nCOPY . /a\nCMD [\"/a\"]\n",
            "FROM debian:12\nENV T=\"gcc make\"\nRUN apt-get install -y $T && make && \
             apt-get purge -y --auto-remove $T\nCOPY . /a\nCMD [\"/a\"]\n",
            "FROM debian:12\nRUN apt-get install -y gcc && make && apt-mark auto gcc && \
             apt-get purge -y --auto-remove\nCOPY . /a\nCMD [\"/a\"]\n",
            "FROM alpine:3.20\nRUN apk add gcc\n",
            "FROM alpine:3.20\nRUN apk add gcc\nCOPY b /usr/bin/\nCMD [\"b\"]\n",
            "FROM alpine:3.20 AS b\nRUN apk add gcc\nFROM scratch\nCOPY --from=b /a /a\nCMD [\"/a\"]\n",
            "FROM debian:12\nRUN apt-get install -y libpq5\nCOPY . /a\nCMD [\"/a\"]\n",
        ] {
            assert_eq!(said("PL1111", text), [""; 0], "{text}");
        }
    }
}
