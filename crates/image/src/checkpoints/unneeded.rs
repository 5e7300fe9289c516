//! What is only of use where the image is built makes it larger, and says much about its makers.

use std::collections::BTreeSet;

use super::{Alert, Answer, Checkpoint, Facts, Level, Settings};

pub(super) const CHECKPOINT: Checkpoint = Checkpoint {
    code: "DKL-LI-0003",
    title: "Only put necessary files",
    level: Level::Info,
    check,
};

const NAMES: [&str; 4] = ["Dockerfile", "docker-compose.yml", ".vimrc", ".DS_Store"];

const FOLDERS: [&str; 8] = [".cache", ".aws", ".azure", ".gcp", ".git", ".vscode", ".idea", ".npm"];

/// Folders of packages, whose makers put such folders there.
const OTHERS: [&str; 2] = ["node_modules/", "vendor/"];

/// What of a path is not needed.
pub(super) enum Unneeded<'p> {
    File,
    In(&'p str),
}

pub(super) fn kind(path: &str) -> Option<Unneeded<'_>> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    if NAMES.contains(&name) {
        return Some(Unneeded::File);
    }
    let inner = folder.rsplit('/').next().unwrap_or(folder);
    FOLDERS.contains(&inner).then_some(Unneeded::In(folder))
}

fn check(facts: &Facts, _: &Settings) -> Answer {
    let (mut found, mut told) = (Vec::new(), BTreeSet::new());
    for path in facts.files.keys() {
        match kind(path) {
            Some(Unneeded::File) => {
                found.push(Alert::new(path, format!("a file that is not needed: {path}")));
            }
            Some(Unneeded::In(folder))
                if !OTHERS.iter().any(|it| path.contains(it)) && told.insert(folder) =>
            {
                found.push(Alert::new(folder, format!("a folder that is not needed: {folder}")));
            }
            Some(Unneeded::In(_)) | None => {}
        }
    }
    Answer::Found(found)
}
