//! Drift: programs that run in a container and are not those of its image.
//!
//! No rule is needed for it: what an image has is known before, and whatever else is executed was
//! brought there. A container's own files are told from the image's by the path, by a write that
//! was seen, by what the kernel says of the file's layer, and by their content, which whoever has the
//! machine at hand compares: events do not carry it.

use std::collections::{HashMap, HashSet};
use std::fmt;

use plimsoll_model::Content;

use crate::event::{Arena, Event, FieldRef, Value, Values};
use crate::fields::Source;
use crate::loaded::Only;
use crate::profile::{Access, Witness};
use crate::syscall::SystemCall;

/// How many changed files are remembered.
const MOST_CHANGED: usize = 262_144;
/// How many links are followed.
const MOST_LINKS: usize = 40;

/// The programs of an image, by absolute paths.
#[derive(Debug, Default)]
pub struct Programs {
    files: HashSet<String>,
    links: HashMap<String, String>,
    contents: HashMap<String, Content>,
}

/// What is to be said of a program that was executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// It is none of the image's.
    Drifted {
        /// Its path in the container.
        path: String,
        /// How that is known.
        why: Drifted,
    },
    /// By its path it is the image's: its content has the last word.
    Claimed {
        /// The path in the image, without links.
        path: String,
        /// What the image has there.
        content: Content,
        /// Whether the kernel has it from what the container has written: without the content it has
        /// drifted.
        is_upper: bool,
    },
}

/// Why a program is none of the image's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drifted {
    /// It has no file.
    FromMemory,
    /// It was written, or put in its place, while it was watched.
    Changed {
        /// The command line of what did it.
        by: String,
        /// The number of that event.
        event: u64,
    },
    /// The image has no such program.
    NotInImage,
    /// The image has one of this path, which the container has changed before.
    UpperLayer,
    /// The image has one of this path with another content.
    OtherContent,
}

/// Follows what containers execute and write.
pub struct Drift {
    programs: Programs,
    only: Option<Only>,
    witness: Witness,
    container: Option<FieldRef>,
    command: Option<FieldRef>,
    memory: Option<FieldRef>,
    upper: Option<FieldRef>,
    /// Files that were changed, by container and path: by what and in which event.
    changed: HashMap<(String, String), (String, u64)>,
}

impl Programs {
    /// From paths with or without the slash of the root, and links with where they lead.
    pub fn new(
        files: impl IntoIterator<Item = String>,
        links: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let links = links.into_iter().map(|(link, target)| (absolute(&link), target));
        Self {
            files: files.into_iter().map(|path| absolute(&path)).collect(),
            links: links.collect(),
            contents: HashMap::new(),
        }
    }

    /// With what is in them, by paths with or without the slash of the root.
    #[must_use]
    pub fn with_contents(mut self, of: impl IntoIterator<Item = (String, Content)>) -> Self {
        self.contents = of.into_iter().map(|(path, content)| (absolute(&path), content)).collect();
        self
    }

    /// The path of a program of the image without links, where it has one by this path or by links.
    pub fn find(&self, path: &str) -> Option<String> {
        let mut path = absolute(path);
        for _ in 0..MOST_LINKS {
            if self.files.contains(&path) {
                return Some(path);
            }
            let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
            let link =
                ends.filter_map(|end| path.split_at_checked(end)).find_map(|(link, rest)| {
                    Some((link.to_owned(), rest.to_owned(), self.links.get(link)?.clone()))
                });
            let (link, rest, target) = link?;
            let folder = link.rsplit_once('/').map_or("", |(folder, _)| folder);
            path = if target.starts_with('/') {
                absolute(&format!("{target}{rest}"))
            } else {
                absolute(&format!("{folder}/{target}{rest}"))
            };
        }
        None
    }
}

