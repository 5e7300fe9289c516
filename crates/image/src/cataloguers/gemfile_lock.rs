//! `Gemfile.lock` of Bundler, and the same under its newer name `gems.locked`.
//!
//! Indentation is the grammar: a source stands at the left, its gems four spaces in, what each
//! needs six. A gem with code for machines is listed once for each of them.
//!
//! Source: <https://github.com/rubygems/rubygems/blob/master/bundler/lib/bundler/lockfile_parser.rb>.

use plimsoll_model::{Package, PackageKind};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::cataloguers::dependency_folder::is_in_dependency;

/// Reads Bundler's lock.
#[derive(Debug)]
pub(crate) struct GemfileLock;

impl Cataloguer for GemfileLock {
    fn name(&self) -> &'static str {
        "gemfile-lock"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Suffix("Gemfile.lock"), Want::Name("gems.locked")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if is_in_dependency(file.path()) {
            return Ok(());
        }
        let text = file.text()?;
        let (mut source, mut in_specs, mut commit) = ("", false, None);
        let mut gems: Vec<(usize, Package)> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start_matches(' ').len();
            let line = line.trim();
            match indent {
                _ if line.is_empty() => {}
                0 => (source, in_specs, commit) = (line, false, None),
                _ if !matches!(source, "GEM" | "GIT" | "PATH" | "PLUGIN SOURCE") => {}
                2 => {
                    in_specs = line == "specs:";
                    commit = line.strip_prefix("revision: ").or(commit);
                }
                4 if in_specs => match gem(line) {
                    Some(mut package) => {
                        match (source, commit) {
                            ("GIT", Some(commit)) => {
                                package.notes.push(format!("from git, commit {commit}"));
                            }
                            ("PATH", _) => package.notes.push("a folder of the project".into()),
                            _ => {}
                        }
                        let same = |(_, other): &&mut (usize, Package)| {
                            other.name == package.name && other.version == package.version
                        };
                        match gems.iter_mut().rev().take(64).find(same) {
                            Some(other) => gems_again(other),
                            None => gems.push((at + 1, package)),
                        }
                    }
                    None => found.skip(at + 1, "expected `name (version)`"),
                },
                6 if in_specs => {
                    let name = line.split([' ', '!']).next().unwrap_or(line);
                    if let Some((_, gem)) = gems.last_mut()
                        && gem.depends_on.iter().rev().take(64).all(|known| known != name)
                    {
                        gem.depends_on.push(name.to_owned());
                    }
                }
                _ => {}
            }
        }
        for (line, gem) in gems {
            found.add_at(file, line, gem);
        }
        Ok(())
    }
}

/// The same gem for another machine says nothing new.
fn gems_again(gem: &mut (usize, Package)) {
    let note = "locked for several machines";
    if gem.1.notes.iter().all(|known| known != note) {
        gem.1.notes.push(note.into());
    }
}

/// `nokogiri (1.13.3-x86_64-linux)`: no gem's version has a dash.
fn gem(line: &str) -> Option<Package> {
    let (name, version) = line.split_once(" (")?;
    let version = version.strip_suffix(')')?;
    let version = version.split('-').next().filter(|version| !version.is_empty())?;
    Some(Package::new(PackageKind::Gem, name, version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn gems_of_all_sources_are_listed_once() {
        let lock = "GIT\n  remote: https://git.example/a\n  revision: 12ab\n  specs:\n    a (1.0)\n      b (~> 2)\n\n\
            GEM\n  remote: https://gems.example/\n  specs:\n    b (2.1)\n    n (1.13.3-x86_64-linux)\n    n (1.13.3-arm64-darwin)\n    odd\n\n\
            PLATFORMS\n  ruby\n\nDEPENDENCIES\n  a!\n\nBUNDLED WITH\n   2.2.28\n";
        insta::assert_snapshot!(listing(&GemfileLock, "Gemfile.lock", lock.as_bytes()), @r"
        gem a 1.0 (line 5)
        gem b 2.1 (line 11)
        gem n 1.13.3 (line 12)
        Skipped line 14: expected `name (version)`
        ");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(GEM|  specs:|    a \\(1|    |\\PC{0,9}|\n){0,20}") {
            listing(&GemfileLock, "Gemfile.lock", text.as_bytes());
        }
    }
}
