//! Locks of Python's package managers: `poetry.lock`, `uv.lock`, `pdm.lock` and the standard's
//! `pylock.toml`.
//!
//! All are TOML with a list of packages; how they write groups and dependencies differs. The
//! project itself, and folders of it, are no packages. uv says what is for development only at
//! the project, so what can be reached from there decides.
//!
//! Sources: <https://packaging.python.org/en/latest/specifications/pylock-toml/>,
//! <https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile>.

use std::collections::{HashMap, HashSet};

use plimsoll_model::{Package, PackageKind, Scope};
use serde::Deserialize;
use toml::{Spanned, Table, Value};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::cataloguers::dependency_folder::is_in_dependency;
use crate::lines::Lines;
use crate::reach::reached;

/// Reads the locks in TOML.
#[derive(Debug)]
pub(crate) struct PythonLock;

#[derive(Deserialize)]
struct Lock {
    /// `pylock.toml` says `packages`.
    #[serde(default, alias = "packages")]
    package: Vec<Spanned<Table>>,
}

impl Cataloguer for PythonLock {
    fn name(&self) -> &'static str {
        "python-lock"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want::Name("poetry.lock"),
            Want::Name("uv.lock"),
            Want::Name("pdm.lock"),
            Want::Name("pylock.toml"),
        ]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if is_in_dependency(file.path()) {
            return Ok(());
        }
        let text = file.text()?;
        let lock: Lock = toml::from_str(&text)
            .map_err(|error| CatalogueError::malformed("lock file", error.to_string().trim()))?;
        let running = running(&lock);
        let mut lines = Lines::new(&text);
        for entry in &lock.package {
            let line = lines.at(entry.span().start);
            let entry = entry.get_ref();
            if is_project(entry) {
                continue;
            }
            let Some(name) = string(entry, "name") else {
                found.skip(line, "package without a name");
                continue;
            };
            let mut package = Package::new(PackageKind::Pypi, name, "");
            match string(entry, "version") {
                Some(version) => version.clone_into(&mut package.version),
                None => package.notes.push("its version is that of a source tree".into()),
            }
            package.scope = scope(entry, running.as_ref());
            package.depends_on = dependencies(entry.get("dependencies"));
            if let Some(commit) = commit(entry) {
                package.notes.push(format!("from git, commit {commit}"));
            }
            found.add_at(file, line, package);
        }
        Ok(())
    }
}

fn string<'t>(entry: &'t Table, key: &str) -> Option<&'t str> {
    entry.get(key).and_then(Value::as_str)
}

/// The project whose lock it is, or a part of it.
fn is_project(entry: &Table) -> bool {
    let source = entry.get("source").and_then(Value::as_table);
    let is_own = source.is_some_and(|s| s.contains_key("virtual") || s.contains_key("editable"));
    is_own || (entry.contains_key("directory") && !entry.contains_key("version"))
}

/// Names that the project of a `uv.lock` needs to run; `None` where the file names no project.
fn running(lock: &Lock) -> Option<HashSet<&str>> {
    let all = || lock.package.iter().map(Spanned::get_ref);
    let roots: Vec<&str> =
        all().filter(|entry| is_project(entry)).filter_map(|entry| string(entry, "name")).collect();
    if roots.is_empty() {
        return None;
    }
    let mut needs: HashMap<&str, Vec<&str>> = HashMap::new();
    for entry in all() {
        let extras = entry.get("optional-dependencies").and_then(Value::as_table);
        let lists = entry.get("dependencies").into_iter();
        let lists = lists.chain(extras.into_iter().flat_map(Table::values));
        let names =
            lists.filter_map(Value::as_array).flatten().filter_map(|d| d.get("name")?.as_str());
        needs.entry(string(entry, "name").unwrap_or_default()).or_default().extend(names);
    }
    Some(reached(roots, |name| needs.get(name).cloned().unwrap_or_default()))
}

