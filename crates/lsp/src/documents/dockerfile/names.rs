//! Who is meant by a name: stages and variables, where they are defined and where they are used.

use std::collections::HashMap;

use plimsoll_build::shell::visit::{Visit, walk_parameter};
use plimsoll_build::shell::{Parameter, Script};
use plimsoll_build::syntax::{Dockerfile, Instruction, Keyword};
use plimsoll_build::{Form, Origin, Scopes, Stage, shell_texts};

use super::variables;
use crate::document::Span;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Meant {
    /// The stage with that index.
    Stage(usize),
    /// A variable, defined by the instruction with that index.
    Variable(String, usize),
    /// A variable of the builder's.
    Predefined(String),
}

/// A place where a name stands.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) span: Span,
    pub(super) meant: Meant,
    /// Whether it gets its value here.
    pub(super) definition: bool,
    /// Whether an `ARG` or `ENV` declares it here: also an `ARG name` that takes a value on.
    pub(super) declared: bool,
    /// The index of the instruction that it stands in.
    pub(super) instruction: usize,
}

/// All names of a file, in order.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<Named>);

impl Names {
    pub(super) fn new(file: &Dockerfile, stages: &[Stage], scopes: &Scopes) -> Self {
        let mut finder = Finder { file, stages, scopes, names: Vec::new() };
        finder.stages();
        finder.instructions();
        finder.shells();
        finder.names.sort_by_key(|named| (named.span.start, named.span.end));
        Self(finder.names)
    }

    /// The name at a place.
    pub(super) fn at(&self, at: usize) -> Option<&Named> {
        self.0.iter().find(|named| named.span.start <= at && at <= named.span.end)
    }

    pub(super) fn definition(&self, at: usize) -> Option<Span> {
        let meant = &self.at(at)?.meant;
        let mut all = self.0.iter().filter(|named| named.meant == *meant && named.definition);
        all.next().map(|named| named.span.clone())
    }

    pub(super) fn references(&self, at: usize, definition: bool) -> Vec<Span> {
        let Some(here) = self.at(at) else { return Vec::new() };
        let same = self.0.iter().filter(|named| named.meant == here.meant);
        same.filter(|named| definition || !named.definition)
            .map(|named| named.span.clone())
            .collect()
    }
}

struct Finder<'f> {
    file: &'f Dockerfile,
    stages: &'f [Stage],
    scopes: &'f Scopes,
    names: Vec<Named>,
}

impl Finder<'_> {
    fn add(&mut self, span: Span, meant: Meant, definition: bool, instruction: usize) {
        let declared = definition;
        self.names.push(Named { span, meant, definition, declared, instruction });
    }

    fn stages(&mut self) {
        let numbers: HashMap<String, usize> = self
            .stages
            .iter()
            .filter_map(|stage| Some((stage.name.as_ref()?.text.to_lowercase(), stage.index)))
            .collect();
        for stage in self.stages {
            if let Some(name) = &stage.name {
                self.add(name.span.range(), Meant::Stage(stage.index), true, stage.from);
            }
            if let Some(parent) = stage.parent {
                self.add(stage.image.span.range(), Meant::Stage(parent), false, stage.from);
            }
            let inside = stage.instructions.clone();
            let Some(instructions) = self.file.instructions.get(inside.clone()) else { continue };
            for (index, instruction) in inside.zip(instructions) {
                for span in stage_flags(self.file, instruction.triggered()) {
                    let name = self.file.source.text().get(span.clone()).unwrap_or_default();
                    let found = numbers.get(&name.to_lowercase()).copied();
                    let found = found.or_else(|| name.parse().ok());
                    if let Some(number) = found.filter(|number| *number < stage.index) {
                        self.add(span, Meant::Stage(number), false, index);
                    }
                }
            }
        }
    }

    /// Definitions, and the words that the builder expands.
    fn instructions(&mut self) {
        let text = self.file.source.text();
        let mut stage: Option<usize> = None;
        for (index, instruction) in self.file.instructions.iter().enumerate() {
            if instruction.keyword == Keyword::From {
                stage = Some(stage.map_or(0, |last| last.saturating_add(1)));
            }
            let scope = stage.filter(|_| instruction.keyword != Keyword::From);
            let inner = instruction.triggered();
            match inner.keyword {
                Keyword::Arg if !instruction.is_onbuild() => {
                    for word in inner.arguments.words() {
                        let name = word.text.split('=').next().unwrap_or_default();
                        let start = word.span.start as usize;
                        self.define(scope, index, name, start..start.saturating_add(name.len()));
                    }
                }
                Keyword::Env if !instruction.is_onbuild() => {
                    for pair in inner.arguments.pairs() {
                        self.define(scope, index, &pair.key.text, pair.key.span.range());
                    }
                }
                _ => {}
            }
            for flag in &inner.flags {
                let written = self.file.source.slice(flag.span);
                for range in variables::named(written, self.file.escape) {
                    let start = flag.span.start as usize;
                    let span = start.saturating_add(range.start)..start.saturating_add(range.end);
                    self.use_variable(scope, index, text.get(span.clone()), span.clone());
                }
            }
            if is_shell(inner) {
                continue;
            }
            let joined = &inner.arguments_text;
            for range in variables::named(joined.text(), self.file.escape) {
                let place = |at: usize| joined.source_offset(u32::try_from(at).unwrap_or(u32::MAX));
                let start = place(range.start) as usize;
                let span = start..start.saturating_add(range.len());
                self.use_variable(scope, index, text.get(span.clone()), span.clone());
            }
            for heredoc in instruction.heredocs.iter().filter(|heredoc| heredoc.expand) {
                for range in
                    variables::named(self.file.source.slice(heredoc.span), self.file.escape)
                {
                    let start = heredoc.span.start as usize;
                    let span = start.saturating_add(range.start)..start.saturating_add(range.end);
                    self.use_variable(scope, index, text.get(span.clone()), span.clone());
                }
            }
        }
    }

    /// What a shell expands; exec form is nobody's to expand.
    fn shells(&mut self) {
        for shell in shell_texts(self.file, self.stages) {
            if shell.form == Form::Exec {
                continue;
            }
            for parameter in parameters(&shell.script) {
                let span = shell.source_span(parameter.name_span).range();
                self.use_variable(shell.stage, shell.instruction, Some(&parameter.name), span);
            }
        }
    }

    fn define(&mut self, stage: Option<usize>, instruction: usize, name: &str, span: Span) {
        if name.is_empty() || self.file.source.text().get(span.clone()) != Some(name) {
            return;
        }
        let root = self.root(stage, instruction, name);
        let meant = Meant::Variable(name.to_owned(), root);
        let definition = root == instruction;
        self.names.push(Named { span, meant, definition, declared: true, instruction });
    }

    /// The instruction that gives a variable its value: an `ARG name` within a stage takes that of
    /// an `ARG name=value` before all stages.
    fn root(&self, stage: Option<usize>, instruction: usize, name: &str) -> usize {
        let takes_on = self.file.instructions.get(instruction).is_some_and(|one| {
            one.keyword == Keyword::Arg
                && one.arguments.words().iter().any(|word| word.text == name)
        });
        if stage.is_none() || !takes_on {
            return instruction;
        }
        let global = self.scopes.at(None, instruction).definition(name);
        global.map_or(instruction, |definition| definition.instruction)
    }

    fn use_variable(
        &mut self,
        stage: Option<usize>,
        instruction: usize,
        name: Option<&str>,
        span: Span,
    ) {
        let Some(name) = name else { return };
        let definition = self.scopes.at(stage, instruction).definition(name);
        let meant = match definition {
            Some(definition) => {
                let root = match definition.origin {
                    Origin::Arg => self.root(stage, definition.instruction, name),
                    Origin::Env => definition.instruction,
                };
                Meant::Variable(name.to_owned(), root)
            }
            None if variables::predefined(name).is_some() => Meant::Predefined(name.to_owned()),
            None => return,
        };
        self.add(span, meant, false, instruction);
    }
}

