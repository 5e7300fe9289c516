//! Every judge there is, one file each: its page, and what it asks of a target.
//!
//! To add one: write its file, name its module here, and add it to [`ALL`]. Its rules and settings are
//! then in policies, in `--list-rules`, in the schema and in the documentation.

mod base;
mod detection;
mod dockerfile;
mod findings;
mod image;
mod network;
mod provenance;
mod runtime;
mod sbom;
mod signature;

use std::path::{Path, PathBuf};

use plimsoll_model::gate::{Effect, Practice, Rule};
use plimsoll_policy::gate::{Answers, Page, Policy, Settings};

use super::target::{Attached, Kind, Means, Target};
use crate::commands::lint::files;
use crate::commands::verify::{Named, Signers};
use crate::exit::chain;

/// A judge: its page, which targets it is about, and what it asks of one.
pub(super) struct Judge {
    pub(super) page: &'static Page,
    kinds: &'static [Kind],
    ask: fn(&Ask<'_>, &mut Answers) -> Result<(), String>,
}

/// A rule that ends the gate with the code of a denial.
const fn rule(
    id: &'static str,
    title: &'static str,
    why: &'static str,
    fix: &'static str,
    practice: Practice,
    effect: Effect,
) -> Rule {
    Rule { id, title, why, fix, practice, effect, exit_code: Rule::DENIED }
}

/// The registry.
pub(super) static ALL: &[Judge] = &[
    dockerfile::JUDGE,
    findings::JUDGE,
    image::JUDGE,
    base::JUDGE,
    signature::JUDGE,
    sbom::JUDGE,
    provenance::JUDGE,
    runtime::JUDGE,
    network::JUDGE,
    detection::JUDGE,
];

/// The pages of all judges.
pub(in crate::commands) fn pages() -> Vec<&'static Page> {
    ALL.iter().map(|judge| judge.page).collect()
}

/// What a judge is asked.
pub(super) struct Ask<'a> {
    pub(super) target: &'a Target<'a>,
    pub(super) means: &'a Means,
    policy: &'a Policy,
    /// The folder that the policy's files are seen from.
    folder: &'a Path,
    page: &'static Page,
}

impl Judge {
    /// Whether it is about targets of a kind.
    pub(super) fn is_about(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Asks everything that the policy asks for. Where the judge itself fails, no rule of it is
    /// known.
    pub(super) fn ask(
        &self,
        target: &Target<'_>,
        means: &Means,
        policy: &Policy,
        folder: &Path,
        answers: &mut Answers,
    ) {
        if !self.is_about(target.kind) {
            return answers.not_about(self.page, &target.name);
        }
        if !policy.asks(self.page) {
            return;
        }
        let ask = Ask { target, means, policy, folder, page: self.page };
        if let Err(why) = (self.ask)(&ask, answers) {
            for rule in self.page.rules {
                answers.unknown(rule.id, &target.name, why.clone());
            }
        }
    }
}

impl<'a> Ask<'a> {
    /// The judge's settings.
    pub(super) fn settings(&self) -> Settings<'a> {
        self.policy.settings(self.page)
    }

    /// The target's name.
    pub(super) fn name(&self) -> &'a str {
        &self.target.name
    }

    /// The folder that the policy's files are seen from.
    pub(super) fn folder(&self) -> &'a Path {
        self.folder
    }

    /// Files that a setting names, seen from the policy's folder.
    pub(super) fn files(&self, key: &str) -> Vec<PathBuf> {
        self.files_of(self.page, key)
    }

    /// The same of another judge's setting.
    pub(super) fn files_of(&self, page: &'static Page, key: &str) -> Vec<PathBuf> {
        let names = self.policy.settings(page).texts(key);
        names.iter().map(|name| self.folder.join(name)).collect()
    }

    /// The Dockerfiles that `[gate.dockerfile]` names, else those that the target is or holds.
    pub(super) fn dockerfiles(&self) -> Vec<PathBuf> {
        let named = self.files_of(&dockerfile::PAGE, "files");
        let named = if named.is_empty() { vec![self.target.path()] } else { named };
        // A folder without one is found by its error alone; of several the others still count.
        let found = named.iter().filter_map(|one| files::find(std::slice::from_ref(one)).ok());
        found.flatten().collect()
    }

    /// The same for all rules of the judge: they are about nothing that the target has.
    pub(super) fn none_asked(&self, answers: &mut Answers, why: &str) {
        for rule in self.page.rules {
            answers.not_asked(rule.id, self.name(), why);
        }
    }

    /// The image where it is kept; where nothing can hang on it there, that is said of all rules.
    pub(super) fn attached(&self, answers: &mut Answers) -> Result<Option<&'a Attached>, String> {
        let Some(attached) = self.target.attached() else {
            let why = "nothing hangs on an image before it is in a registry or an OCI layout";
            self.none_asked(answers, why);
            return Ok(None);
        };
        attached.map(Some)
    }

    /// Those who may sign, as `[gate.signature]` names them.
    pub(super) fn signers(&self) -> Result<Option<Signers>, String> {
        let settings = self.policy.settings(&signature::PAGE);
        let text = |name| settings.text(name);
        let named = Named {
            key: text("key"),
            identity: text("identity"),
            identity_regexp: text("identity-regexp"),
            issuer: text("issuer"),
            policy: text("policy"),
            trusted_root: text("trusted-root"),
        };
        Signers::of(&named, self.folder, &self.means.registries).map_err(|error| chain(&error))
    }
}
