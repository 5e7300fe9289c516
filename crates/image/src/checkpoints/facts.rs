//! What checkpoints look at, read from an image once: its configuration, and of its files those that
//! one of them asks for.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::{credentials, passwords, setuid, unique_ids, unneeded};
use crate::error::ImageError;
use crate::opened::OpenImage;
use crate::tar::EntryKind;

/// The largest file that is looked into: 1 MiB.
const MAX_TEXT: u64 = 1 << 20;

/// More files than these are not told one by one.
const MAX_FILES: usize = 100_000;

/// What is known of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// As somebody typed it; none for a file.
    pub name: Option<String>,
    /// `USER`; empty is root.
    pub user: String,
    /// Whether it has a `HEALTHCHECK`.
    pub has_healthcheck: bool,
    /// `VOLUME`s.
    pub volumes: Vec<String>,
    /// The instructions that made it, oldest first.
    pub history: Vec<String>,
    /// Modes by path of the files that some checkpoint asks for, as the topmost layer has them.
    pub files: BTreeMap<String, u32>,
    /// The content of those that are looked into.
    pub texts: BTreeMap<String, Vec<u8>>,
    /// Whether Docker's content trust is on where this runs.
    pub has_content_trust: bool,
    /// Whether there were more files than are kept.
    pub is_cut: bool,
}

/// What somebody accepts, and what they look for beside what is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Variables that may be set.
    pub accepted_keys: Vec<String>,
    /// Words that no variable may have in its name.
    pub sensitive_words: Vec<String>,
    /// Names or paths of files that are not looked at.
    pub accepted_files: Vec<String>,
    /// Names of files that should not be there.
    pub sensitive_files: Vec<String>,
    /// Ends of names, without the dot, that are not looked at.
    pub accepted_extensions: Vec<String>,
    /// Ends of names, with the dot, that should not be there.
    pub sensitive_extensions: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Document {
    #[serde(default)]
    config: Option<RunConfig>,
    #[serde(default)]
    history: Option<Vec<Step>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RunConfig {
    user: Option<String>,
    healthcheck: Option<serde_json::Value>,
    volumes: Option<BTreeMap<String, serde_json::Value>>,
}

#[derive(Debug, Default, Deserialize)]
struct Step {
    #[serde(default)]
    created_by: String,
}

impl Facts {
    /// Reads an image: its configuration and the headers of all its files.
    pub fn of(image: &OpenImage, settings: &Settings) -> Result<Self, ImageError> {
        let mut facts = Self::of_config(&image.config).map_err(|error| ImageError::Malformed {
            path: image.reference.clone().into(),
            what: "the configuration".to_owned(),
            message: error.to_string(),
        })?;
        for index in 0..image.layers.len() {
            let mut layer = Layer { facts: &mut facts, settings, kept: Vec::new() };
            image.walk(index, &mut |member| {
                layer.member(
                    &member.entry.path,
                    member.entry.kind,
                    member.entry.mode,
                    member.content,
                );
                ControlFlow::Continue(())
            })?;
            layer.finish();
        }
        Ok(facts)
    }

    /// What a configuration says.
    ///
    /// # Errors
    /// It is no JSON of an image.
    pub fn of_config(config: &[u8]) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_slice(config)?;
        let run = document.config.unwrap_or_default();
        Ok(Self {
            user: run.user.unwrap_or_default(),
            has_healthcheck: run.healthcheck.is_some(),
            volumes: run.volumes.unwrap_or_default().into_keys().collect(),
            history: document.history.into_iter().flatten().map(|step| step.created_by).collect(),
            ..Self::default()
        })
    }
}

/// A layer on top of what is known.
struct Layer<'a> {
    facts: &'a mut Facts,
    settings: &'a Settings,
    /// What it brings: it does not delete what it has itself.
    kept: Vec<(String, u32, Option<Vec<u8>>)>,
}

impl Layer<'_> {
    fn member(&mut self, path: &str, kind: EntryKind, mode: u32, content: &mut dyn Read) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name == ".wh..wh..opq" {
            return self.facts.remove_below(folder);
        }
        if let Some(name) = name.strip_prefix(".wh.") {
            let gone = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            self.facts.remove_below(&gone);
            self.facts.files.remove(&gone);
            self.facts.texts.remove(&gone);
            return;
        }
        let is_file = matches!(kind, EntryKind::File | EntryKind::Symlink | EntryKind::HardLink);
        let is_text = passwords::FILES.contains(&path) || unique_ids::FILES.contains(&path);
        if !is_file || !(is_text || self.settings.wants(path, mode)) {
            // It stands in the place of what a layer below had there.
            self.facts.files.remove(path);
            self.facts.texts.remove(path);
            return;
        }
        if self.facts.files.len().saturating_add(self.kept.len()) >= MAX_FILES {
            self.facts.is_cut = true;
            return;
        }
        let mut bytes = Vec::new();
        // What cannot be read of it is told by whoever walks.
        let read = is_text && content.take(MAX_TEXT).read_to_end(&mut bytes).is_ok();
        self.kept.push((path.to_owned(), mode, read.then_some(bytes)));
    }

    fn finish(self) {
        for (path, mode, text) in self.kept {
            if let Some(text) = text {
                self.facts.texts.insert(path.clone(), text);
            }
            self.facts.files.insert(path, mode);
        }
    }
}

impl Facts {
    fn remove_below(&mut self, folder: &str) {
        let inside = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.files.retain(|path, _| !path.starts_with(&inside));
        self.texts.retain(|path, _| !path.starts_with(&inside));
    }
}

impl Settings {
    /// Whether any checkpoint asks for this file.
    fn wants(&self, path: &str, mode: u32) -> bool {
        if self.accepts(path) {
            return false;
        }
        setuid::is_one(mode)
            || credentials::kind(path, self).is_some()
            || unneeded::kind(path).is_some()
    }

    fn accepts(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let end = extension(name).strip_prefix('.');
        self.accepted_files.iter().any(|it| it == path || it == name)
            || end.is_some_and(|end| self.accepted_extensions.iter().any(|it| it == end))
    }
}

/// The end of a name from its last dot on; empty where there is none.
pub(super) fn extension(name: &str) -> &str {
    name.rfind('.').and_then(|at| name.get(at..)).unwrap_or_default()
}
