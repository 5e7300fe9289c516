//! The whole context before the dependencies.

use std::collections::HashSet;

use super::{copy_order, whole_context};
use crate::context::{Commands, Context, Step};
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Invocation;
use crate::syntax::{Argument, Keyword, MountKind};

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
    // The first of each stage.
    let mut copies: Vec<Option<(Step<'_>, &Argument)>> = vec![None; context.stages.len()];
    for step in context.steps().filter(|step| !step.onbuild) {
        let copy = matches!(step.instruction.keyword, Keyword::Copy | Keyword::Add);
        let slot = step.stage.filter(|_| copy).and_then(|stage| copies.get_mut(stage));
        let Some(slot) = slot.filter(|slot| slot.is_none()) else { continue };
        *slot = whole_context::source(step.instruction).map(|source| (step, source));
    }
    // Tools that have fetched dependencies in an earlier layer, of whichever stage.
    let mut fetched: HashSet<&'static str> = HashSet::new();
    for commands in context.runs().filter(|one| !one.text.onbuild) {
        let tools = commands.invocations.iter().filter_map(|one| builder(&one.through_wrappers()));
        let before = fetched.clone();
        fetched.extend(tools);
        let slot = commands.text.stage.and_then(|stage| copies.get_mut(stage));
        let Some(slot) = slot else { continue };
        let Some((copy, source)) = slot.filter(|(copy, _)| copy.index < commands.text.instruction)
        else {
            continue;
        };
        let found = dependencies(commands).or_else(|| build(context, commands, &before));
        if let Some(program) = found {
            *slot = None;
            let place = commands.text.source_span(program.command().span);
            let message = format!(
                "every change of a file makes `{}` fetch the dependencies again: copy what names \
                 them first, and the rest behind it",
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

/// The program that installs what a list of the project names.
fn dependencies(commands: Commands<'_>) -> Option<Invocation<'_>> {
    let mut all = commands.invocations.iter().map(|program| program.through_wrappers());
    all.find(|program| installs_dependencies(program))
}

/// The program that builds the project and fetches its dependencies on the way.
fn build<'c>(
    context: &Context<'_>,
    commands: Commands<'c>,
    fetched: &HashSet<&str>,
) -> Option<Invocation<'c>> {
    let instruction = context.instruction_of(commands.text)?;
    // A cache keeps them from one build to the next.
    if instruction.mounts().any(|mount| mount.kind == MountKind::Cache) {
        return None;
    }
    let mut all = commands.invocations.iter().map(|program| program.through_wrappers());
    all.find(|program| {
        builds(program) && builder(program).is_some_and(|one| !fetched.contains(one))
    })
}

/// The tool whose dependencies a program fetches.
fn builder(program: &Invocation<'_>) -> Option<&'static str> {
    match program.program() {
        "mvn" | "mvnw" => Some("mvn"),
        "cargo" => program.subcommand().filter(|one| *one != "install").map(|_| "cargo"),
        _ => None,
    }
}

fn builds(program: &Invocation<'_>) -> bool {
    let offline = ["o", "offline", "version", "help"];
    program.operands().iter().any(|one| match builder(program) {
        Some("mvn") => matches!(&*one.text, "package" | "install" | "verify" | "compile"),
        _ => &*one.text == "build",
    }) && !program.has_flag(&offline)
}

fn name(program: &Invocation<'_>) -> String {
    // Of maven's phases the first says little: `mvn clean package`.
    if let Some(tool) = builder(program).filter(|tool| *tool == "mvn") {
        return tool.to_owned();
    }
    let words = std::iter::once(program.program());
    let words: Vec<&str> = words.chain(program.subcommand()).collect();
    words.join(" ")
}

fn installs_dependencies(program: &Invocation<'_>) -> bool {
    let operands = program.operands();
    let words: Vec<&str> = operands.iter().map(|one| &*one.text).collect();
    let listed = program.has_flag(&["r", "requirement"]);
    match program.program() {
        "npm" | "pnpm" | "yarn" | "bun" => {
            let all = matches!(words.as_slice(), ["ci" | "install" | "i"]);
            let bare = program.program() == "yarn" && words.is_empty();
            (all || bare) && !program.has_flag(&["g", "global", "version", "help"])
        }
        "go" => words == ["mod", "download"],
        "composer" | "bundle" | "poetry" => words == ["install"],
        "pipenv" => matches!(words.as_slice(), ["install" | "sync"]),
        "uv" => words == ["sync"],
        "mix" => words == ["deps.get"],
        "dotnet" => words.first() == Some(&"restore"),
        "mvn" | "mvnw" => {
            words.iter().any(|one| matches!(*one, "dependency:go-offline" | "dependency:resolve"))
        }
        "pip" | "pip3" => words.first() == Some(&"install") && listed,
        "python" | "python3" => words.starts_with(&["pip", "install"]) && listed,
        _ => false,
    }
}
