//! `pnpm-lock.yaml`, versions 5 to 9.
//!
//! The key of an entry names the package in a form that changed with each version: `/a/1.0.0`
//! (5), `/a@1.0.0(peer@2)` (6), `a@1.0.0` (9). Fields `name` and `version` in the entry are better
//! evidence, and are there for what does not come from the registry. Up to 6 each entry says
//! whether it is for development; since 9 the project's own wishes must be followed.
//!
//! Source: <https://github.com/pnpm/spec/tree/master/lockfile>.

use std::collections::{HashMap, HashSet};

use plimsoll_model::{Package, PackageKind, Scope};
use serde_json::{Map, Value};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::cataloguers::dependency_folder::is_in_dependency;
use crate::reach::reached;
use crate::yaml;

/// Reads pnpm's lock.
#[derive(Debug)]
pub(crate) struct PnpmLock;

impl Cataloguer for PnpmLock {
    fn name(&self) -> &'static str {
        "pnpm-lock"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("pnpm-lock.yaml")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if is_in_dependency(file.path()) {
            return Ok(());
        }
        // Newer pnpm puts what it needs itself into a document of its own, before the project's.
        let locks = yaml::documents(&file.text()?)
            .map_err(|error| CatalogueError::malformed("pnpm-lock.yaml", error))?;
        let mut seen = HashSet::new();
        for lock in &locks {
            list(lock, &mut seen, found);
        }
        Ok(())
    }
}

/// Lists one lock. Entries that differ in their peers alone are one package.
fn list(lock: &Value, seen: &mut HashSet<(String, String)>, found: &mut Found) {
    let version = lock.get("lockfileVersion").and_then(yaml::scalar).unwrap_or_default();
    let version: f32 = version.parse().unwrap_or_default();
    let reach = Reach::new(lock);
    for (key, entry) in members(lock.get("packages")) {
        let text = |field: &str| entry.get(field).and_then(yaml::scalar);
        let (name, in_key) = if version < 6.0 { by_slash(key) } else { by_at(key) };
        let Some(name) = text("name").or_else(|| name.map(str::to_owned)) else {
            found.skip(0, format!("`{key}` names no package"));
            continue;
        };
        let stated = text("version").or_else(|| in_key.map(str::to_owned));
        let mut package = Package::new(PackageKind::Npm, name, stated.unwrap_or_default());
        if package.version.is_empty() {
            package.notes.push(format!("from `{key}`, without a version"));
        }
        package.scope = reach.scope(key, entry);
        let of_entry = reach.snapshot(key).unwrap_or(entry);
        package.depends_on = needs(of_entry).map(|(name, _)| name.clone()).collect();
        if seen.insert((package.name.clone(), package.version.clone())) {
            found.add(package);
        }
    }
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// (Name, version) of what an entry or a project needs to run.
fn needs(entry: &Value) -> impl Iterator<Item = (&String, &Value)> {
    members(entry.get("dependencies")).chain(members(entry.get("optionalDependencies")))
}

/// `/@a/b/1.0.0_peer@2` and `registry/@a/b/1.0.0`: name and version, where the last part is one.
fn by_slash(key: &str) -> (Option<&str>, Option<&str>) {
    let Some((before, version)) = key.rsplit_once('/') else { return (None, None) };
    let version = version.split('_').next().unwrap_or(version);
    if !is_version(version) {
        return (None, None);
    }
    let mut slashes = before.rmatch_indices('/').map(|(at, _)| at);
    let start = slashes.next().map_or(0, |at| at + 1);
    let scope = slashes.next().map_or(0, |at| at + 1);
    let scoped = before.get(scope..).filter(|name| name.starts_with('@'));
    (scoped.or_else(|| before.get(start..)), Some(version))
}

/// `/@a/b@1.0.0(peer@2)` and `@a/b@https://…`: name, and version where it is one.
fn by_at(key: &str) -> (Option<&str>, Option<&str>) {
    let key = key.trim_start_matches('/');
    let key = without_peers(key);
    let after_scope = key.char_indices().skip(1).find(|&(_, c)| c == '@');
    let Some((name, version)) =
        after_scope.and_then(|(at, _)| Some((key.get(..at)?, key.get(at + 1..)?)))
    else {
        return (None, None);
    };
    (Some(name), Some(version).filter(|version| is_version(version)))
}

fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('.')
}

/// What the projects of the lock reach, since version 9.
struct Reach<'l> {
    snapshots: Option<&'l Map<String, Value>>,
    /// By key without peers: of several, which differ in peers, the first.
    by_package: HashMap<&'l str, &'l Value>,
    running: HashSet<&'l str>,
    optional: HashSet<&'l str>,
}

