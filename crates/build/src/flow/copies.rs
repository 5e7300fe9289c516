//! `COPY` and `ADD`: which paths are there afterwards.

use crate::syntax::{Instruction, Keyword};

use super::event::{Effect, Opaque, Writer};
use super::paths::{absolute, base_name, is_within, may_hold_commands};

/// One path that comes to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Copied {
    /// What it does.
    pub(super) effects: Vec<Effect>,
    /// The index of the source among the arguments.
    pub(super) source: usize,
}

/// Reads an instruction whose words are `words`, variables expanded; `None` for a word that is not
/// known. `folder` is that of `WORKDIR`.
pub(super) fn read(
    instruction: &Instruction,
    words: &[Option<String>],
    folder: Option<&str>,
) -> Vec<Copied> {
    let Some((target, sources)) = words.split_last() else { return Vec::new() };
    let whole = |opaque| vec![Copied { effects: vec![Effect::Opaque(opaque)], source: 0 }];
    let Some(target) = target.as_deref() else { return whole(Opaque::All) };
    let Some(place) = absolute(folder, target) else { return whole(Opaque::All) };
    let from_stage = instruction.flag_value("from").is_some();
    let keeps_parents = instruction.flag("parents").is_some();
    let is_folder = target.ends_with('/') || target == "." || sources.len() > 1;
    let mut copied = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let name = source.as_deref().filter(|name| !name.contains(['*', '?', '[', '$']));
        let mut effects = Vec::new();
        let kind = match name {
            Some(name) if !keeps_parents => kind(instruction.keyword, name, from_stage),
            _ => Kind::Unknown,
        };
        let (path, by) = match (kind, name) {
            (Kind::File, Some(name)) if is_folder => {
                (join(&place, base_name(name)), Writer::CopyFile)
            }
            (Kind::File, _) => (place.clone(), Writer::CopyFile),
            _ => (place.clone(), Writer::CopyTree),
        };
        // The content of a tree is not known; a file is known by its name.
        if by == Writer::CopyTree {
            let single = !is_folder && name.is_some_and(|name| base_name(name) == base_name(&path));
            if is_within("/etc/passwd", &place) || is_within("/etc", &place) {
                effects.push(Effect::OtherAccounts);
            }
            if may_hold_commands(&place) && !(single && is_command(&place)) {
                effects.push(Effect::Opaque(Opaque::Commands));
            }
        } else if path == "/etc/passwd" || path == "/etc/group" {
            effects.push(Effect::OtherAccounts);
        }
        effects.push(Effect::Write { path, by });
        copied.push(Copied { effects, source: index });
    }
    copied
}

/// Whether a path is right in a folder of commands.
fn is_command(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(folder, _)| super::paths::COMMAND_FOLDERS.contains(&folder))
}

fn join(folder: &str, name: &str) -> String {
    if folder == "/" { format!("/{name}") } else { format!("{folder}/{name}") }
}

enum Kind {
    File,
    Unknown,
}

/// Whether a source is a file, as far as its name tells.
fn kind(keyword: Keyword, name: &str, from_stage: bool) -> Kind {
    let last = base_name(name);
    if keyword == Keyword::Add {
        let is_archive =
            [".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst"]
                .iter()
                .any(|end| last.ends_with(end));
        let is_url = name.starts_with("https://") || name.starts_with("http://");
        if is_archive && !is_url || name.ends_with(".git") || name.contains(".git#") {
            return Kind::Unknown;
        }
        if is_url && !name.ends_with('/') && last.contains('.') {
            return Kind::File;
        }
    }
    if name.ends_with('/') || last.is_empty() || last == "." || last == ".." {
        return Kind::Unknown;
    }
    // Right in a folder of commands there are files alone.
    if from_stage && is_command(name) || ["/etc/passwd", "/etc/group"].contains(&name) {
        return Kind::File;
    }
    // `conf.d` and `v1.2` are folders as often as not.
    let end =
        last.rsplit_once('.').map_or("", |(start, end)| if start.is_empty() { "" } else { end });
    let has_end = end.starts_with(|first: char| first.is_ascii_alphabetic()) && end != "d";
    let known =
        ["Makefile", "Gemfile", "Procfile", "Pipfile", "Rakefile", "LICENSE", "mvnw", "gradlew"];
    if has_end || known.contains(&last) { Kind::File } else { Kind::Unknown }
}
