//! The one stage of a file as a build: each step with its programs and the folder that it runs in.

use crate::bases::{self, Base, BaseName};
use crate::scope::Scopes;
use crate::script::{Form, Program, ShellText};
use crate::shell::{Arg, Invocation, Part};
use crate::stage::Stage;
use crate::syntax::{Dockerfile, Expander, Instruction, Keyword};

use super::Declined;
use super::packages::{self, Packages};
use super::paths::absolute;

/// A file with one stage.
pub(super) struct Recipe<'a> {
    pub(super) file: &'a Dockerfile,
    pub(super) stage: &'a Stage,
    /// The name of the base image with the variables in it expanded.
    pub(super) image: String,
    /// The same in its parts; of a name that cannot be read both are empty.
    pub(super) name: BaseName,
    /// What is known of the base image.
    pub(super) base: Option<Base>,
    /// The instructions behind `FROM`.
    pub(super) steps: Vec<Step<'a>>,
}

/// An instruction behind `FROM`.
pub(super) struct Step<'a> {
    pub(super) instruction: &'a Instruction,
    /// Its command.
    pub(super) text: Option<&'a ShellText>,
    /// The programs of its command.
    pub(super) programs: Vec<Program<'a>>,
    /// The folder in which it runs; of `WORKDIR` the one that it sets.
    pub(super) folder: String,
    /// What it does, where it is a `RUN`.
    pub(super) work: Work,
}

/// What a `RUN` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Work {
    /// Nothing but install packages of the distribution, and clean up behind that.
    Packages(Packages),
    /// Nothing but make folders, links, users and permissions.
    Files,
    /// Anything else.
    Other,
}

/// Programs that change nothing but folders, links and permissions.
const FILE_PROGRAMS: &[&str] = &[
    "mkdir", "chmod", "chown", "chgrp", "ln", "touch", "install", "echo", "set", "true", "useradd",
    "groupadd", "adduser", "addgroup", "usermod", "rm",
];

impl<'a> Recipe<'a> {
    pub(super) fn new(
        file: &'a Dockerfile,
        stage: &'a Stage,
        texts: &'a [ShellText],
        scopes: &Scopes,
    ) -> Self {
        let expander = Expander::new(file.escape);
        let expand = |text: &str, index: usize, in_stage: bool| {
            let scope = scopes.at(in_stage.then_some(0), index);
            expander.expand(text, &scope).map_or_else(|_| text.to_owned(), |done| done.text)
        };
        let image = expand(&stage.image.text, stage.from, false);
        let name = BaseName::parse(&image)
            .unwrap_or(BaseName { repository: String::new(), tag: String::new() });
        let base = bases::known(&image);
        let mut folder =
            base.as_ref().and_then(|base| base.workdir.clone()).unwrap_or_else(|| "/".to_owned());
        let mut steps = Vec::new();
        for index in stage.instructions.clone() {
            let Some(instruction) = file.instructions.get(index) else { break };
            if let (Keyword::Workdir, Some(path)) =
                (instruction.keyword, instruction.arguments.text())
            {
                folder = absolute(&folder, &expand(&path.text, index, true));
            }
            let text = texts.iter().find(|text| text.instruction == index);
            let programs = text.map(ShellText::programs).unwrap_or_default();
            let work = match text {
                Some(text) if instruction.keyword == Keyword::Run => work(text, &programs),
                _ => Work::Other,
            };
            steps.push(Step { instruction, text, programs, folder: folder.clone(), work });
        }
        Self { file, stage, image, name, base, steps }
    }

    /// What of a build no plan can part.
    pub(super) fn refuse_what_cannot_be_parted(&self) -> Result<(), Declined> {
        for step in &self.steps {
            let line = step.instruction.lines.0;
            let why = match step.instruction.keyword {
                Keyword::Onbuild => "ONBUILD makes it a base for other builds",
                Keyword::Shell => "SHELL sets a shell that another base may not have",
                _ => continue,
            };
            return Err(Declined::CannotPart(format!("line {line}: {why}")));
        }
        Ok(())
    }

    /// The steps of a keyword with their indexes.
    pub(super) fn of(&self, keyword: Keyword) -> impl Iterator<Item = (usize, &Step<'a>)> {
        self.steps.iter().enumerate().filter(move |(_, step)| step.instruction.keyword == keyword)
    }

    /// The programs of all `RUN`s, through `sudo` and the like, with the index of their step.
    pub(super) fn programs(&self) -> impl Iterator<Item = (usize, Invocation<'a>)> {
        self.of(Keyword::Run).flat_map(|(index, step)| {
            step.programs.iter().map(move |program| (index, program.through_wrappers()))
        })
    }

