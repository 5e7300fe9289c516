//! Which cataloguers want a path: one look-up, however many cataloguers there are.

use std::collections::HashMap;

use crate::cataloguer::{Cataloguer, Want};

/// All wishes of a set of cataloguers, indexed.
pub struct WantIndex<'c> {
    cataloguers: &'c [&'c dyn Cataloguer],
    paths: HashMap<&'static str, Vec<usize>>,
    names: HashMap<&'static str, Vec<usize>>,
    suffixes: Vec<(&'static str, usize)>,
    folders: HashMap<&'static str, Vec<(&'static str, usize)>>,
    named_folders: HashMap<&'static str, Vec<(&'static str, usize)>>,
    executables: Vec<usize>,
}

impl<'c> WantIndex<'c> {
    /// Indexes the wishes of `cataloguers`.
    pub fn new(cataloguers: &'c [&'c dyn Cataloguer]) -> Self {
        let mut index = Self {
            cataloguers,
            paths: HashMap::new(),
            names: HashMap::new(),
            suffixes: Vec::new(),
            folders: HashMap::new(),
            named_folders: HashMap::new(),
            executables: Vec::new(),
        };
        for (at, cataloguer) in cataloguers.iter().enumerate() {
            for want in cataloguer.wants() {
                match *want {
                    Want::Path(path) => index.paths.entry(path).or_default().push(at),
                    Want::Name(name) => index.names.entry(name).or_default().push(at),
                    Want::Suffix(suffix) => index.suffixes.push((suffix, at)),
                    Want::In(folder, end) => {
                        index.folders.entry(folder).or_default().push((end, at));
                    }
                    Want::InNamed(name, end) => {
                        index.named_folders.entry(name).or_default().push((end, at));
                    }
                    Want::Executable => index.executables.push(at),
                }
            }
        }
        index
    }

    /// The cataloguers that want the file at `path` by its path alone, each once, in the order of
    /// the registry.
    pub fn by_path(&self, path: &str) -> Vec<&'c dyn Cataloguer> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = folder.rsplit('/').next().unwrap_or(folder);
        let mut wanted: Vec<usize> = Vec::new();
        wanted.extend(self.paths.get(path).into_iter().flatten());
        wanted.extend(self.names.get(name).into_iter().flatten());
        wanted.extend(self.suffixes.iter().filter(|(end, _)| ends_with(path, end)).map(|s| s.1));
        let inside = self.folders.get(folder).into_iter().chain(self.named_folders.get(parent));
        wanted.extend(inside.flatten().filter(|(end, _)| name.ends_with(end)).map(|s| s.1));
        wanted.sort_unstable();
        wanted.dedup();
        wanted.into_iter().filter_map(|at| self.cataloguers.get(at).copied()).collect()
    }

    /// The cataloguers that want every executable.
    pub fn executables(&self) -> Vec<&'c dyn Cataloguer> {
        self.executables.iter().filter_map(|&at| self.cataloguers.get(at).copied()).collect()
    }
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
        let names = |path| index.by_path(path).iter().map(|c| c.name()).collect::<String>();
        assert_eq!(names("var/lib/dpkg/status"), "a");
        assert_eq!(names("x/var/lib/dpkg/status"), "");
        assert_eq!(names("opt/App.Jar"), "a");
        assert_eq!(names("go.mod"), "bc");
        assert_eq!(names("src/go.mod"), "bc");
        assert_eq!(names("var/lib/dpkg/info/bash.list"), "b");
        assert_eq!(names("var/lib/dpkg/info/deep/bash.list"), "");
        assert_eq!(names("usr/lib/gems/specifications/rake.gemspec"), "c");
    }
}
