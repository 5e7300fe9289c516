//! Which variable has which value where: `ARG` and `ENV`.
//!
//! `ARG` before the first `FROM` holds for `FROM` lines and for an `ARG name` without a value;
//! both go on into the stages that are built on theirs, and `ENV` into the image. See
//! <https://docs.docker.com/reference/dockerfile/#understand-how-arg-and-from-interact>.

use std::collections::HashMap;

use crate::stage::Stage;
use crate::syntax::{Dockerfile, Expander, Keyword, Variables};

/// What an instruction does to a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `ARG`
    Arg,
    /// `ENV`
    Env,
}

/// One definition.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The index of the instruction.
    pub instruction: usize,
    /// By what.
    pub origin: Origin,
    /// The expanded value; `None` for `ARG name`, whose value only the build's caller knows.
    pub value: Option<String>,
}

/// How many stages up a variable is looked for, and how long a value may get, in bytes.
const MAX_STAGES: usize = 100;
const MAX_VALUE: usize = 64 * 1024;

/// The variables of a whole file.
#[derive(Debug, Default)]
pub struct Scopes {
    /// Before the first `FROM`.
    global: HashMap<String, Vec<Definition>>,
    stages: Vec<HashMap<String, Vec<Definition>>>,
    parents: Vec<Option<usize>>,
}

/// The variables as an instruction sees them.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'s> {
    scopes: &'s Scopes,
    stage: Option<usize>,
    instruction: usize,
}

impl Scopes {
    /// Reads all definitions, in order.
    pub fn new(file: &Dockerfile, stages: &[Stage]) -> Self {
        let mut scopes = Self {
            global: HashMap::new(),
            stages: stages.iter().map(|_| HashMap::new()).collect(),
            parents: stages.iter().map(|stage| stage.parent).collect(),
        };
        let mut stage = None;
        for (index, instruction) in file.instructions.iter().enumerate() {
            match instruction.keyword {
                Keyword::From => {
                    stage = Some(stage.map_or(0, |last: usize| last.saturating_add(1)));
                }
                Keyword::Arg => {
                    for word in instruction.arguments.words() {
                        let (name, value) = match word.text.split_once('=') {
                            Some((name, value)) => (name, Some(value)),
                            None => (word.text.as_str(), None),
                        };
                        scopes.define(file, stage, index, Origin::Arg, name, value);
                    }
                }
                Keyword::Env => {
                    for pair in instruction.arguments.pairs() {
                        let value = Some(pair.value.text.as_str());
                        scopes.define(file, stage, index, Origin::Env, &pair.key.text, value);
                    }
                }
                _ => {}
            }
        }
        scopes
    }

    fn define(
        &mut self,
        file: &Dockerfile,
        stage: Option<usize>,
        instruction: usize,
        origin: Origin,
        name: &str,
        value: Option<&str>,
    ) {
        let value = match value {
            None if stage.is_some() => self
                .global
                .get(name)
                .and_then(|all| all.last())
                .and_then(|definition| definition.value.clone()),
            None => None,
            Some(value) => {
                let scope = Scope { scopes: self, stage, instruction };
                let expanded = Expander::new(file.escape).expand(value, &scope);
                let text = expanded.map_or_else(|_| value.to_owned(), |expanded| expanded.text);
                Some(text).filter(|text| text.len() <= MAX_VALUE)
            }
        };
        let definition = Definition { instruction, origin, value };
        let names = match stage {
            None => &mut self.global,
            Some(stage) => match self.stages.get_mut(stage) {
                Some(names) => names,
                None => return,
            },
        };
        names.entry(name.to_owned()).or_default().push(definition);
    }

    /// What the instruction of a stage sees; a `FROM`, and what stands before all stages, sees
    /// `None`'s.
    pub fn at(&self, stage: Option<usize>, instruction: usize) -> Scope<'_> {
        Scope { scopes: self, stage, instruction }
    }
}

impl<'s> Scope<'s> {
    /// The definition that holds here.
    pub fn definition(&self, name: &str) -> Option<&'s Definition> {
        let last_before = |names: &'s HashMap<String, Vec<Definition>>| {
            let all = names.get(name)?;
            let count = all.partition_point(|one| one.instruction < self.instruction);
            all.get(count.checked_sub(1)?)
        };
        let Some(mut stage) = self.stage else { return last_before(&self.scopes.global) };
        if let Some(found) = self.scopes.stages.get(stage).and_then(last_before) {
            return Some(found);
        }
        for _ in 0..MAX_STAGES {
            stage = self.scopes.parents.get(stage).copied().flatten()?;
            let all = self.scopes.stages.get(stage).and_then(|names| names.get(name));
            if let Some(inherited) = all.and_then(|all| all.last()) {
                return Some(inherited);
            }
        }
        None
    }
}

impl<'s> Scope<'s> {
    /// Whether `ENV` or `ARG` names the variable before this instruction, in its stage or in one
    /// that it is built on.
    pub fn is_declared(&self, name: &str) -> bool {
        self.tables().any(|(own, names)| {
            names.get(name).is_some_and(|all| {
                !own || all.first().is_some_and(|one| one.instruction < self.instruction)
            })
        })
    }

    /// The names of which [`Self::is_declared`] holds.
    pub fn names(&self) -> impl Iterator<Item = &'s str> {
        let instruction = self.instruction;
        self.tables().flat_map(move |(own, names)| {
            names
                .iter()
                .filter(move |(_, all)| {
                    !own || all.first().is_some_and(|one| one.instruction < instruction)
                })
                .map(|(name, _)| name.as_str())
        })
    }

    /// The variables of the stage, and of those that it is built on; the first are its own.
    fn tables(&self) -> impl Iterator<Item = (bool, &'s HashMap<String, Vec<Definition>>)> {
        let scopes = self.scopes;
        let stages = std::iter::successors(self.stage, |stage| {
            scopes.parents.get(*stage).copied().flatten()
        });
        let global = self.stage.is_none().then_some((true, &scopes.global));
        let own = self.stage;
        global.into_iter().chain(
            stages
                .take(MAX_STAGES)
                .filter_map(move |stage| Some((Some(stage) == own, scopes.stages.get(stage)?))),
        )
    }
}

impl Variables for Scope<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.definition(name).and_then(|definition| definition.value.as_deref())
    }
}
