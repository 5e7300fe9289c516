//! `CMD`, `ENTRYPOINT` and `HEALTHCHECK` of a command that is not there.

use super::pl1109::message;
use crate::context::Context;
use crate::finding::Level;
use crate::flow::{Effect, Event, Flow, Until};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1110",
    aliases: &[],
    level: Level::Warning,
    title: "CMD, ENTRYPOINT and HEALTHCHECK call only commands that are in the image",
    why: "Such a mistake builds and shows itself in the container: it does not start, or it is \
          unhealthy for ever, because a HEALTHCHECK with curl fails on images that have no curl. \
          BusyBox's wget is in every Alpine image; many programs can check themselves.",
    bad: "FROM node:20-alpine\nCOPY . /app\n\
          HEALTHCHECK CMD curl -f http://localhost:3000/ || exit 1\nCMD [\"node\", \"/app\"]\n",
    good: "FROM node:20-alpine\nCOPY . /app\n\
           HEALTHCHECK CMD wget -q --spider http://localhost:3000/ || exit 1\nCMD [\"node\", \"/app\"]\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#healthcheck",
    check,
};

/// What may stand behind `||` and in pipes without being another way to check.
const BESIDE: &[&str] = &["exit", "false", "true", ":", "echo", "grep", "jq", "kill", "return"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(last) = context.final_stage() else { return };
    let flow = context.flow();
    let Some(base) = flow.base(last.index) else { return };
    let keyword = |event: &Event| {
        context.file.instructions.get(event.instruction).map(|instruction| instruction.keyword)
    };
    let calls = |wanted: Keyword| {
        let last_one = flow
            .events(last.index)
            .rfind(|event| is_call(event) && keyword(event) == Some(wanted))?;
        Some(last_one.instruction)
    };
    let entrypoint = calls(Keyword::Entrypoint);
    // With an entry point the words of CMD are its arguments.
    let own_cmd = entrypoint.is_none()
        && !context.steps_of(Keyword::Entrypoint).any(|step| step.stage == Some(last.index))
        && match &base.entrypoint {
            Some(words) => words.is_empty(),
            None => base.cmd.is_some(),
        };
    let cmd = calls(Keyword::Cmd).filter(|_| own_cmd);
    for instruction in [entrypoint, cmd, calls(Keyword::Healthcheck)].into_iter().flatten() {
        let Some(event) = missing(flow, last.index, instruction) else { continue };
        let Effect::Call { program, .. } = &event.effect else { continue };
        findings.report(event.line, event.span, message(program, base));
    }
}

fn is_call(event: &Event) -> bool {
    matches!(event.effect, Effect::Call { .. })
}

/// The first call of an instruction, if it is of a command that is not there and no other call
/// stands in for it.
fn missing(flow: &Flow, stage: usize, instruction: usize) -> Option<&Event> {
    let mut calls =
        flow.events(stage).filter(|event| event.instruction == instruction && is_call(event));
    let first = calls.next()?;
    let Effect::Call { program, guarded } = &first.effect else { return None };
    let mut others = calls.filter_map(|event| match &event.effect {
        Effect::Call { program, .. } => Some(program.as_str()),
        _ => None,
    });
    let replaced = *guarded && !others.all(|other| BESIDE.contains(&other) || other == program);
    let is_missing = first.certain && flow.lacks_command(stage, Until::End, program);
    (is_missing && !replaced).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn what_the_container_calls_and_has_not_is_named() {
        let text = "FROM python:3.12-slim\nHEALTHCHECK CMD curl -f http://localhost || exit 1\n";
        assert_eq!(
            said("PL1110", text),
            ["2: curl is not in python:3.12-slim and nothing installs it"]
        );
        let text = "FROM alpine:3.20\nCOPY a.sh /\nENTRYPOINT [\"bash\", \"/a.sh\"]\n";
        assert_eq!(said("PL1110", text).len(), 1);
        assert_eq!(said("PL1110", "FROM alpine:3.20\nCMD [\"/bin/bash\"]\n").len(), 1);
    }

    #[test]
    fn what_may_be_there_is_left_alone() {
        for text in [
            "FROM alpine:3.20\nRUN apk add curl\nHEALTHCHECK CMD curl -f x || exit 1\n",
            "FROM alpine:3.20\nHEALTHCHECK CMD curl x || wget x\n",
            "FROM alpine:3.20\nENTRYPOINT [\"/entry\"]\nCMD [\"bash\"]\n",
            "FROM node:20-alpine\nCMD [\"curl\"]\n",
            "FROM alpine:3.20\nCMD [\"bash\"]\nCMD [\"sh\"]\n",
            "FROM scratch\nCOPY app /bin/app\nENTRYPOINT [\"/bin/app\"]\n",
            "FROM nginx:alpine\nHEALTHCHECK CMD curl -f http://localhost || exit 1\n",
        ] {
            assert_eq!(said("PL1110", text), [""; 0], "{text}");
        }
    }
}
