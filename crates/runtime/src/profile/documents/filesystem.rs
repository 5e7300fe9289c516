//! A root file system that may not be written, and the folders that have to be: a part of a pod.
//!
//! Folders of the kernel (`/dev`, `/proc`, `/sys`) are no part of it. An `emptyDir` begins empty:
//! what the image has in that folder has to be copied there or the folder chosen smaller.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value as JsonValue;

use crate::profile::{Access, Deed, Judge, Kind, Observed, Verdict};
use crate::syscall::SystemCall;
use crate::yaml;

pub(super) const KIND: Kind = Kind {
    name: "filesystem",
    file: "readonly-rootfs.yaml",
    what: "read-only root file system",
    write,
    read,
};

/// Where the root file system has other ones mounted.
const MOUNTED: [&str; 3] = ["/dev", "/proc", "/sys"];

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/') || rest.is_empty())
}

/// Whether it is in the root file system.
fn concerns(path: &str) -> bool {
    path.starts_with('/') && !MOUNTED.iter().any(|folder| is_below(path, folder))
}

/// The folder that a file is in.
fn folder(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((folder, _)) => folder,
    }
}

fn write(observed: &Observed) -> String {
    let changed = observed.files_with(Access::Write).chain(observed.files_with(Access::Change));
    let folders: BTreeSet<&str> = changed.filter(|path| concerns(path)).map(folder).collect();
    let outermost: Vec<&str> = folders
        .iter()
        .copied()
        .filter(|own| !folders.iter().any(|it| it != own && *it != "/" && is_below(own, it)))
        .collect();
    let is_fixed = !folders.contains("/");
    let mut text = format!(
        "# What `{}` was observed to write. Merge it into the pod: the first part into the\n\
         # container, `volumes` into `spec`.\n\
         securityContext:\n  readOnlyRootFilesystem: {is_fixed}\n",
        observed.name
    );
    if !is_fixed {
        text.push_str("# Files stand in `/` itself, which no volume can take the place of.\n");
    }
    if !is_fixed || outermost.is_empty() {
        text.push_str("volumeMounts: []\nvolumes: []\n");
        return text;
    }
    text.push_str("volumeMounts:\n");
    for (number, path) in outermost.iter().enumerate() {
        let path = JsonValue::from(*path);
        let _ = writeln!(text, "  - name: writable-{number}\n    mountPath: {path}");
    }
    text.push_str("volumes:\n");
    for number in 0..outermost.len() {
        let _ = writeln!(text, "  - name: writable-{number}\n    emptyDir: {{}}");
    }
    text
}

struct Volumes {
    is_fixed: bool,
    grants: Vec<String>,
}

fn read(text: &str) -> Result<Box<dyn Judge>, String> {
    let documents = yaml::read(text).map_err(|error| error.what)?;
    let root = documents.first().ok_or("nothing in it")?;
    let fixed = root.get("securityContext").and_then(|it| it.get("readOnlyRootFilesystem"));
    let is_fixed = fixed.and_then(|it| it.scalar()).and_then(yaml::boolean);
    let is_fixed = is_fixed.ok_or("no `readOnlyRootFilesystem`")?;
    let list = |name: &str| root.get(name).and_then(|it| it.sequence()).unwrap_or_default();
    let named = |node: &yaml::Node| node.get("name").and_then(|it| it.scalar()).map(str::to_owned);
    let volumes: BTreeSet<String> = list("volumes").iter().filter_map(|it| named(it)).collect();
    let mut grants = Vec::new();
    for mount in list("volumeMounts") {
        let path = mount.get("mountPath").and_then(|it| it.scalar()).ok_or("no `mountPath`")?;
        if !named(mount).is_some_and(|name| volumes.contains(&name)) {
            return Err(format!("`{path}` has no volume"));
        }
        grants.push(path.to_owned());
    }
    if !is_fixed {
        grants.push("the root file system".to_owned());
    }
    Ok(Box::new(Volumes { is_fixed, grants }))
}

impl Judge for Volumes {
    fn grants(&self) -> &[String] {
        &self.grants
    }

    fn judge(&mut self, _: &SystemCall<'_>, deed: &Deed) -> Verdict {
        let mut verdict = Verdict::INDIFFERENT;
        for (path, access) in &deed.files {
            if !matches!(access, Access::Write | Access::Change) || !concerns(path) {
                continue;
            }
            // A volume itself can be neither made nor removed.
            let path = path.trim_end_matches('/');
            let permits = |folder: &String| path != folder && is_below(path, folder);
            let root = self.grants.len().saturating_sub(1);
            let by: Vec<usize> = self
                .grants
                .iter()
                .enumerate()
                .filter(|(at, grant)| permits(grant) || !self.is_fixed && *at == root)
                .map(|(at, _)| at)
                .collect();
            verdict = verdict.and(Verdict::by(&by, || format!("writing {path}")));
        }
        verdict
    }
}
