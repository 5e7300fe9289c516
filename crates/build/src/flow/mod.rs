//! What each stage is made of: its base, and what its instructions do to it, as far as the text
//! says so.
//!
//! Nothing is run. A fact stands here only where it is known: a package whose name is a variable,
//! a script that is not in the file, a base of which there are no facts leave an
//! [`Effect::Opaque`] or an absent [`Flow::base`], and no rule may conclude anything from what is
//! absent. Work and memory are bounded by [`MOST_EVENTS`]; a file with more is not followed.

mod accounts;
mod copies;
mod event;
mod lacks;
mod packages;
mod paths;
mod programs;
mod reach;
mod run;

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::Span;
use crate::bases::{Base, known};
use crate::context::{Context, Step};
use crate::syntax::{Expander, Keyword};

pub use event::{Effect, Event, NewAccount, Opaque, Writer};
pub use lacks::Until;
pub use packages::Manager;
pub(crate) use packages::manager_called;
pub(crate) use paths::{base_name, covers, is_within};
pub use reach::Uses;
pub(crate) use reach::stage_called;

/// How many events of a file are kept.
const MOST_EVENTS: usize = 2_000;

/// What is known of all stages.
#[derive(Debug, Default)]
pub struct Flow {
    stages: Vec<StageFlow>,
    uses: Uses,
}

/// What is known of one stage.
#[derive(Debug, Default)]
struct StageFlow {
    /// What the image behind `FROM` is, at the end of the chain of stages.
    base: Option<Rc<Base>>,
    parent: Option<usize>,
    /// What its own instructions do.
    events: Vec<Event>,
    /// The working folder at its end.
    folder: Option<String>,
}

impl Flow {
    /// Follows all stages of a file.
    pub(crate) fn new(context: &Context<'_>) -> Self {
        let mut flow = Self { stages: Vec::new(), uses: Uses::new(context) };
        let mut bases: HashMap<String, Option<Rc<Base>>> = HashMap::new();
        let mut count = 0_usize;
        for stage in context.stages {
            let parent = stage.parent.and_then(|parent| flow.stages.get(parent));
            let mut own = if let Some(parent) = parent {
                StageFlow {
                    base: parent.base.clone(),
                    parent: stage.parent,
                    folder: parent.folder.clone(),
                    events: Vec::new(),
                }
            } else {
                let base = base_of(context, &stage.image.text, stage.from, &mut bases);
                let folder = base.as_ref().and_then(|base| base.workdir.clone());
                StageFlow { base, folder, ..StageFlow::default() }
            };
            own.follow(context, stage.index, stage.instructions.clone());
            count = count.saturating_add(own.events.len());
            flow.stages.push(own);
            if count > MOST_EVENTS {
                // Stages without a base and without events say nothing.
                flow.stages = context.stages.iter().map(|_| StageFlow::default()).collect();
                break;
            }
        }
        flow
    }

    /// What is known of the image that a stage is built on in the end; none where nothing is.
    pub fn base(&self, stage: usize) -> Option<&Base> {
        self.stages.get(stage)?.base.as_deref()
    }

    /// What a stage's own instructions do, in order.
    pub fn own_events(&self, stage: usize) -> &[Event] {
        self.stages.get(stage).map_or(&[], |stage| &stage.events)
    }

    /// What the instructions of a stage and of those that it is built on do, in order.
    pub fn events(&self, stage: usize) -> impl DoubleEndedIterator<Item = &Event> + Clone {
        self.chain(stage).into_iter().rev().flat_map(|stage| self.own_events(stage))
    }

    /// The stage and those that it is built on, itself first.
    pub fn chain(&self, stage: usize) -> Vec<usize> {
        // A parent is always earlier, so this ends.
        let parent = |stage: &usize| self.stages.get(*stage)?.parent;
        std::iter::successors(Some(stage), parent).collect()
    }

    /// The same, to look stages up in.
    pub(crate) fn chain_set(&self, stage: usize) -> BTreeSet<usize> {
        self.chain(stage).into_iter().collect()
    }

    /// Which stages the others use.
    pub fn uses(&self) -> &Uses {
        &self.uses
    }
}

