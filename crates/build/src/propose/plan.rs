//! What a language decides about each step.

use crate::finding::Edit;
use crate::syntax::Keyword;

use super::recipe::{Recipe, Work};
use super::{Reason, ReasonKind};

/// Where a step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Into the stage that builds.
    Build,
    /// Into the stage that runs.
    Final,
    /// Into both.
    Both,
    /// Nowhere; its comments stay.
    Out,
}

impl Place {
    pub(super) fn builds(self) -> bool {
        matches!(self, Self::Build | Self::Both)
    }

    pub(super) fn runs(self) -> bool {
        matches!(self, Self::Final | Self::Both)
    }
}

/// A build in two stages.
#[derive(Debug)]
pub(super) struct Plan {
    /// What the first stage is called, unless it has a name.
    pub(super) build_name: &'static str,
    /// Where each step goes.
    pub(super) places: Vec<Place>,
    /// Lines of the first stage, each before the step of that index.
    pub(super) before: Vec<(usize, String)>,
    /// Edits of the file's text that hold in the first stage alone.
    pub(super) edits: Vec<Edit>,
    /// Lines at the end of the first stage.
    pub(super) build_end: Vec<String>,
    /// Lines at the start of the last stage.
    pub(super) final_start: Vec<String>,
    /// The `COPY --from` lines, and before which step they stand in the last stage.
    pub(super) copies: Vec<String>,
    pub(super) copies_at: usize,
    /// What the last stage may be built on, best first.
    pub(super) bases: Vec<String>,
    /// Packages of the distribution that the last stage needs.
    pub(super) packages: Vec<String>,
    /// Commands with new words, by step.
    pub(super) commands: Vec<(usize, Vec<String>)>,
    /// The user of the last stage where the file sets none.
    pub(super) user: &'static str,
    /// Why.
    pub(super) reasons: Vec<Reason>,
}

/// An id that no account of the usual images has; distroless images call it `nonroot`.
pub(super) const NONROOT: &str = "65532:65532";

/// Programs of a [`Work::Files`] that need nothing of what was copied.
const FRESH: &[&str] =
    &["mkdir", "useradd", "groupadd", "adduser", "addgroup", "usermod", "echo", "set", "true"];

/// Variables that only tools of a build read.
const BUILD_VARIABLES: &[&str] = &[
    "GO",
    "CGO_",
    "CARGO_",
    "RUST",
    "MAVEN_",
    "MVN_",
    "GRADLE_",
    "DEBIAN_FRONTEND",
    "PIP_",
    "NPM_",
    "POETRY_",
    "YARN_",
    "CC",
    "CXX",
];

impl Plan {
    /// Each step where its kind usually goes; the last stage runs what `keeps_files` says of the
    /// copied files.
    pub(super) fn new(recipe: &Recipe<'_>, keeps_files: bool) -> Self {
        let mut plan = Self {
            build_name: "build",
            places: Vec::with_capacity(recipe.steps.len()),
            before: Vec::new(),
            edits: Vec::new(),
            build_end: Vec::new(),
            final_start: Vec::new(),
            copies: Vec::new(),
            copies_at: usize::MAX,
            bases: Vec::new(),
            packages: Vec::new(),
            commands: Vec::new(),
            user: NONROOT,
            reasons: Vec::new(),
        };
        let mut headers = Vec::new();
        for step in &recipe.steps {
            let place = match step.instruction.keyword {
                Keyword::Workdir => Place::Both,
                Keyword::Env => {
                    let pairs = step.instruction.arguments.pairs();
                    let builds =
                        |name: &str| BUILD_VARIABLES.iter().any(|one| name.starts_with(one));
                    let only = pairs.iter().all(|pair| builds(&pair.key.text));
                    if only { Place::Build } else { Place::Both }
                }
                Keyword::Run => match &step.work {
                    Work::Packages(packages) => {
                        plan.packages.extend(packages.that_run(&mut headers));
                        Place::Build
                    }
                    Work::Files => {
                        let fresh = |name: &str| FRESH.contains(&name);
                        let all = step
                            .programs
                            .iter()
                            .all(|program| fresh(program.through_wrappers().program()));
                        match (all, keeps_files) {
                            (true, _) => Place::Both,
                            (false, true) => Place::Final,
                            (false, false) => Place::Build,
                        }
                    }
                    Work::Other => Place::Build,
                },
                Keyword::Copy | Keyword::Add | Keyword::Arg | Keyword::User => Place::Build,
                _ => Place::Final,
            };
            plan.places.push(place);
        }
        for name in headers {
            plan.check(format!(
                "`{name}` has headers to build with; add the library behind it to the last stage \
                 if the program is linked to it"
            ));
        }
        plan
    }

    pub(super) fn put(&mut self, step: usize, place: Place) {
        if let Some(slot) = self.places.get_mut(step) {
            *slot = place;
        }
    }

    pub(super) fn place(&self, step: usize) -> Place {
        self.places.get(step).copied().unwrap_or(Place::Out)
    }

    pub(super) fn stage(&mut self, text: impl Into<String>) {
        self.reasons.push(Reason { kind: ReasonKind::Stage, text: text.into() });
    }

    pub(super) fn left_out(&mut self, text: impl Into<String>) {
        self.reasons.push(Reason { kind: ReasonKind::LeftOut, text: text.into() });
    }

    pub(super) fn changed(&mut self, text: impl Into<String>) {
        self.reasons.push(Reason { kind: ReasonKind::Changed, text: text.into() });
    }

    pub(super) fn check(&mut self, text: impl Into<String>) {
        self.reasons.push(Reason { kind: ReasonKind::Check, text: text.into() });
    }
}
