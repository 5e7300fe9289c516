//! What a repository has: Dockerfiles, manifests, lock files, keys, rules and CI.

use std::fs;
use std::path::{Path, PathBuf};

use crate::commands::kube::Manifests;
use crate::commands::lint::files as dockerfiles;
use crate::exit::tell;
use crate::files;

/// How deep folders are searched, and how many files are looked at.
const MAX_DEPTH: u32 = 16;
const MAX_FILES: usize = 200_000;
/// How much of a file is read to see what it is.
const MAX_HEAD: u64 = 1 << 20;

/// Files that say exactly which packages a project uses.
const LOCKS: [&str; 22] = [
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "poetry.lock",
    "Pipfile.lock",
    "uv.lock",
    "pdm.lock",
    "requirements.txt",
    "Cargo.lock",
    "go.mod",
    "Gemfile.lock",
    "composer.lock",
    "pom.xml",
    "gradle.lockfile",
    "packages.lock.json",
    "mix.lock",
    "pubspec.lock",
    "Podfile.lock",
    "Package.resolved",
    "conan.lock",
];

/// What a repository has; all paths are seen from its folder, with `/` between names.
#[derive(Debug, Default)]
pub(super) struct Detected {
    pub(super) dockerfiles: Vec<String>,
    /// Charts and kustomizations are among them by their folders.
    pub(super) manifests: Vec<String>,
    pub(super) charts: usize,
    pub(super) locks: Vec<String>,
    /// Rule files of Falco.
    pub(super) rules: Vec<String>,
    /// Public keys.
    pub(super) keys: Vec<String>,
    /// `.dockerignore` files.
    pub(super) ignores: Vec<String>,
    /// Other files that tell which CI is used.
    pub(super) marks: Vec<String>,
    /// Where the repository is pushed to: host and path, as `github.com` and `org/app`.
    pub(super) origin: Option<(String, String)>,
}

impl Detected {
    pub(super) fn of(root: &Path) -> Self {
        let mut found = Self { origin: origin(root), ..Self::default() };
        let mut left = MAX_FILES;
        found.walk(root, "", 0, &mut left);
        if left == 0 {
            tell(&format!("note: only {MAX_FILES} files were looked at"));
        }
        found
    }

    fn walk(&mut self, folder: &Path, prefix: &str, depth: u32, left: &mut usize) {
        // What cannot be listed cannot be asked about.
        let Ok(entries) = fs::read_dir(folder) else { return };
        let mut entries: Vec<fs::DirEntry> = entries.flatten().collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let Some(less) = left.checked_sub(1) else { return };
            *left = less;
            let path = format!("{prefix}{name}");
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < MAX_DEPTH => {
                    self.folder(&entry.path(), &name, &path, depth, left);
                }
                Ok(kind) if kind.is_file() => self.file(&entry.path(), &name, path),
                _ => {}
            }
        }
    }

    fn folder(&mut self, at: &Path, name: &str, path: &str, depth: u32, left: &mut usize) {
        if dockerfiles::PASSED_OVER.contains(&name) {
            return;
        }
        let has = |file: &str| at.join(file).is_file();
        let is_chart = has("Chart.yaml");
        let is_kustomization = ["kustomization.yaml", "kustomization.yml", "Kustomization"]
            .iter()
            .any(|file| has(file));
        if is_chart || is_kustomization {
            self.charts = self.charts.saturating_add(1);
            self.manifests.push(path.to_owned());
        }
        // What is below a chart is its templates.
        if !is_chart {
            self.walk(at, &format!("{path}/"), depth.saturating_add(1), left);
        }
    }

    fn file(&mut self, at: &Path, name: &str, path: String) {
        let lower = name.to_ascii_lowercase();
        if dockerfiles::is_dockerfile(name) {
            self.dockerfiles.push(path);
        } else if LOCKS.contains(&name) {
            self.locks.push(path);
        } else if name == ".dockerignore" {
            self.ignores.push(path);
        } else if is_mark(&path) {
            self.marks.push(path);
        } else if has_end(&lower, [".pub", ".pem"]) {
            if head(at).is_some_and(|text| text.starts_with("-----BEGIN PUBLIC KEY-----")) {
                self.keys.push(path);
            }
        } else if has_end(&lower, [".yaml", ".yml"]) {
            let Some(text) = head(at) else { return };
            if is_falco(&text) {
                self.rules.push(path);
            } else if is_manifest(&text) && Manifests::read(&[at.to_owned()]).count() > 0 {
                self.manifests.push(path);
            }
        }
    }

    /// The folders of manifests, without those that are in another of them.
    pub(super) fn manifest_folders(&self) -> Vec<String> {
        let is_folder = |path: &&String| {
            let lower = path.to_ascii_lowercase();
            !has_end(&lower, [".yaml", ".yml"])
        };
        let mut folders: Vec<String> = self
            .manifests
            .iter()
            .map(|path| {
                if is_folder(&path) {
                    return path.clone();
                }
                path.rsplit_once('/').map_or(".".into(), |(folder, _)| folder.to_owned())
            })
            .collect();
        folders.sort();
        folders.dedup();
        let all = folders.clone();
        let is_within = |one: &String| {
            let mut others = all.iter().filter(|other| *other != one);
            others.any(|other| other == "." || one.starts_with(&format!("{other}/")))
        };
        folders.retain(|one| !is_within(one));
        folders
    }

    /// Says what was found, in a line.
    pub(super) fn tell(&self) {
        let counts = [
            (self.dockerfiles.len(), "Dockerfile"),
            (self.manifests.len().saturating_sub(self.charts), "manifest"),
            (self.charts, "chart"),
            (self.locks.len(), "lock file"),
            (self.rules.len(), "rule file"),
            (self.keys.len(), "public key"),
        ];
        let told: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}{}", if *count == 1 { "" } else { "s" }))
            .collect();
        let told = if told.is_empty() { "nothing that is judged".into() } else { told.join(", ") };
        tell(&format!("found: {told}"));
    }
}

