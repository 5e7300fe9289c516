//! A build in one stage as one in two: what builds stays behind, what runs goes on.
//!
//! The proposal is a whole new file. It is made from what the file itself says: its base image,
//! its commands, as a shell reads them, and what it copies; nothing else of the project is read.
//! What that cannot show stands among the reasons as something to check, so a proposal is never
//! applied by `--fix`.
//!
//! A language is one file here and one line in [`LANGUAGES`].

mod compiled;
mod go;
mod java;
mod node;
mod packages;
mod paths;
mod plan;
mod python;
mod recipe;
mod render;
mod rust;

use std::fmt;

use serde::Serialize;

use crate::Source;
use crate::config::Config;
use crate::environment::Environment;
use crate::finding::Level;
use crate::lint::lint;
use crate::stage::stages;
use crate::syntax::Dockerfile;

use self::plan::Plan;
use self::recipe::Recipe;

/// How one language is built in two stages.
struct Language {
    /// As people call it.
    name: &'static str,
    /// Whether the file is of this language.
    is: fn(&Recipe<'_>) -> bool,
    /// How it is parted; the reason where it cannot be.
    plan: fn(&Recipe<'_>) -> Result<Plan, Declined>,
}

const LANGUAGES: &[&Language] =
    &[&go::LANGUAGE, &rust::LANGUAGE, &java::LANGUAGE, &node::LANGUAGE, &python::LANGUAGE];

/// A file in two stages, and why it is as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// The language: `Go`.
    pub language: &'static str,
    /// The image that it is built on, as written.
    pub build_image: String,
    /// The image that the result is built on.
    pub final_image: String,
    /// The new file.
    pub text: String,
    /// Why, in the order of the file.
    pub reasons: Vec<Reason>,
}

/// One thing to know about a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Of what kind.
    pub kind: ReasonKind,
    /// The words.
    pub text: String,
}

/// What a reason says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonKind {
    /// What a stage is for.
    Stage,
    /// What is no longer in the image that runs.
    LeftOut,
    /// What was changed beside that.
    Changed,
    /// What was assumed, and has to be looked at.
    Check,
}

impl ReasonKind {
    /// The word before the reason.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::LeftOut => "left out",
            Self::Changed => "changed",
            Self::Check => "check",
        }
    }
}

/// Why there is no proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Declined {
    /// The builder would not read the file.
    Broken,
    /// There is no `FROM`.
    NoStage,
    /// It has several stages.
    ManyStages(usize),
    /// It is of no kind that is known; the base image.
    UnknownKind(String),
    /// It has something that no proposal knows how to part; what, and in which line.
    CannotPart(String),
    /// The second stage would save nothing.
    NothingToGain(String),
}

impl fmt::Display for Declined {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken => out.write_str("the file has mistakes: `plimsoll lint` names them"),
            Self::NoStage => out.write_str("there is no FROM"),
            Self::ManyStages(count) => write!(out, "it has {count} stages already"),
            Self::UnknownKind(image) => {
                write!(out, "on `{image}` nothing of ")?;
                for (index, language) in LANGUAGES.iter().enumerate() {
                    let comma = match index {
                        0 => "",
                        _ if index.saturating_add(1) == LANGUAGES.len() => " or ",
                        _ => ", ",
                    };
                    write!(out, "{comma}{}", language.name)?;
                }
                out.write_str(" is built that could be parted")
            }
            Self::CannotPart(why) | Self::NothingToGain(why) => out.write_str(why),
        }
    }
}

/// The file in two stages; of several bases for the last one the first is taken with which the
/// lint has no error and no warning that it does not have now.
pub fn propose(file: &Dockerfile, config: &Config) -> Result<Proposal, Declined> {
    if !file.problems.is_empty() {
        return Err(Declined::Broken);
    }
    let all = stages(file);
    let stage = match all.as_slice() {
        [] => return Err(Declined::NoStage),
        [stage] => stage,
        more => return Err(Declined::ManyStages(more.len())),
    };
    let texts = crate::script::shell_texts(file, &all);
    let scopes = crate::scope::Scopes::new(file, &all);
    let recipe = Recipe::new(file, stage, &texts, &scopes);
    let Some(language) = LANGUAGES.iter().find(|language| (language.is)(&recipe)) else {
        return Err(Declined::UnknownKind(stage.image.text.clone()));
    };
    recipe.refuse_what_cannot_be_parted()?;
    let plan = (language.plan)(&recipe)?;
    let known = grave(file, config);
    let mut worse = Vec::new();
    for base in &plan.bases {
        let Some((text, reasons)) = render::render(&recipe, &plan, base) else { continue };
        let proposed = Dockerfile::parse(Source::new(text.as_str()));
        worse = grave(&proposed, config).into_iter().filter(|id| !known.contains(id)).collect();
        if proposed.problems.is_empty() && worse.is_empty() {
            return Ok(Proposal {
                language: language.name,
                build_image: stage.image.text.clone(),
                final_image: base.clone(),
                text,
                reasons,
            });
        }
    }
    let why = match worse.first() {
        Some(id) => format!("no base for a second stage passes {id} in this project"),
        None => "no base for a second stage has what its instructions need".to_owned(),
    };
    Err(Declined::CannotPart(why))
}

/// The rules of which a file has an error or a warning.
fn grave(file: &Dockerfile, config: &Config) -> Vec<&'static str> {
    let found = lint(file, config, &Environment::default()).findings;
    found.iter().filter(|one| one.level >= Level::Warning).map(|one| one.rule.id).collect()
}