/// Whether a shell reads the arguments.
fn is_shell(instruction: &Instruction) -> bool {
    matches!(
        instruction.keyword,
        Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck | Keyword::Shell
    )
}

/// Where flags name a stage: `--from=name`, and `from=name` of a mount.
fn stage_flags(file: &Dockerfile, instruction: &Instruction) -> Vec<Span> {
    let mut found = Vec::new();
    for flag in &instruction.flags {
        let written = file.source.slice(flag.span);
        let key = match (instruction.keyword, flag.name()) {
            (Keyword::Copy, "from") => "--from=",
            (Keyword::Run, "mount") => ",from=",
            _ => continue,
        };
        // A mount may begin with it.
        let opening = written.find(key).or_else(|| written.find("=from="));
        let Some(at) = opening else { continue };
        let at =
            at.saturating_add(written.get(at..).and_then(|key| key.find("from=")).unwrap_or(0));
        let start = at.saturating_add("from=".len());
        let value = written.get(start..).unwrap_or_default();
        let length = value.find([',', '"', '\'']).unwrap_or(value.len());
        let start = start.saturating_add(flag.span.start as usize);
        found.push(start..start.saturating_add(length));
    }
    found
}

/// The variables that a script expands.
fn parameters(script: &Script) -> Vec<&Parameter> {
    struct Finder<'a>(Vec<&'a Parameter>);
    impl<'a> Visit<'a> for Finder<'a> {
        fn parameter(&mut self, parameter: &'a Parameter) {
            self.0.push(parameter);
            walk_parameter(self, parameter);
        }
    }
    let mut finder = Finder(Vec::new());
    script.visit(&mut finder);
    finder.0
}

#[cfg(test)]
mod tests {
    use super::super::Read;

    const TEXT: &str = "ARG V=1\nFROM golang:$V AS Build\nARG V\nENV P=/x-$V\n\
                        RUN echo \"$P\" '$P' \\\n  && echo ${V:-2}\nFROM scratch\n\
                        COPY --from=build $P /x\nRUN --mount=type=bind,from=build,target=/t true\n";

    /// The texts, with their lines, that `word`'s occurrence leads to.
    fn lines(word: &str, skip: usize, definition: bool) -> Vec<usize> {
        let read = Read::new(TEXT);
        let at = TEXT.match_indices(word).nth(skip).unwrap().0;
        let spans = read.names().references(at, definition);
        spans.iter().map(|span| TEXT[..span.start].matches('\n').count() + 1).collect()
    }

    #[test]
    fn a_variable_is_found_from_its_definition_through_all_uses() {
        assert_eq!(lines("V=1", 0, true), [1, 2, 3, 4, 6]);
        assert_eq!(lines("V:-2", 0, false), [2, 3, 4, 6]);
        assert_eq!(lines("P=/x", 0, false), [5], "single quotes name nothing, and ENV ends");
    }

    #[test]
    fn a_stage_is_found_in_every_flag_that_names_it() {
        assert_eq!(lines("Build", 0, true), [2, 8, 9]);
        let read = Read::new(TEXT);
        let at = TEXT.find("build $P").unwrap();
        let span = read.names().definition(at).unwrap();
        assert_eq!(&TEXT[span], "Build");
    }
}
