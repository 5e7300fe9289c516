//! All that a rule can ask about a file.

use crate::config::Config;
use crate::environment::Environment;
use crate::flow::Flow;
use crate::rules::Tree;
use crate::scope::{Scope, Scopes};
use crate::script::{Form, Program, ShellText};
use crate::stage::Stage;
use crate::syntax::{Dockerfile, ExpandError, Expanded, Expander, Instruction, Keyword};

/// All that a rule can ask about a file.
#[derive(Debug)]
pub struct Context<'a> {
    /// The file.
    pub file: &'a Dockerfile,
    /// Its stages.
    pub stages: &'a [Stage],
    /// Its variables.
    pub scopes: &'a Scopes,
    /// Its shell texts, in order.
    pub texts: &'a [ShellText],
    /// The programs of each shell text.
    pub(crate) invocations: Vec<Vec<Program<'a>>>,
    /// The trees of the shell texts that a shell of the POSIX family reads, once they are asked for.
    pub(crate) shells: std::cell::OnceCell<Vec<Tree<'a>>>,
    /// What the stages are made of, once it is asked for.
    pub(crate) flow: std::cell::OnceCell<Flow>,
    /// What the project decided.
    pub config: &'a Config,
    /// What is known beyond the file.
    pub environment: &'a Environment,
}

/// An instruction, or what an `ONBUILD` holds, and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The index in [`Dockerfile::instructions`].
    pub index: usize,
    /// The instruction; for `ONBUILD RUN …` it is the `RUN`.
    pub instruction: &'a Instruction,
    /// Whether an `ONBUILD` holds it.
    pub onbuild: bool,
    /// Its stage; `None` before the first `FROM`. A `FROM` belongs to the stage that it begins.
    pub stage: Option<usize>,
    /// The first line.
    pub line: u32,
}

/// A shell text with its programs.
#[derive(Debug, Clone, Copy)]
pub struct Commands<'a> {
    /// The text.
    pub text: &'a ShellText,
    /// The programs that it runs, in order, those in substitutions too.
    pub invocations: &'a [Program<'a>],
}

impl<'a> Context<'a> {
    /// What the stages are made of.
    pub fn flow(&self) -> &Flow {
        self.flow.get_or_init(|| Flow::new(self))
    }

    /// The trees of the texts of `RUN` that a shell of the POSIX family can read.
    pub(crate) fn shells(&self) -> impl Iterator<Item = &Tree<'a>> {
        let trees = self.shells.get_or_init(|| {
            let tree =
                |text: &'a ShellText| Tree::new(text, self.scopes.at(text.stage, text.instruction));
            self.texts.iter().filter_map(tree).collect()
        });
        trees.iter().filter(|tree| !tree.broken)
    }

    /// Those of [`Self::shells`] whose shell has nothing but what POSIX asks for.
    pub(crate) fn plain_shells(&self) -> impl Iterator<Item = &Tree<'a>> {
        self.shells().filter(|tree| tree.is_plain_sh())
    }

    /// All instructions in order; what `ONBUILD` holds stands for it.
    pub fn steps(&self) -> impl Iterator<Item = Step<'a>> {
        let mut stage: Option<usize> = None;
        self.file.instructions.iter().enumerate().map(move |(index, instruction)| {
            if instruction.keyword == Keyword::From {
                stage = Some(stage.map_or(0, |last| last.saturating_add(1)));
            }
            Step {
                index,
                instruction: instruction.triggered(),
                onbuild: instruction.is_onbuild(),
                stage,
                line: instruction.lines.0,
            }
        })
    }

    /// The instructions of a kind, in order.
    pub fn steps_of(&self, keyword: Keyword) -> impl Iterator<Item = Step<'a>> {
        self.steps().filter(move |step| step.instruction.keyword == keyword)
    }

    /// The shell texts of `RUN` that a shell of the POSIX family reads, or that are in exec form.
    pub fn runs(&self) -> impl Iterator<Item = Commands<'_>> {
        self.all_commands().filter(|commands| {
            commands.text.keyword == Keyword::Run
                && (commands.text.form == Form::Exec
                    || commands.text.script.dialect.is_posix_family())
        })
    }

    /// All shell texts.
    pub fn all_commands(&self) -> impl Iterator<Item = Commands<'_>> {
        self.texts
            .iter()
            .zip(&self.invocations)
            .map(|(text, invocations)| Commands { text, invocations })
    }

    /// A shell text by its index, with its programs.
    pub(crate) fn commands_at(&self, index: usize) -> Option<Commands<'_>> {
        let (text, invocations) = (self.texts.get(index)?, self.invocations.get(index)?);
        Some(Commands { text, invocations })
    }

    /// The instruction that a shell text belongs to; an `ONBUILD` for what it holds.
    pub fn instruction_of(&self, text: &ShellText) -> Option<&'a Instruction> {
        self.file.instructions.get(text.instruction)
    }

    /// The variables as an instruction sees them.
    pub fn scope(&self, step: Step<'_>) -> Scope<'a> {
        let stage = step.stage.filter(|_| step.instruction.keyword != Keyword::From);
        self.scopes.at(stage, step.index)
    }

    /// A text of an instruction with its variables expanded; those that are not set are empty.
    pub fn expand(&self, text: &str, step: Step<'_>) -> Result<Expanded, ExpandError> {
        Expander::new(self.file.escape).expand(text, &self.scope(step))
    }

    /// The stage that a build without `--target` makes.
    pub fn final_stage(&self) -> Option<&'a Stage> {
        self.stages.last()
    }

    /// The image that a stage is built on in the end, through the stages between.
    pub fn root_stage<'s>(&'s self, stage: &'s Stage) -> &'s Stage {
        self.stages.get(stage.root).unwrap_or(stage)
    }
}
