//! The control group of a container: where it lies, who is in it, and its freezer.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// The most processes of a container that are looked at.
const MOST: usize = 4_096;

/// A control group of a container, of either version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) folder: PathBuf,
    pub(crate) kind: Kind,
    /// Below where the hierarchy is mounted.
    path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The hierarchy of version 2.
    Unified,
    /// The freezer's hierarchy of version 1.
    Freezer,
}

/// Where the hierarchies are mounted that have a freezer, that of version 1 first: where both are there,
/// version 1 holds the containers.
fn mounts(mountinfo: &str) -> Vec<(PathBuf, Kind)> {
    let mut found = Vec::new();
    for line in mountinfo.lines() {
        let Some((before, behind)) = line.split_once(" - ") else { continue };
        let mut before = before.split(' ').skip(3);
        let (Some("/"), Some(place)) = (before.next(), before.next()) else { continue };
        let mut behind = behind.split(' ');
        let kind = match (behind.next(), behind.nth(1)) {
            (Some("cgroup"), Some(options)) if options.split(',').any(|it| it == "freezer") => {
                Kind::Freezer
            }
            (Some("cgroup2"), _) => Kind::Unified,
            _ => continue,
        };
        found.push((PathBuf::from(place), kind));
    }
    found.sort_by_key(|(_, kind)| *kind == Kind::Unified);
    found
}

/// The path down to the part that names the container, so that what lies beneath belongs to it. The deepest
/// counts: folders above hold others too, and some are called as a container may be.
fn down_to<'p>(path: &'p str, id: &str) -> Option<&'p str> {
    if path.split('/').any(|part| part == ".." || part == ".") {
        return None;
    }
    let mut above = Some(path);
    while let Some(path) = above {
        let (rest, part) = path.rsplit_once('/').map_or((None, path), |(a, b)| (Some(a), b));
        if names(part, id) {
            return Some(path);
        }
        above = rest;
    }
    None
}

/// How many digits a container's number has, and how many of them are shown.
const DIGITS: usize = 64;
const SHOWN: usize = 12;

/// Whether a part of a path is a container's: its name, or one with its name and signs around that, or all
/// digits of its number.
fn names(part: &str, id: &str) -> bool {
    if id.is_empty() {
        return false;
    }
    let is_number = id.len() == SHOWN && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    part.match_indices(id).any(|(at, _)| {
        let free = |letter: Option<char>| letter.is_none_or(|it| !it.is_alphanumeric());
        let rest = part.get(at..).unwrap_or_default();
        let hexadecimal = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let length = if is_number && hexadecimal == DIGITS { DIGITS } else { id.len() };
        free(part.get(..at).and_then(|before| before.chars().next_back()))
            && free(rest.get(length..).and_then(|behind| behind.chars().next()))
    })
}

/// The control groups of a container by the paths that a process of it had.
pub(crate) fn of(id: &str, paths: &[String]) -> Option<Group> {
    let mountinfo = fs::read_to_string("/proc/self/mountinfo").ok()?;
    for (place, kind) in mounts(&mountinfo) {
        for path in paths {
            let Some(path) = down_to(path, id) else { continue };
            let relative = Path::new(path.trim_start_matches('/'));
            if relative.components().any(|part| !matches!(part, Component::Normal(_))) {
                continue;
            }
            let folder = place.join(relative);
            let file = folder.join(kind.file());
            if file.is_file() {
                return Some(Group { folder, kind, path: path.to_owned() });
            }
        }
    }
    None
}

impl Kind {
    fn file(self) -> &'static str {
        match self {
            Self::Unified => "cgroup.freeze",
            Self::Freezer => "freezer.state",
        }
    }
}

impl Group {
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join(self.kind.file())
    }

    /// What stops everything in it, and what lets it go on.
    pub(crate) fn words(&self) -> (&'static str, &'static str) {
        match self.kind {
            Kind::Unified => ("1", "0"),
            Kind::Freezer => ("FROZEN", "THAWED"),
        }
    }

    /// Whether a process is in it or beneath it that is in the groups of these paths.
    pub(crate) fn holds(&self, paths: &[String]) -> bool {
        let beneath = |path: &str| {
            path.strip_prefix(&*self.path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        paths.iter().any(|path| beneath(path))
    }

    /// Whether everything in it stands.
    pub(crate) fn is_frozen(&self) -> bool {
        match self.kind {
            Kind::Unified => fs::read_to_string(self.folder.join("cgroup.events"))
                .is_ok_and(|text| text.lines().any(|line| line == "frozen 1")),
            Kind::Freezer => {
                fs::read_to_string(self.file()).is_ok_and(|text| text.trim() == "FROZEN")
            }
        }
    }

    /// The processes in it and beneath it.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let mut open = vec![self.folder.clone()];
        let mut found = Vec::new();
        while let Some(folder) = open.pop() {
            let text = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
            found.extend(
                text.lines().filter_map(|line| line.parse::<i32>().ok()).filter(|it| *it > 0),
            );
            if found.len() >= MOST {
                break;
            }
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            open.extend(folders.map(|entry| entry.path()).take(MOST));
        }
        found.truncate(MOST);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies_with_a_freezer_are_found() {
        let text = "30 24 0:26 / /sys/fs/cgroup/freezer rw,relatime shared:9 - cgroup cgroup rw,freezer\n\
                    31 24 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n\
                    32 24 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
                    33 24 0:27 /a /elsewhere rw - cgroup2 cgroup2 rw\n";
        let found = mounts(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], (PathBuf::from("/sys/fs/cgroup/freezer"), Kind::Freezer));
        assert_eq!(found[1].1, Kind::Unified);
    }

    #[test]
    fn a_path_ends_where_the_container_is_named_and_never_above() {
        let id = "0123456789ab";
        assert_eq!(down_to("/docker/0123456789abcdef/sub", id), None);
        let scope = "/a.slice/cri-containerd-0123456789ab.scope";
        assert_eq!(down_to(&format!("{scope}/init"), id), Some(scope));
        assert_eq!(down_to("/docker/other", id), None);
        let digits = format!("{id}{}", "c".repeat(52));
        let number = format!("/docker/{digits}");
        assert_eq!(down_to(&format!("{number}/init"), id), Some(&*number));
        assert_eq!(down_to(&format!("/docker/{digits}d"), id), None, "another number");
        assert_eq!(down_to("/../0123456789ab", id), None);
        assert_eq!(down_to("/", id), None);
    }

    #[test]
    fn a_folder_above_that_is_called_like_a_container_is_not_it() {
        assert_eq!(down_to("/default/def", "def"), Some("/default/def"));
        assert_eq!(down_to("/default/abc", "def"), None);
        assert_eq!(down_to("/lxc/x", "x"), Some("/lxc/x"));
        assert_eq!(down_to("/lxc.payload.x/init", "x"), Some("/lxc.payload.x"));
        assert_eq!(down_to("/x/x", "x"), Some("/x/x"), "the deepest");
        assert_eq!(down_to("/lxc", "x"), None);
        assert_eq!(down_to("/docker", ""), None);
    }

    #[test]
    fn a_group_holds_what_is_in_it_and_beneath_it() {
        let group =
            Group { folder: PathBuf::new(), kind: Kind::Unified, path: "/docker/a".to_owned() };
        let holds = |path: &str| group.holds(&["/".to_owned(), path.to_owned()]);
        assert!(holds("/docker/a") && holds("/docker/a/docker/b"));
        assert!(!holds("/docker/ab") && !holds("/docker") && !holds("/"));
    }
}
