//! npm's commands as its rules see them.

use std::collections::HashMap;

use crate::bases::BaseName;
use crate::context::Context;
use crate::rules::hadolint::quotes::bare;
use crate::script::ShellText;
use crate::shell::Invocation;
use crate::syntax::Keyword;

use super::lineage;

/// Flags of npm that take a value.
const WITH_VALUES: [&str; 10] = [
    "registry",
    "prefix",
    "loglevel",
    "cache",
    "userconfig",
    "tag",
    "omit",
    "include",
    "only",
    "w",
];

/// Whether the program installs what `package.json` names, into the project.
pub(super) fn installs_project(program: &Invocation<'_>) -> bool {
    let operands = program.operands_after(&WITH_VALUES);
    let names: Vec<&str> = operands.iter().map(|one| &*one.text).collect();
    program.program() == "npm"
        && matches!(names.as_slice(), ["install" | "i" | "ci" | "clean-install"])
        && !program.has_flag(&["g", "global", "location"])
}

/// Whether dev dependencies are left out by a flag.
pub(super) fn omits_dev(program: &Invocation<'_>) -> bool {
    program.value_of(&["omit"]) == Some("dev")
        || program.value_of(&["only"]).is_some_and(|only| only.starts_with("prod"))
        || program
            .args()
            .iter()
            .any(|one| matches!(&*one.text, "--production" | "--production=true" | "--prod" | "-P"))
}

/// The major release of Node.js that the stage's base image has, where its tag says so.
pub(super) fn node_release(context: &Context<'_>, stage: Option<usize>) -> Option<u32> {
    let image = lineage::image(context, context.stages.get(stage?)?)?;
    let name = BaseName::parse(&image)?;
    if !name.familiar().starts_with("node:") {
        return None;
    }
    let digits = |word: &str| word.split('.').next().and_then(|major| major.parse().ok());
    name.words().iter().find_map(|word| digits(word))
}

/// The stages that copy a file of one of the names, each with its first instruction that does.
pub(super) fn copies(context: &Context<'_>, names: &[&str]) -> HashMap<usize, usize> {
    let mut first = HashMap::new();
    for step in context.steps() {
        let copy = matches!(step.instruction.keyword, Keyword::Copy | Keyword::Add);
        let Some((_, sources)) = step.instruction.arguments.words().split_last() else { continue };
        let found = sources.iter().any(|source| {
            let path = bare(&source.text);
            names.contains(&path.rsplit('/').next().unwrap_or(path))
        });
        if let Some(stage) = step.stage.filter(|_| copy && found) {
            first.entry(stage).or_insert(step.index);
        }
    }
    first
}

/// Whether a text runs behind the copy of its stage.
pub(super) fn is_behind(first: &HashMap<usize, usize>, text: &ShellText) -> bool {
    let copy = text.stage.and_then(|stage| first.get(&stage));
    copy.is_some_and(|copy| *copy < text.instruction)
}