fn scope(entry: &Table, running: Option<&HashSet<&str>>) -> Scope {
    let groups: Option<Vec<&str>> = entry
        .get("groups")
        .and_then(Value::as_array)
        .map(|g| g.iter().filter_map(Value::as_str).collect());
    let is_main = |group: &&str| matches!(*group, "main" | "default" | ":sub");
    let is_development = |group: &&str| {
        ["dev", "test", "lint", "doc", "type"].iter().any(|word| group.contains(word))
    };
    if let (Some(running), Some(name)) = (running, string(entry, "name")) {
        return if running.contains(name) { Scope::Runtime } else { Scope::Development };
    }
    match groups {
        Some(groups) if groups.iter().any(is_main) => {}
        Some(groups) if !groups.is_empty() && groups.iter().all(is_development) => {
            return Scope::Development;
        }
        Some(groups) if !groups.is_empty() => return Scope::Optional,
        _ => {}
    }
    if string(entry, "category") == Some("dev") {
        Scope::Development
    } else if entry.get("optional").and_then(Value::as_bool) == Some(true) {
        Scope::Optional
    } else {
        Scope::Runtime
    }
}

/// Poetry has a table by name, PDM a list of requirements, uv and the standard a list of tables.
fn dependencies(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Table(table)) => table.keys().cloned().collect(),
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(|dependency| match dependency {
                Value::String(requirement) => {
                    let end = requirement
                        .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
                    requirement.get(..end.unwrap_or(requirement.len())).map(str::to_owned)
                }
                other => other.get("name").and_then(Value::as_str).map(str::to_owned),
            })
            .filter(|name| !name.is_empty())
            .collect(),
        _ => Vec::new(),
    }
}

/// The commit of a package that was taken from a repository.
fn commit(entry: &Table) -> Option<&str> {
    if let Some(vcs) = entry.get("vcs") {
        return vcs.get("commit-id")?.as_str();
    }
    if entry.contains_key("git") {
        return string(entry, "revision");
    }
    let source = entry.get("source")?;
    if let Some(commit) = source.get("resolved_reference") {
        return commit.as_str();
    }
    source.get("git")?.as_str()?.rsplit_once('#').map(|(_, commit)| commit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn poetry_marks_groups() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1\"\ngroups = [\"main\", \"dev\"]\n\
            [package.dependencies]\nb = \">=1\"\n[[package]]\nname = \"b\"\nversion = \"2\"\ngroups = [\"dev\"]\n\
            [[package]]\nname = \"c\"\nversion = \"3\"\ncategory = \"dev\"\n[[package]]\nversion = \"4\"\n";
        insta::assert_snapshot!(listing(&PythonLock, "poetry.lock", lock.as_bytes()), @r"
        pypi a 1 (line 1)
        pypi b 2 (Development) (line 7)
        pypi c 3 (Development) (line 11)
        Skipped line 15: package without a name
        ");
    }

    #[test]
    fn uv_reaches_what_runs_from_the_project() {
        let lock = r#"
version = 1
[[package]]
name = "app"
version = "0.1.0"
source = { editable = "." }
dependencies = [{ name = "django" }]
[package.dev-dependencies]
dev = [{ name = "pytest" }]
[[package]]
name = "django"
version = "2.2"
dependencies = [{ name = "pytz" }]
[[package]]
name = "pytest"
version = "8.0"
[[package]]
name = "pytz"
version = "2024.1"
"#;
        insta::assert_snapshot!(listing(&PythonLock, "uv.lock", lock.as_bytes()), @r"
        pypi django 2.2 (line 10)
        pypi pytest 8.0 (Development) (line 14)
        pypi pytz 2024.1 (line 17)
        ");
    }

    #[test]
    fn damage_is_named_with_its_line() {
        let shown = listing(&PythonLock, "uv.lock", b"a = 1\n[[package");
        assert!(shown.contains("not a valid lock file") && shown.contains("line 2"), "{shown}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[a-c\\[\\]=\"'{},.# \n0-9]{0,80}") {
            listing(&PythonLock, "uv.lock", format!("[[package]]\n{text}").as_bytes());
        }
    }
}
