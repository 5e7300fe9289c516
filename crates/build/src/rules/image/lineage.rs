//! What ends in the image that a build without `--target` makes.

use crate::bases::Base;
use crate::context::{Commands, Context, Step};
use crate::stage::Stage;
use crate::syntax::{Expander, Keyword};

/// The stages whose layers are in the image.
pub(super) struct Lineage(Vec<bool>);

impl Lineage {
    /// The last stage and those that it is built on.
    pub(super) fn new(context: &Context<'_>) -> Self {
        let mut held = vec![false; context.stages.len()];
        let mut next = context.final_stage();
        while let Some(stage) = next {
            match held.get_mut(stage.index) {
                Some(slot) if !*slot => *slot = true,
                _ => break,
            }
            next = stage.parent.and_then(|parent| context.stages.get(parent));
        }
        Self(held)
    }

    /// Whether what a stage makes ends in the image.
    pub(super) fn holds(&self, stage: Option<usize>) -> bool {
        stage.is_some_and(|stage| self.0.get(stage) == Some(&true))
    }
}

/// The last instruction of a kind that decides about the image.
pub(super) fn last<'a>(context: &Context<'a>, keyword: Keyword) -> Option<Step<'a>> {
    let image = Lineage::new(context);
    context.steps_of(keyword).filter(|step| !step.onbuild && image.holds(step.stage)).last()
}

/// The commands of an instruction.
pub(super) fn commands<'c>(context: &'c Context<'_>, step: Step<'_>) -> Option<Commands<'c>> {
    let at = context.texts.partition_point(|text| text.instruction < step.index);
    let text = context.texts.get(at).filter(|text| text.instruction == step.index)?;
    Some(Commands { text, invocations: context.invocations.get(at)? })
}

/// What a stage is built on in the end, its variables expanded; `None` where one has no value.
pub(super) fn image(context: &Context<'_>, stage: &Stage) -> Option<String> {
    let root = context.root_stage(stage);
    let scope = context.scopes.at(None, root.from);
    let keep = Expander { keep_unset: true, ..Expander::new(context.file.escape) };
    let name = keep.expand(&root.image.text, &scope).ok()?.text;
    Some(name).filter(|name| !name.is_empty() && !name.contains('$') && !name.ends_with(':'))
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