fn has_end(name: &str, ends: [&str; 2]) -> bool {
    ends.iter().any(|end| name.ends_with(end))
}

fn is_mark(path: &str) -> bool {
    path.starts_with(".github/workflows/")
        || path.starts_with(".tekton/")
        || ["Jenkinsfile", ".gitlab-ci.yml", ".pre-commit-config.yaml"].contains(&path)
}

fn is_manifest(text: &str) -> bool {
    let begins = |field: &str| text.lines().any(|line| line.starts_with(field));
    begins("apiVersion:") && begins("kind:")
}

fn is_falco(text: &str) -> bool {
    let begins = |field: &str| text.lines().any(|line| line.starts_with(field));
    begins("- rule:") || begins("- macro:") && text.contains("condition:")
}

fn head(path: &Path) -> Option<String> {
    String::from_utf8(files::read(path, MAX_HEAD).ok()?).ok()
}

/// The address of the remote `origin`, from the repository's configuration.
fn origin(root: &Path) -> Option<(String, String)> {
    let text = head(&root.join(PathBuf::from(".git/config")))?;
    let own = text.split("[remote \"origin\"]").nth(1)?.split("\n[").next()?;
    let url = own.lines().find_map(|line| line.trim().strip_prefix("url"))?;
    address(url.trim_start().strip_prefix('=')?.trim())
}

/// Host and path of `https://host/path.git`, `ssh://git@host/path` and `git@host:path.git`.
fn address(url: &str) -> Option<(String, String)> {
    let rest = match url.split_once("://") {
        Some((_, rest)) => rest.to_owned(),
        None => url.replacen(':', "/", 1),
    };
    let (host, path) = rest.split_once('/')?;
    let host = host.rsplit('@').next().unwrap_or(host).to_ascii_lowercase();
    let host = host.split(':').next().unwrap_or(&host);
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let is_plain = |text: &str| {
        let odd = |one: char| !one.is_ascii_alphanumeric() && !"-._/".contains(one);
        !text.is_empty() && !text.contains(odd)
    };
    (is_plain(host) && is_plain(path)).then(|| (host.to_owned(), path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_known_however_it_is_written() {
        let of = |url: &str| address(url).map(|(host, path)| format!("{host} {path}"));
        for url in [
            "https://github.com/org/app.git",
            "https://user:secret@github.com/org/app",
            "git@github.com:org/app.git",
            "ssh://git@github.com:22/org/app.git",
        ] {
            assert_eq!(of(url).as_deref(), Some("github.com org/app"), "{url}");
        }
        for url in ["", "/srv/git/app", "https://host", "https://host/a\"b", "git@host:a b"] {
            assert_eq!(of(url).filter(|_| url != "/srv/git/app"), None, "{url}");
        }
    }

    #[test]
    fn manifests_are_named_by_the_folders_that_hold_them() {
        let found = |paths: &[&str]| {
            let manifests = paths.iter().map(|one| (*one).to_owned()).collect();
            Detected { manifests, ..Detected::default() }.manifest_folders()
        };
        assert_eq!(
            found(&["deploy/a.yaml", "deploy/prod/b.yaml", "charts/x"]),
            ["charts/x", "deploy"]
        );
        assert_eq!(found(&["a.yaml", "deploy/b.yaml"]), ["."]);
    }
}
