//! `yarn.lock`, of Yarn 1 and of the later versions, which write YAML in the same layout.
//!
//! Neither says what is for development. An entry is headed by all wishes that led to it; a wish
//! may be for another package under an alias, and the entry is that other package.
//!
//! Source: <https://classic.yarnpkg.com/lang/en/docs/yarn-lock/>.

use std::collections::HashSet;

use plimsoll_model::{Package, PackageKind, Scope};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::cataloguers::dependency_folder::is_in_dependency;

/// Reads Yarn's lock.
#[derive(Debug)]
pub(crate) struct YarnLock;

/// An entry that is being read.
struct Entry {
    line: usize,
    /// Name in the first wish.
    name: String,
    version: String,
    /// Of later versions: `name@npm:1.0.0`, the better evidence.
    resolution: Option<String>,
    depends_on: Vec<String>,
}

impl Cataloguer for YarnLock {
    fn name(&self) -> &'static str {
        "yarn-lock"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("yarn.lock")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if is_in_dependency(file.path()) {
            return Ok(());
        }
        let text = file.text()?;
        let mut seen = HashSet::new();
        let mut open: Option<Entry> = None;
        let mut in_needs = false;
        for (at, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start_matches(' ').len();
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if indent == 0 {
                finish(file, open.take(), &mut seen, found);
                in_needs = false;
                open = entry(at + 1, line);
                if open.is_none() && !line.starts_with("__metadata") {
                    found.skip(at + 1, "expected the head of an entry");
                }
                continue;
            }
            let Some(entry) = &mut open else { continue };
            let (key, value) = field(line);
            if indent > 2 {
                if in_needs {
                    entry.depends_on.push(key.to_owned());
                }
                continue;
            }
            in_needs = matches!(key, "dependencies" | "optionalDependencies");
            match key {
                "version" => value.clone_into(&mut entry.version),
                "resolution" => entry.resolution = Some(value.to_owned()),
                _ => {}
            }
        }
        finish(file, open, &mut seen, found);
        Ok(())
    }
}

/// `"@a/b@npm:^1", c@^1:`
fn entry(line: usize, head: &str) -> Option<Entry> {
    let head = head.strip_suffix(':')?;
    let first = head.split(", ").next().unwrap_or(head).trim_matches('"');
    let (name, wish) = split(first);
    // `alias@npm:real@^1`. Later versions write `npm:` before ranges too, but have a resolution.
    let name = wish.strip_prefix("npm:").map_or(name, |real| split(real).0);
    (!name.is_empty() && name != "__metadata").then(|| Entry {
        line,
        name: name.to_owned(),
        version: String::new(),
        resolution: None,
        depends_on: Vec::new(),
    })
}

/// `name@wish`; the first letter may be the `@` of a scope.
fn split(descriptor: &str) -> (&str, &str) {
    let after_scope = descriptor.char_indices().skip(1).find(|&(_, c)| c == '@');
    let parts =
        after_scope.and_then(|(at, _)| Some((descriptor.get(..at)?, descriptor.get(at + 1..)?)));
    parts.unwrap_or((descriptor, ""))
}

/// `version "1.0"`, `"version" "1.0"`, `version: 1.0`, `"@a/b": ^1`.
fn field(line: &str) -> (&str, &str) {
    let quoted = line.strip_prefix('"').and_then(|rest| rest.split_once('"'));
    let (key, value) =
        quoted.or_else(|| line.split_once([' ', ':'])).unwrap_or((line.trim_end_matches(':'), ""));
    (key, value.trim_start_matches([':', ' ']).trim_matches('"'))
}

fn finish(
    file: &File<'_>,
    open: Option<Entry>,
    seen: &mut HashSet<(String, String)>,
    found: &mut Found,
) {
    let Some(mut entry) = open else { return };
    let mut notes = Vec::new();
    if let Some(resolution) = &entry.resolution {
        let (name, from) = split(resolution);
        if from == "workspace:." {
            return;
        }
        if from.starts_with("workspace:") {
            notes.push("a folder of the project".to_owned());
        } else if !from.starts_with("npm:") && !from.starts_with("virtual:") {
            notes.push(format!("from {from}"));
        }
        name.clone_into(&mut entry.name);
    }
    if entry.version.is_empty() {
        found.skip(entry.line, format!("`{}` has no version", entry.name));
        return;
    }
    // The same package stands under several keys where its peers differ.
    if !seen.insert((entry.name.clone(), entry.version.clone())) {
        return;
    }
    let mut package = Package::new(PackageKind::Npm, entry.name, entry.version);
    package.scope = Scope::Runtime;
    package.depends_on = entry.depends_on;
    package.notes = notes;
    found.add_at(file, entry.line, package);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn the_first_version_and_aliases_in_it() {
        let lock = "# yarn lockfile v1\n\n\n\"@a/b@^1.0.0\", \"@a/b@^1.1.0\":\n  version \"1.2.0\"\n  dependencies:\n    c \"^2\"\n\n\
            \"alias@npm:real@^3\":\n  \"version\" \"3.0.1\"\n\n\"any@npm:@r/any\":\n  version \"4.0.0\"\n\nno-version@1:\n  resolved x\n";
        insta::assert_snapshot!(listing(&YarnLock, "yarn.lock", lock.as_bytes()), @r"
        npm @a/b 1.2.0 (line 4)
        npm real 3.0.1 (line 9)
        npm @r/any 4.0.0 (line 12)
        Skipped line 15: `no-version` has no version
        ");
    }

    #[test]
    fn later_versions_name_what_was_resolved() {
        let lock = "__metadata:\n  version: 8\n\n\"a@npm:^1\":\n  version: 1.0.0\n  resolution: \"a@npm:1.0.0\"\n  dependencies:\n    \"@b/c\": ^2\n\n\
            \"a@virtual:12#npm:^1\":\n  version: 1.0.0\n  resolution: \"a@virtual:12#npm:1.0.0\"\n\n\
            \"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n";
        insta::assert_snapshot!(listing(&YarnLock, "yarn.lock", lock.as_bytes()), @"npm a 1.0.0 (line 4)");
        let mut found = Found::default();
        let content = lock.as_bytes().to_vec();
        YarnLock.catalogue(&File::new("yarn.lock", &content, false), &mut found).unwrap();
        assert_eq!(found.packages[0].depends_on, ["@b/c"]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(a@|\"|:|  version|, |\\PC{0,4}|\n){0,30}") {
            listing(&YarnLock, "yarn.lock", text.as_bytes());
        }
    }
}
