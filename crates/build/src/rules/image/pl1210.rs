//! The whole context before the dependencies.

use super::{copy_order, whole_context};
use crate::context::{Commands, Context};
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Invocation;
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1210",
    aliases: &[],
    level: Level::Info,
    title: "Copy the lists of dependencies first, install, and copy the rest then",
    why: "A layer is taken from the cache while what is copied before it is unchanged. Behind \
          `COPY . .` every change of any file installs all dependencies again.",
    bad: "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\n",
    good: "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n",
    mending: Mending::Unsafe,
    source: "https://docs.docker.com/build/cache/optimize/#order-your-layers",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for stage in context.stages {
        let copies = context.steps().filter(|step| {
            step.stage == Some(stage.index)
                && matches!(step.instruction.keyword, Keyword::Copy | Keyword::Add)
                && !step.onbuild
        });
        let Some((copy, source)) =
            copies.filter_map(|step| Some((step, whole_context::source(step.instruction)?))).next()
        else {
            continue;
        };
        let installs = context.runs().filter(|commands| {
            commands.text.stage == Some(stage.index) && commands.text.instruction > copy.index
        });
        let found = installs.filter_map(|one| Some((one, dependencies(one)?))).next();
        if let Some((commands, program)) = found {
            let place = commands.text.source_span(program.command().span);
            let message = format!(
                "every change of a file runs `{}` again: copy what it reads first, and the rest \
                 behind it",
                name(&program)
            );
            let reported = findings
                .report(copy.line, source.span, message)
                .related(place, "this installs the dependencies");
            let edits = copy_order::mend(context, copy, commands, installs_dependencies);
            if let Some(edits) = edits {
                reported.unsafe_fix("copy what the install reads first", edits);
            }
        }
    }
}

/// The program that installs what a list names, if nothing was installed from a list before.
fn dependencies<'c>(commands: Commands<'c>) -> Option<Invocation<'c>> {
    let all = commands.invocations.iter().map(|program| program.through_wrappers());
    all.filter(|program| installs_dependencies(program)).next()
}

fn name(program: &Invocation<'_>) -> String {
    let words = std::iter::once(program.program());
    let words: Vec<&str> = words.chain(program.subcommand()).collect();
    words.join(" ")
}

fn installs_dependencies(program: &Invocation<'_>) -> bool {
    let operands = program.operands();
    let words: Vec<&str> = operands.iter().map(|one| &*one.text).collect();
    match (program.program(), words.as_slice()) {
        ("npm" | "pnpm", ["ci" | "install" | "i"])
        | ("yarn", [] | ["install"])
        | ("bun", ["install"])
        | ("go", ["mod", "download"])
        | ("composer" | "bundle" | "poetry", ["install"])
        | ("pipenv", ["install" | "sync"])
        | ("uv", ["sync"])
        | ("dotnet", ["restore", ..])
        | ("mix", ["deps.get"])
        | ("mvn" | "mvnw", ["dependency:go-offline" | "dependency:resolve", ..]) => {
            !program.has_flag(&["g", "global"])
        }
        ("pip" | "pip3", ["install", ..]) => program.has_flag(&["r", "requirement"]),
        ("python" | "python3", ["pip", "install", ..]) => {
            program.has_flag(&["m"]) && program.has_flag(&["r", "requirement"])
        }
        _ => false,
    }
}
