//! Which cataloguers want a path: one look-up, however many cataloguers there are.

use std::collections::HashMap;

use crate::cataloguer::{Cataloguer, Want};
use crate::listing::Room;
use crate::survey::runs;

/// All wishes of a set of cataloguers, indexed.
///
/// A layer may have millions of paths of which nobody wants any, so each kind of wish has a
/// [`Gate`] before its table.
pub struct WantIndex<'c> {
    cataloguers: &'c [&'c dyn Cataloguer],
    paths: Table<Wanted>,
    names: Table<Wanted>,
    /// By the last byte of the suffix, in lower case.
    suffixes: Vec<Vec<(&'static str, Wanted)>>,
    folders: Table<Vec<(&'static str, Wanted)>>,
    named_folders: Table<Vec<(&'static str, Wanted)>>,
    executables: Wanted,
    is_survey: bool,
    with_contents: bool,
    listing: Option<Room>,
}

/// A set of cataloguers, by their place in the registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted(u128);

const _: () = assert!(crate::cataloguers::ALL.len() <= 128, "`Wanted` has a bit for each");

impl Wanted {
    fn only(at: usize) -> Self {
        Self(u32::try_from(at).ok().and_then(|at| 1_u128.checked_shl(at)).unwrap_or(0))
    }

    /// Whether nobody is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in either set.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether somebody is in both sets.
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all in this set are in `other`.
    pub fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

/// Texts with what they stand for, behind a gate.
#[derive(Default)]
struct Table<T> {
    gate: Gate,
    entries: HashMap<&'static str, T>,
}

impl<T: Default> Table<T> {
    fn entry(&mut self, text: &'static str) -> &mut T {
        self.gate.admit(text);
        self.entries.entry(text).or_default()
    }

    fn get(&self, text: &str) -> Option<&T> {
        if self.gate.may_hold(text) { self.entries.get(text) } else { None }
    }
}

/// Which lengths (as bits, 63 for all above) the texts with a last byte have: enough to turn away
/// almost all others without hashing them.
struct Gate([u64; 256]);

impl Default for Gate {
    fn default() -> Self {
        Self([0; 256])
    }
}

impl Gate {
    fn admit(&mut self, text: &str) {
        let last = text.as_bytes().last().copied().unwrap_or(0);
        if let Some(lengths) = self.0.get_mut(usize::from(last)) {
            *lengths |= 1 << text.len().min(63);
        }
    }

    fn may_hold(&self, text: &str) -> bool {
        let last = text.as_bytes().last().copied().unwrap_or(0);
        self.0.get(usize::from(last)).is_some_and(|it| it >> text.len().min(63) & 1 == 1)
    }
}

impl<'c> WantIndex<'c> {
    /// Indexes the wishes of at most 128 `cataloguers`.
    pub fn new(cataloguers: &'c [&'c dyn Cataloguer]) -> Self {
        let mut index = Self {
            cataloguers,
            paths: Table::default(),
            names: Table::default(),
            suffixes: vec![Vec::new(); 256],
            folders: Table::default(),
            named_folders: Table::default(),
            executables: Wanted::default(),
            is_survey: false,
            with_contents: false,
            listing: None,
        };
        for (at, cataloguer) in cataloguers.iter().enumerate() {
            let one = Wanted::only(at);
            let join = |set: &mut Wanted| *set = set.and(one);
            for want in cataloguer.wants() {
                match *want {
                    Want::Path(path) => join(index.paths.entry(path)),
                    Want::Name(name) => join(index.names.entry(name)),
                    Want::Suffix(suffix) => {
                        let last = suffix.as_bytes().last().map_or(0, u8::to_ascii_lowercase);
                        if let Some(of_byte) = index.suffixes.get_mut(usize::from(last)) {
                            of_byte.push((suffix, one));
                        }
                    }
                    Want::In(folder, end) => index.folders.entry(folder).push((end, one)),
                    Want::InNamed(name, end) => index.named_folders.entry(name).push((end, one)),
                    Want::Executable => join(&mut index.executables),
                }
            }
        }
        index
    }

    /// Makes each layer to be surveyed as well.
    #[must_use]
    pub fn with_survey(mut self) -> Self {
        self.is_survey = true;
        self
    }

    /// Makes a survey sum what is in programs.
    #[must_use]
    pub fn with_contents(mut self) -> Self {
        self.with_contents = true;
        self
    }

    /// Whether the content of a file is summed.
    pub fn sums(&self, path: &str, mode: u32) -> bool {
        self.with_contents && self.is_survey && runs(path, mode)
    }

    /// Whether each layer is surveyed as well.
    pub fn is_survey(&self) -> bool {
        self.is_survey
    }

    /// Makes the files of each layer to be listed as well.
    #[must_use]
    pub fn with_listing(mut self) -> Self {
        self.listing = Some(Room::default());
        self
    }

    /// What room there is for a list of files, where one is wanted.
    pub(crate) fn listing(&self) -> Option<&Room> {
        self.listing.as_ref()
    }

    /// The cataloguers that want the file at `path` by its path alone.
    pub fn by_path(&self, path: &str) -> Wanted {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = folder.rsplit('/').next().unwrap_or(folder);
        let mut wanted = self.paths.get(path).copied().unwrap_or_default();
        wanted = wanted.and(self.names.get(name).copied().unwrap_or_default());
        let last = path.as_bytes().last().map_or(0, u8::to_ascii_lowercase);
        for (end, one) in self.suffixes.get(usize::from(last)).into_iter().flatten() {
            if ends_with(path, end) {
                wanted = wanted.and(*one);
            }
        }
        let inside = self.folders.get(folder).into_iter().chain(self.named_folders.get(parent));
        for (end, one) in inside.flatten() {
            if name.ends_with(end) {
                wanted = wanted.and(*one);
            }
        }
        wanted
    }

    /// The cataloguers that want every executable.
    pub fn executables(&self) -> Wanted {
        self.executables
    }

    /// The cataloguers of a set, in the order of the registry.
    pub fn cataloguers(&self, wanted: Wanted) -> impl Iterator<Item = &'c dyn Cataloguer> {
        let all = self.cataloguers.iter().enumerate();
        all.filter(move |(at, _)| !wanted.is_empty() && Wanted::only(*at).is_within(wanted))
            .map(|(_, cataloguer)| *cataloguer)
    }
}

/// Whether a file may be a program by its path, its mode and its size: what its first bytes say
/// decides. Shared libraries are left out: there are many, and none of them has packages that
/// its program has not.
pub fn may_be_program(path: &str, mode: u32, size: u64) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let where_programs_lie = || folder.ends_with("bin") && !name.contains('.');
    size >= LEAST_PROGRAM
        && (mode & 0o111 != 0 || where_programs_lie() || ends_with(name, ".exe"))
        && !is_library(name)
}

