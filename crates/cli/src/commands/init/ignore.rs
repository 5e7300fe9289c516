//! `.dockerignore`: what is no part of an image, and what must never become one.
//!
//! <https://docs.docker.com/build/concepts/context/#dockerignore-files>

use std::collections::BTreeSet;

use super::detect::Detected;
use super::plan::{Plan, Step};

const HEAD: &str = "\
# What no image needs, and what nobody should find in one.
.git
.github
.gitlab
**/.DS_Store
**/.env
**/.env.*
**/*.pem
**/*.key
**/*.p12
**/id_rsa*
**/id_ed25519*
**/.ssh
**/.aws
**/.kube
**/.docker
**/Dockerfile*
**/.dockerignore
";

/// What comes of installing or building, by the files that say which language it is.
const BY_LANGUAGE: [(&[&str], &str); 5] = [
    (
        &["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock"],
        "**/node_modules\n**/npm-debug.log*\n",
    ),
    (
        &["poetry.lock", "Pipfile.lock", "uv.lock", "pdm.lock", "requirements.txt"],
        "**/__pycache__\n**/*.pyc\n**/.venv\n**/venv\n**/.pytest_cache\n",
    ),
    (&["Cargo.lock"], "**/target\n"),
    (&["pom.xml", "gradle.lockfile"], "**/.gradle\n**/.idea\n"),
    (&["packages.lock.json"], "**/bin\n**/obj\n"),
];

/// A file for each folder that images are built in and that has none, above it neither.
pub(super) fn plan(detected: &Detected, plan: &mut Plan<'_>) {
    let mut folders = BTreeSet::new();
    for dockerfile in &detected.dockerfiles {
        let folder = dockerfile.rsplit_once('/').map_or("", |(folder, _)| folder);
        // A folder with Dockerfiles and no sources is built in from above.
        let has_sources = detected.locks.iter().any(|lock| parent(lock) == folder);
        folders.insert(if has_sources { folder } else { "" });
    }
    for folder in folders {
        if detected.ignores.iter().any(|file| is_above(parent(file), folder)) {
            continue;
        }
        let path = if folder.is_empty() {
            ".dockerignore".into()
        } else {
            format!("{folder}/.dockerignore")
        };
        plan.add(Step::File { path, text: text(detected, folder) });
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn is_above(above: &str, folder: &str) -> bool {
    above.is_empty()
        || above == folder
        || folder.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
}

fn text(detected: &Detected, folder: &str) -> String {
    let name = |path: &String| path.rsplit('/').next().unwrap_or(path).to_owned();
    let locks: BTreeSet<String> =
        detected.locks.iter().filter(|path| is_above(folder, parent(path))).map(name).collect();
    let mut text = HEAD.to_owned();
    for (files, lines) in BY_LANGUAGE {
        if files.iter().any(|file| locks.contains(*file)) {
            text.push_str(lines);
        }
    }
    text
}