impl<'l> Reach<'l> {
    fn new(lock: &'l Value) -> Self {
        let snapshots = lock.get("snapshots").and_then(Value::as_object);
        let projects = || members(lock.get("importers")).map(|(_, project)| project);
        let roots = |list: &'static str| {
            projects().flat_map(move |project| members(project.get(list))).filter_map(
                move |(name, wish)| key_of(snapshots?, name, wish.get("version")?.as_str()?),
            )
        };
        let next = |key: &'l str| {
            let entry = snapshots.and_then(|snapshots| snapshots.get(key));
            let needs = entry.into_iter().flat_map(needs);
            needs.filter_map(|(name, wish)| key_of(snapshots?, name, wish.as_str()?)).collect()
        };
        let mut by_package = HashMap::new();
        for (key, snapshot) in members(lock.get("snapshots")) {
            by_package.entry(without_peers(key)).or_insert(snapshot);
        }
        let running = reached(roots("dependencies"), next);
        let optional = reached(roots("optionalDependencies"), next);
        let packages = |keys: HashSet<&'l str>| keys.into_iter().map(without_peers).collect();
        Self { snapshots, by_package, running: packages(running), optional: packages(optional) }
    }

    /// The entry that says what `key` needs.
    fn snapshot(&self, key: &str) -> Option<&'l Value> {
        self.by_package.get(key).copied()
    }

    fn scope(&self, key: &str, entry: &Value) -> Scope {
        let flag = |name| entry.get(name).and_then(Value::as_bool) == Some(true);
        match self.snapshots {
            None if flag("dev") => Scope::Development,
            None if flag("optional") => Scope::Optional,
            None => Scope::Runtime,
            Some(_) if self.running.contains(key) => Scope::Runtime,
            Some(_) if self.optional.contains(key) => Scope::Optional,
            Some(_) => Scope::Development,
        }
    }
}

/// `a@1(b@2)` is `a@1` with certain peers.
fn without_peers(key: &str) -> &str {
    key.split('(').next().unwrap_or(key)
}

/// The key of a dependency: its name and version, or, for an alias, the version alone.
fn key_of<'l>(snapshots: &'l Map<String, Value>, name: &str, wish: &str) -> Option<&'l str> {
    let by_name = snapshots.get_key_value(&format!("{name}@{wish}"));
    by_name.or_else(|| snapshots.get_key_value(wish)).map(|(key, _)| key.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn each_version_has_its_own_keys() {
        assert_eq!(by_slash("/@a/b/1.0.0_c@2.0.0"), (Some("@a/b"), Some("1.0.0")));
        assert_eq!(by_slash("registry.example/a/1.1.0"), (Some("a"), Some("1.1.0")));
        assert_eq!(by_slash("/foo/bar"), (None, None));
        assert_eq!(by_at("/@a/b@1.0.0(c@2.0.0)"), (Some("@a/b"), Some("1.0.0")));
        assert_eq!(by_at("a@https://x.example/a.tgz"), (Some("a"), None));
    }

    #[test]
    fn what_only_development_reaches_is_for_development() {
        let lock = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a: {specifier: ^1, version: 1.0.0(b@2.0.0)}\n\
            \x20   devDependencies:\n      d: {specifier: ^1, version: 4.0.0}\n\
            packages:\n  a@1.0.0: {}\n  b@2.0.0: {}\n  c@3.0.0: {}\n  d@4.0.0: {}\n\
            snapshots:\n  a@1.0.0(b@2.0.0):\n    dependencies: {b: 2.0.0}\n  b@2.0.0: {}\n  c@3.0.0: {}\n  d@4.0.0:\n    dependencies: {c: 3.0.0}\n";
        insta::assert_snapshot!(listing(&PnpmLock, "pnpm-lock.yaml", lock.as_bytes()), @r"
        npm a 1.0.0
        npm b 2.0.0
        npm c 3.0.0 (Development)
        npm d 4.0.0 (Development)
        ");
    }

    #[test]
    fn earlier_versions_mark_each_entry() {
        let lock = "lockfileVersion: 5.4\npackages:\n  /a/1.0.0:\n    dev: true\n  file:x:\n    version: 1.0.0\n  github.com/a/b/12ab:\n    name: b\n    version: 2.0.0\n";
        insta::assert_snapshot!(listing(&PnpmLock, "pnpm-lock.yaml", lock.as_bytes()), @r"
        npm a 1.0.0 (Development)
        npm b 2.0.0
        Skipped: `file:x` names no package
        ");
    }

    #[test]
    fn all_documents_are_read() {
        let lock = "---\nlockfileVersion: '9.0'\npackages:\n  pnpm@12.0.0: {}\n---\nlockfileVersion: '9.0'\npackages:\n  a@1.0.0: {}\n";
        insta::assert_snapshot!(listing(&PnpmLock, "pnpm-lock.yaml", lock.as_bytes()), @r"
        npm pnpm 12.0.0
        npm a 1.0.0
        ");
    }

    proptest::proptest! {
        #[test]
        fn no_key_panics(key in "[/@a-c0-9._()]{0,20}") {
            by_slash(&key);
            by_at(&key);
            listing(&PnpmLock, "pnpm-lock.yaml", format!("packages:\n  '{key}': {{}}\n").as_bytes());
        }
    }
}