/// The smallest program: an ELF header.
const LEAST_PROGRAM: u64 = 52;

/// `libc.so`, `libc.so.6`, `libpython3.so.1.0`.
fn is_library(name: &str) -> bool {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    [".so", ".dylib"].iter().any(|end| stem.ends_with(end)) || ends_with(name, ".dll")
}

/// Whether the first bytes are those of ELF, PE or Mach-O.
pub fn is_program(start: &[u8]) -> bool {
    matches!(
        start,
        [0x7f, b'E', b'L', b'F', ..]
            | [b'M', b'Z', ..]
            | [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..]
            | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..]
            | [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..]
    )
}

/// Whether `path` ends with `end`, without regard to the case of ASCII letters.
fn ends_with(path: &str, end: &str) -> bool {
    let start = path.len().checked_sub(end.len());
    let tail = start.and_then(|start| path.as_bytes().get(start..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::{CatalogueError, File, Found};

    struct Wishing(&'static str, &'static [Want]);

    impl Cataloguer for Wishing {
        fn name(&self) -> &'static str {
            self.0
        }

        fn wants(&self) -> &'static [Want] {
            self.1
        }

        fn catalogue(&self, _: &File<'_>, _: &mut Found) -> Result<(), CatalogueError> {
            Ok(())
        }
    }

    #[test]
    fn each_kind_of_wish_finds_its_files_and_no_others() {
        let all: [&dyn Cataloguer; 3] = [
            &Wishing("a", &[Want::Path("var/lib/dpkg/status"), Want::Suffix(".JAR")]),
            &Wishing("b", &[Want::Name("go.mod"), Want::In("var/lib/dpkg/info", ".list")]),
            &Wishing("c", &[Want::InNamed("specifications", ".gemspec"), Want::Name("go.mod")]),
        ];
        let index = WantIndex::new(&all);
        let names =
            |path| index.cataloguers(index.by_path(path)).map(Cataloguer::name).collect::<String>();
        assert_eq!(names("var/lib/dpkg/status"), "a");
        assert_eq!(names("x/var/lib/dpkg/status"), "");
        assert_eq!(names("opt/App.Jar"), "a");
        assert_eq!(names("go.mod"), "bc");
        assert_eq!(names("src/go.mod"), "bc");
        assert_eq!(names("var/lib/dpkg/info/bash.list"), "b");
        assert_eq!(names("var/lib/dpkg/info/deep/bash.list"), "");
        assert_eq!(names("usr/lib/gems/specifications/rake.gemspec"), "c");
    }
    #[test]
    fn programs_are_told_by_mode_place_and_first_bytes() {
        assert!(may_be_program("app/server", 0o755, 4096));
        assert!(may_be_program("usr/local/bin/tool", 0o644, 4096));
        assert!(may_be_program("app/Tool.EXE", 0o644, 4096));
        assert!(!may_be_program("app/server", 0o644, 4096));
        assert!(!may_be_program("usr/lib/libc.so.6", 0o755, 4096));
        assert!(!may_be_program("app/empty", 0o755, 0));
        assert!(is_program(b"\x7fELF\x02") && is_program(b"MZ\x90\0"));
        assert!(!is_program(b"#!/bin/sh") && !is_program(b"\x7fEL"));
    }
}
