//! A pipe whose first part may fail unseen.

use crate::context::Commands;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL4006",
    aliases: &[],
    level: Level::Warning,
    title: "Set the SHELL option `-o pipefail` before a RUN with a pipe",
    why: "Without it only the last part of a pipe decides: a download that fails in front of it leaves a build that goes on with nothing.",
    bad: "FROM debian:12\nRUN wget -qO - https://example.com | tar x\n",
    good: "FROM debian:12\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN wget -qO - https://example.com | tar x\n",
    mending: Mending::Unsafe,
    source: "https://github.com/hadolint/hadolint/wiki/DL4006",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut mended = None;
    for commands in context.runs() {
        let piped = commands.invocations.iter().find(|program| !program.place.is_alone());
        let (Some(program), false) = (piped, is_set(commands)) else { continue };
        let place = program.place.pipeline.operators.first().copied();
        let place = commands.text.source_span(place.unwrap_or(program.command().span));
        let message = "Set the SHELL option -o pipefail before RUN with a pipe in it. If you are \
                       using /bin/sh in an alpine image or if your shell is symlinked to busybox \
                       then consider explicitly setting your SHELL to /bin/ash, or disable this \
                       check";
        let reported = findings.report(commands.text.line, place, message);
        let instruction = context.instruction_of(commands.text);
        let (Some(instruction), true) = (instruction, mended != Some(commands.text.stage)) else {
            continue;
        };
        if commands.text.onbuild {
            continue;
        }
        let base = commands.text.stage.and_then(|stage| context.stages.get(stage));
        let image =
            base.map(|stage| context.root_stage(stage).image.text.as_str()).unwrap_or_default();
        let shell = if image.contains("alpine") { "ash" } else { "bash" };
        let text = format!("SHELL [\"/bin/{shell}\", \"-o\", \"pipefail\", \"-c\"]\n");
        mended = Some(commands.text.stage);
        reported.unsafe_fix(
            "set pipefail for the stage",
            vec![Edit::insert(instruction.span.start, text)],
        );
    }
}

fn is_set(commands: Commands<'_>) -> bool {
    let shell = &commands.text.shell;
    shell.iter().any(|word| word.contains("pipefail"))
}
