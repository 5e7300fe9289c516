//! Which stages are part of others: by `FROM`, `COPY --from` and mounts.

use std::collections::BTreeSet;

use crate::context::Context;
use crate::syntax::Keyword;

/// Which stages the others use.
#[derive(Debug, Clone, Default)]
pub struct Uses {
    /// By stage, those that it uses directly.
    of: Vec<BTreeSet<usize>>,
}

impl Uses {
    pub(super) fn new(context: &Context<'_>) -> Self {
        let mut of: Vec<BTreeSet<usize>> =
            context.stages.iter().map(|stage| stage.parent.into_iter().collect()).collect();
        for step in context.steps() {
            let Some(uses) = step.stage.and_then(|stage| of.get_mut(stage)) else { continue };
            let instruction = step.instruction;
            let mut names = Vec::new();
            if instruction.keyword == Keyword::From {
                let image = instruction.arguments.words().first();
                names.extend(
                    image.map(|image| image.text.clone()).filter(|name| name.contains('$')),
                );
            }
            if matches!(instruction.keyword, Keyword::Copy | Keyword::Add) {
                names.extend(instruction.flag_value("from").map(str::to_owned));
            }
            names.extend(instruction.mounts().filter_map(|mount| mount.from));
            for name in names {
                match name.split_once('$') {
                    // Whoever builds chooses among those whose names begin so.
                    Some((start, _)) => uses.extend(stages_named(context, start, step.stage)),
                    None => uses.extend(stage_called(context, &name, step.stage)),
                }
            }
        }
        Self { of }
    }

    /// The stages that one uses directly.
    pub fn direct(&self, stage: usize) -> impl Iterator<Item = usize> {
        self.of.get(stage).into_iter().flatten().copied()
    }

    /// The stages that one uses, directly or through others, and itself.
    pub fn all(&self, stage: usize) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut open = vec![stage];
        while let Some(next) = open.pop() {
            if reached.insert(next) {
                open.extend(self.direct(next).filter(|used| !reached.contains(used)));
            }
        }
        reached
    }
}

/// The earlier stages whose names begin with a text.
fn stages_named<'c>(
    context: &'c Context<'_>,
    start: &'c str,
    before: Option<usize>,
) -> impl Iterator<Item = usize> + 'c {
    let earlier = context.stages.get(..before.unwrap_or(0)).unwrap_or_default();
    earlier.iter().filter_map(move |stage| {
        let name = stage.name.as_ref()?.text.get(..start.len())?;
        name.eq_ignore_ascii_case(start).then_some(stage.index)
    })
}

/// The earlier stage that `--from` names, by name or number; later ones of a name count.
pub(crate) fn stage_called(
    context: &Context<'_>,
    name: &str,
    before: Option<usize>,
) -> Option<usize> {
    let earlier = context.stages.get(..before?)?;
    let named = |name: &str| {
        let own = |stage: &crate::Stage| {
            stage.name.as_ref().is_some_and(|own| own.text.eq_ignore_ascii_case(name))
        };
        earlier.iter().rposition(own)
    };
    named(name).or_else(|| name.parse().ok().filter(|index| *index < earlier.len()))
}