/// The base behind a `FROM`: the measured one, else what the facts say.
fn base_of(
    context: &Context<'_>,
    image: &str,
    from: usize,
    seen: &mut HashMap<String, Option<Rc<Base>>>,
) -> Option<Rc<Base>> {
    if let Some(base) = seen.get(image) {
        return base.clone();
    }
    let measured = context.environment.bases.get(image).cloned();
    let base = measured.or_else(|| {
        let scope = context.scopes.at(None, from);
        let name = Expander::new(context.file.escape).expand(image, &scope).ok()?;
        // Without a value for a variable the name is another one.
        let whole = name.unset.is_empty() && !name.text.is_empty();
        let measured = context.environment.bases.get(&name.text).cloned();
        measured.or_else(|| whole.then(|| known(&name.text)).flatten())
    });
    let base = base.map(Rc::new);
    seen.insert(image.to_owned(), base.clone());
    base
}

impl StageFlow {
    fn follow(&mut self, context: &Context<'_>, stage: usize, range: std::ops::Range<usize>) {
        let steps = range.filter_map(|index| {
            let instruction = context.file.instructions.get(index)?;
            let line = instruction.lines.0;
            Some(Step { index, instruction, onbuild: false, stage: Some(stage), line })
        });
        for step in steps {
            // What `ONBUILD` holds happens in another build.
            if step.instruction.is_onbuild() {
                continue;
            }
            if self.events.len() > MOST_EVENTS {
                break;
            }
            match step.instruction.keyword {
                Keyword::Workdir => self.enter(context, step),
                Keyword::Copy | Keyword::Add => self.copy(context, step),
                Keyword::User => self.become_user(context, step),
                Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => {
                    self.commands(context, step);
                }
                _ => {}
            }
        }
    }

    fn add(&mut self, step: Step<'_>, span: Span, certain: bool, effect: Effect) {
        let (instruction, line) = (step.index, step.line);
        self.events.push(Event { instruction, line, span, certain, effect });
    }

    fn enter(&mut self, context: &Context<'_>, step: Step<'_>) {
        let path = step.instruction.arguments.text().and_then(|text| {
            let path = whole(context, &text.text, step)?;
            paths::absolute(self.folder.as_deref(), &path)
        });
        self.folder.clone_from(&path);
        if let Some(path) = path {
            let effect = Effect::Write { path, by: Writer::Folder };
            self.add(step, step.instruction.arguments_span, true, effect);
        }
    }

    fn copy(&mut self, context: &Context<'_>, step: Step<'_>) {
        let arguments = step.instruction.arguments.words();
        let words: Vec<Option<String>> =
            arguments.iter().map(|word| whole(context, &word.text, step)).collect();
        for copied in copies::read(step.instruction, &words, self.folder.as_deref()) {
            let source = arguments.get(copied.source);
            let span = source.map_or(step.instruction.arguments_span, |word| word.span);
            for effect in copied.effects {
                self.add(step, span, true, effect);
            }
        }
    }

    fn become_user(&mut self, context: &Context<'_>, step: Step<'_>) {
        let text = step.instruction.arguments.text();
        if let Some(user) = text.and_then(|text| whole(context, &text.text, step)) {
            let span = step.instruction.arguments_span;
            self.add(step, span, true, Effect::BecomeUser { user });
        }
    }

    fn commands(&mut self, context: &Context<'_>, step: Step<'_>) {
        let Ok(at) = context.texts.binary_search_by_key(&step.index, |text| text.instruction)
        else {
            return;
        };
        let Some(commands) = context.commands_at(at) else { return };
        let found = if step.instruction.keyword == Keyword::Run {
            let (base, folder) = (self.base.as_deref(), self.folder.as_deref());
            run::run(commands, step.instruction, context.scope(step), folder, base)
        } else {
            run::calls(commands)
        };
        for (effect, span, certain) in found {
            self.add(step, span, certain, effect);
        }
    }
}

/// A text with its variables expanded; `None` where one has no value here.
fn whole(context: &Context<'_>, text: &str, step: Step<'_>) -> Option<String> {
    let expanded = context.expand(text, step).ok()?;
    expanded.unset.is_empty().then_some(expanded.text)
}

#[cfg(test)]
mod tests;
