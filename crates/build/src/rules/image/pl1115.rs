//! Copied files that a later `RUN` gives to others, which stores them twice.

use super::pl1102::MOST_WRITERS;
use crate::build_context::weight;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::flow::{Effect, Event, Flow, Until, Writer, is_within};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::{Instruction, Keyword};
use crate::{Source, Span};

pub(super) static RULE: Rule = Rule {
    id: "PL1115",
    aliases: &[],
    level: Level::Warning,
    title: "Give copied files their owner and mode with COPY",
    why: "A layer holds whole files: to change the owner or the mode of a file that an earlier layer \
          holds stores all its bytes again. COPY --chown and --chmod set them as the file comes in.",
    bad: "FROM node:20-alpine\nCOPY . /app\nRUN chown -R node:node /app\nUSER node\n\
          CMD [\"node\", \"/app\"]\n",
    good: "FROM node:20-alpine\nCOPY --chown=node:node . /app\nUSER node\nCMD [\"node\", \"/app\"]\n",
    mending: Mending::Unsafe,
    source: "https://docs.docker.com/reference/dockerfile/#copy---chown---chmod",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(last) = context.final_stage() else { return };
    let flow = context.flow();
    for event in flow.events(last.index).filter(|event| event.certain) {
        let Effect::Reown { path, program, to } = &event.effect else { continue };
        let flag = if *program == "chmod" { "chmod" } else { "chown" };
        // Copied files belong to root unless told otherwise, and with `chown` before it `chgrp`
        // stores nothing more.
        let owner = to.split([':', '.']).find(|part| !part.is_empty()).unwrap_or_default();
        let is_root = flag == "chown" && ["root", "0"].contains(&owner);
        let again = *program == "chgrp"
            && flow.events_until(last.index, Until::Event(event)).any(|other| {
                other.instruction == event.instruction
                    && matches!(&other.effect, Effect::Reown { path: of, program: "chown", .. } if of == path)
            });
        if is_root || again {
            continue;
        }
        let value = if *program == "chgrp" { format!("root:{to}") } else { to.clone() };
        let copied: Vec<&Event> = flow
            .events(last.index)
            .filter(|other| other.instruction < event.instruction && is_copied(other, path))
            .filter(|other| {
                let instruction = context.file.instructions.get(other.instruction);
                instruction.is_some_and(|one| one.flag(flag).is_none())
            })
            .take(MOST_WRITERS)
            .filter(|other| stays(flow, last.index, other, event))
            .collect();
        let Some(first) = copied.last() else { continue };
        let weight = weight(context, first.instruction);
        let bytes = weight.map(|weight| format!(", {weight},")).unwrap_or_default();
        let message = format!(
            "{program} -R stores the files of line {}{bytes} a second time: write COPY \
             --{flag}={value} there",
            first.line
        );
        let reported = findings.report(event.line, event.span, message);
        let reported = reported.related(first.span, "copied here");
        if let Some(edits) = edits(context, flow, last.index, event, &copied, flag, &value) {
            reported
                .unsafe_fix(format!("write COPY --{flag}={value} and drop the {program}"), edits);
        }
    }
}

/// Whether an event copied something to, or below, a path.
fn is_copied(event: &Event, path: &str) -> bool {
    match &event.effect {
        Effect::Write { path: written, by: Writer::CopyTree } => is_within(written, path),
        Effect::Write { path: written, by: Writer::CopyFile } => {
            // One small file is not worth a word.
            is_within(written, path)
                && [".jar", ".war", ".tar", ".gz", ".zip"].iter().any(|end| written.ends_with(end))
        }
        _ => false,
    }
}

/// Whether nothing removed it in between.
fn stays(flow: &Flow, stage: usize, copied: &Event, event: &Event) -> bool {
    let Effect::Write { path, .. } = &copied.effect else { return false };
    !flow.events_until(stage, Until::Event(event)).any(|other| match &other.effect {
        Effect::Delete { path: pattern, .. } => {
            other.instruction > copied.instruction && crate::flow::covers(pattern, path)
        }
        _ => false,
    })
}