/// A path from the root without `.`, `..` and slashes too many.
fn absolute(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

impl Drift {
    /// For containers of an image.
    pub fn new(programs: Programs) -> Self {
        let field = |name: &str| FieldRef::resolve(Source::Syscall, name, None).ok();
        Self {
            programs,
            only: None,
            witness: Witness::new(),
            container: field("container.id"),
            command: field("proc.cmdline"),
            memory: field("proc.is_exe_from_memfd"),
            upper: field("proc.is_exe_upper_layer"),
            changed: HashMap::new(),
        }
    }

    /// Only for containers of an image.
    #[must_use]
    pub fn of(self, only: Only) -> Self {
        Self { only: Some(only), ..self }
    }

    /// Takes in an event: what is to be said of the program that it starts.
    ///
    /// What happens outside containers is no drift.
    pub fn judge(&mut self, call: &SystemCall<'_>, arena: &Arena) -> Option<Judged> {
        let deed = self.witness.deed(call, arena);
        if deed.executes.is_none() && deed.files.is_empty() {
            return None;
        }
        let container = text(call, self.container.as_ref(), arena).filter(|id| id != "host")?;
        if self.only.as_ref().is_some_and(|only| !only.has(call)) {
            return None;
        }
        for (path, access) in deed.files {
            if !matches!(access, Access::Write | Access::Change) {
                continue;
            }
            if self.changed.len() >= MOST_CHANGED {
                self.changed.clear();
            }
            let by = text(call, self.command.as_ref(), arena).unwrap_or_default();
            self.changed.insert((container.clone(), path), (by, call.number()));
        }
        let path = deed.executes?;
        let is = |field: &Option<FieldRef>| {
            let value = field.as_ref().map(|field| call.field(field, arena));
            matches!(value, Some(Values::One(Value::Bool(true))))
        };
        if is(&self.memory) {
            return Some(Judged::Drifted { path, why: Drifted::FromMemory });
        }
        // Without a path there is nothing to compare.
        if !path.starts_with('/') {
            return None;
        }
        let key = (container, path);
        let why = if let Some((by, event)) = self.changed.get(&key) {
            Drifted::Changed { by: by.clone(), event: *event }
        } else if let Some(path) = self.programs.find(&key.1) {
            let is_upper = is(&self.upper);
            if let Some(content) = self.programs.contents.get(&path).copied() {
                return Some(Judged::Claimed { path, content, is_upper });
            }
            if !is_upper {
                return None;
            }
            Drifted::UpperLayer
        } else {
            Drifted::NotInImage
        };
        Some(Judged::Drifted { path: key.1, why })
    }
}

fn text(call: &SystemCall<'_>, field: Option<&FieldRef>, arena: &Arena) -> Option<String> {
    match call.field(field?, arena) {
        Values::One(Value::Bytes(bytes)) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

impl fmt::Display for Drifted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FromMemory => f.write_str("it runs from memory and has no file"),
            Self::Changed { by, event } => {
                write!(f, "`{by}` wrote it in event {event}")
            }
            Self::NotInImage => f.write_str("the image has no such program"),
            Self::UpperLayer => f.write_str("the container has changed the image's"),
            Self::OtherContent => f.write_str("the image has another content there"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_links_of_it_and_of_its_folders() {
        let programs = Programs::new(
            ["usr/bin/busybox", "usr/bin/python3.12", "opt/app/run"].map(str::to_owned),
            [
                ("bin", "usr/bin"),
                ("usr/bin/sh", "busybox"),
                ("usr/bin/python", "../bin/python3"),
                ("usr/bin/python3", "/usr/bin/python3.12"),
                ("loop", "loop"),
                ("up", "../../opt"),
            ]
            .map(|(link, target)| (link.to_owned(), target.to_owned())),
        );
        for (path, file) in [
            ("/usr/bin/busybox", "/usr/bin/busybox"),
            ("/bin/sh", "/usr/bin/busybox"),
            ("/bin/python", "/usr/bin/python3.12"),
            ("/up/app/run", "/opt/app/run"),
            ("//opt/./app/run", "/opt/app/run"),
        ] {
            assert_eq!(programs.find(path).as_deref(), Some(file), "{path}");
        }
        for path in ["/usr/bin/nc", "/bin/nc", "/loop", "/loop/x", "/usr/bin", "/opt/app/run/x", ""]
        {
            assert_eq!(programs.find(path), None, "{path}");
        }
    }
}