    /// The first program of a `RUN` that is as asked.
    pub(super) fn find(
        &self,
        wanted: impl Fn(&Invocation<'a>) -> bool,
    ) -> Option<(usize, Invocation<'a>)> {
        self.programs().find(|(_, program)| wanted(program))
    }

    /// The folder at the end: that of the program which the image runs.
    pub(super) fn last_folder(&self) -> &str {
        self.steps.last().map_or("/", |step| &step.folder)
    }

    /// What the image runs: the words of `ENTRYPOINT` and `CMD` that count, each with the index
    /// of its step. `None` where it is more than one program with plain words.
    pub(super) fn command(&self) -> Option<Vec<(usize, String)>> {
        let words = |keyword: Keyword| -> Option<Option<Vec<(usize, String)>>> {
            let Some((index, step)) = self.of(keyword).last() else { return Some(None) };
            let words = step.plain_words()?;
            Some(Some(words.into_iter().map(|word| (index, word)).collect()))
        };
        let (entrypoint, cmd) = (words(Keyword::Entrypoint)?, words(Keyword::Cmd)?);
        let all: Vec<(usize, String)> =
            entrypoint.into_iter().flatten().chain(cmd.into_iter().flatten()).collect();
        (!all.is_empty()).then_some(all)
    }

    /// Whether the image runs `name`, by any path.
    pub(super) fn runs(&self, name: &str) -> bool {
        [Keyword::Entrypoint, Keyword::Cmd].into_iter().filter_map(|one| self.of(one).last()).any(
            |(_, step)| {
                step.programs.iter().any(|program| program.through_wrappers().program() == name)
            },
        )
    }

    /// Whether a variable is set, to that value if one is given, before the step.
    pub(super) fn has_env(&self, before: usize, name: &str, value: &str) -> bool {
        let steps = self.steps.iter().take(before);
        let pairs = steps.filter(|step| step.instruction.keyword == Keyword::Env);
        pairs
            .flat_map(|step| step.instruction.arguments.pairs())
            .rfind(|pair| pair.key.text == name)
            .is_some_and(|pair| pair.value.text.trim_matches(['"', '\'']) == value)
    }

    /// The words of the tag.
    pub(super) fn tag_words(&self) -> Vec<&str> {
        self.name.words()
    }

    /// Whether the base is Alpine.
    pub(super) fn is_alpine(&self) -> bool {
        self.name.repository == "alpine"
            || self.tag_words().iter().any(|word| word.starts_with("alpine"))
    }

    /// Debian's code name in the tag.
    pub(super) fn codename(&self) -> Option<&str> {
        let known = ["buster", "bullseye", "bookworm", "trixie", "forky"];
        self.tag_words().into_iter().find(|word| known.contains(word))
    }
}

impl Step<'_> {
    /// The words of the command in exec form, or in shell form where a shell would not change
    /// them.
    pub(super) fn plain_words(&self) -> Option<Vec<String>> {
        let text = self.text?;
        if text.form == Form::Exec {
            let mut arguments = &self.instruction.arguments;
            if let crate::syntax::Arguments::Health(_, command) = arguments {
                arguments = command;
            }
            return Some(arguments.words().iter().map(|word| word.text.clone()).collect());
        }
        let [program] = self.programs.as_slice() else { return None };
        let command = program.command();
        let simple = text.form == Form::Shell
            && text.script.errors.is_empty()
            && program.place.is_top_level()
            && program.place.is_alone()
            && command.redirects.is_empty()
            && command.assignments.is_empty()
            && text.script.list.items.len() == 1;
        if !simple {
            return None;
        }
        let words = command.words.iter().map(|word| {
            let literal = word.parts.iter().all(is_literal);
            literal.then(|| word.text(text.text.text()).into_owned())
        });
        let mut words: Vec<String> = words.collect::<Option<_>>()?;
        if words.first().is_some_and(|word| word == "exec") {
            words.remove(0);
        }
        let plain = |word: &String| !word.contains(['*', '?', '[', '~']);
        words.iter().all(plain).then_some(words)
    }
}

/// Whether an argument is what it says.
pub(super) fn is_plain(arg: &Arg<'_>) -> bool {
    arg.word.parts.iter().all(is_literal)
}

fn is_literal(part: &Part) -> bool {
    match part {
        Part::Literal { .. } | Part::SingleQuoted { .. } => true,
        Part::DoubleQuoted { parts, .. } => parts.iter().all(is_literal),
        _ => false,
    }
}

fn work(text: &ShellText, programs: &[Program<'_>]) -> Work {
    if !text.script.errors.is_empty() || programs.is_empty() {
        return Work::Other;
    }
    if let Some(packages) = packages::of(programs) {
        return Work::Packages(packages);
    }
    let is_file =
        |program: &Program<'_>| FILE_PROGRAMS.contains(&program.through_wrappers().program());
    if programs.iter().all(is_file) { Work::Files } else { Work::Other }
}