/// The flag on each COPY, and the RUN taken out where it does nothing else and nothing was written
/// since.
fn edits(
    context: &Context<'_>,
    flow: &Flow,
    stage: usize,
    event: &Event,
    copied: &[&Event],
    flag: &str,
    to: &str,
) -> Option<Vec<Edit>> {
    let file = context.file;
    let run = file.instructions.get(event.instruction)?;
    let of_run = flow.own_events(stage).iter().filter(|one| one.instruction == event.instruction);
    let alone = of_run.clone().all(|one| {
        std::ptr::eq(one, event)
            || matches!(&one.effect, Effect::Call { program, .. } if !program.contains('/'))
    }) && of_run.filter(|one| matches!(one.effect, Effect::Call { .. })).count() == 1;
    let first = copied.first()?.instruction;
    let others = file.instructions.get(first..event.instruction)?;
    let writes = |one: &Instruction| one.keyword == Keyword::Run;
    let plain = to.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":._-".contains(&byte));
    let is_mode = flag != "chmod" || to.bytes().all(|byte| byte.is_ascii_digit());
    if !alone || others.iter().any(writes) || !run.flags.is_empty() || !plain || !is_mode {
        return None;
    }
    let mut edits = Vec::new();
    let mut done = Vec::new();
    for one in copied {
        if done.contains(&one.instruction) {
            continue;
        }
        done.push(one.instruction);
        let copy = file.instructions.get(one.instruction)?;
        edits.push(Edit::insert(copy.name.span.end, format!(" --{flag}={to}")));
    }
    edits.push(Edit::remove(lines(&file.source, run)));
    Some(edits)
}

/// The lines of an instruction, with the end of the last one.
fn lines(source: &Source, instruction: &Instruction) -> Span {
    let start = source.line_start(instruction.lines.0);
    let end = source.line_start(instruction.lines.1.saturating_add(1));
    Span::new(start, end.max(instruction.span.end))
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;
    use crate::{Config, Environment, Safety, fix};

    #[test]
    fn the_line_that_copied_is_named() {
        let text = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN chown -R node:node /app\n\
                    RUN chmod -R 755 .\nRUN chgrp -R node /app\n";
        insta::assert_snapshot!(said("PL1115", text).join("\n"), @r"
        5: chown -R stores the files of line 3 a second time: write COPY --chown=node:node there
        6: chmod -R stores the files of line 3 a second time: write COPY --chmod=755 there
        7: chgrp -R stores the files of line 3 a second time: write COPY --chown=root:node there
        ");
    }

    #[test]
    fn what_is_not_stored_twice_is_left_alone() {
        for text in [
            "FROM node:20\nCOPY --chown=node . /app\nRUN chown -R node /app\n",
            "FROM node:20\nRUN mkdir /app && chown -R node /app\nCOPY . /app\n",
            "FROM node:20\nCOPY run.sh /app/\nRUN chown -R node /app\n",
            "FROM node:20\nCOPY . /src\nRUN chown -R node /app\n",
            "FROM node:20\nCOPY . /src\nRUN chown node /src\n",
            "FROM node:20\nCOPY . /src\nRUN chown -R root:root /src && chgrp -R 0 /src\n",
            "FROM node:20 AS b\nCOPY . /src\nRUN chown -R node /src\nFROM scratch\nCOPY --from=b /x /\n",
        ] {
            assert_eq!(said("PL1115", text), [""; 0], "{text}");
        }
    }

    #[test]
    fn the_run_is_dropped_only_where_it_does_nothing_else() {
        let mended =
            |text| fix(text, &Config::default(), &Environment::default(), Safety::Unsafe).text;
        let text =
            "FROM node:20-alpine@sha256:a\nCOPY . /app\nRUN chown -R node:node /app\nUSER node\n";
        assert!(
            mended(text).contains("COPY --chown=node:node . /app\nUSER node\n"),
            "{}",
            mended(text)
        );
        let text = "FROM node:20-alpine\nCOPY . /app\nRUN npm ci\nRUN chown -R node:node /app\n";
        assert!(mended(text).contains("chown -R node:node /app"));
    }
}
