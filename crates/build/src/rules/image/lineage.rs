//! What ends in the image that a build without `--target` makes.

use crate::bases::Base;
use crate::context::{Commands, Context, Step};
use crate::stage::Stage;
use crate::syntax::{Expander, Keyword};

/// The last stage and those that it is built on, the last one first.
pub(super) fn stages<'a>(context: &Context<'a>) -> Vec<&'a Stage> {
    let next = |stage: &&'a Stage| context.stages.get(stage.parent?);
    std::iter::successors(context.final_stage(), next).take(context.stages.len()).collect()
}

/// Whether what a stage makes ends in the image.
pub(super) fn holds(context: &Context<'_>, stage: Option<usize>) -> bool {
    stage.is_some_and(|stage| stages(context).iter().any(|one| one.index == stage))
}

/// The last instruction of a kind that decides about the image.
pub(super) fn last<'a>(context: &Context<'a>, keyword: Keyword) -> Option<Step<'a>> {
    let stages = stages(context);
    context
        .steps_of(keyword)
        .filter(|step| !step.onbuild && stages.iter().any(|one| Some(one.index) == step.stage))
        .last()
}

/// The commands of an instruction.
pub(super) fn commands<'c>(context: &'c Context<'_>, step: Step<'_>) -> Option<Commands<'c>> {
    context.all_commands().find(|one| one.text.instruction == step.index)
}

/// What a stage is built on in the end, its variables expanded; `None` where they are not known.
pub(super) fn image(context: &Context<'_>, stage: &Stage) -> Option<String> {
    let root = context.root_stage(stage);
    let scope = context.scopes.at(None, root.from);
    let name = Expander::new(context.file.escape).expand(&root.image.text, &scope).ok()?.text;
    Some(name).filter(|name| !name.is_empty() && !name.ends_with(':'))
}

/// What is known of the image that a stage is built on.
pub(super) fn base<'c>(context: &'c Context<'_>, stage: &Stage) -> Option<&'c Base> {
    context.flow().base(stage.index)
}

/// Whether the last stage is one for developers, by its name.
pub(super) fn is_for_development(context: &Context<'_>) -> bool {
    let name = context.final_stage().and_then(|stage| stage.name.as_ref());
    name.is_some_and(|name| {
        let name = name.text.to_ascii_lowercase();
        ["dev", "debug", "test", "lint", "ci"].iter().any(|part| name.starts_with(part))
    })
}
