//! The files of one version of a project, as an index lists them.
//!
//! Source: PEP 691 (JSON of the simple index), and PEP 740 (the key `provenance`).

use serde::Deserialize;
use std::collections::BTreeMap;

use super::filename::{Distribution, normal_name, normal_version};
use crate::error::Error;
use crate::hash::from_hex;
use crate::json::document;

/// A wheel or a source distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// The SHA-256 digest that the index states.
    pub sha256: Vec<u8>,
    /// Whether the index says that it has attestations of it.
    pub is_attested: bool,
}

/// The most bytes of a list, and the most files of one version.
const MAX_BYTES: usize = 64 << 20;
const MAX_FILES: usize = 4096;

#[derive(Deserialize)]
struct Project {
    name: String,
    files: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    filename: String,
    hashes: BTreeMap<String, String>,
    provenance: Option<String>,
}

/// The files of `version` in what an index says of `project`; names of other forms are of no version
/// that could be told, and are left out.
pub fn files(bytes: &[u8], project: &str, version: &str) -> Result<Vec<File>, Error> {
    if bytes.len() > MAX_BYTES {
        return Err(broken(format!("{} bytes, more than {MAX_BYTES}", bytes.len())));
    }
    let wanted = normal_version(version);
    let wanted = wanted.ok_or_else(|| broken(format!("`{version}` is no version")))?;
    let project = normal_name(project);
    let listed: Project = document("list of the index", bytes)?;
    if normal_name(&listed.name) != project {
        return Err(broken(format!("it is of `{}`", listed.name)));
    }
    let mut found = Vec::new();
    for file in listed.files {
        let Ok(parsed) = Distribution::parse(&file.filename) else { continue };
        if parsed.project != project || parsed.version != wanted {
            continue;
        }
        if found.len() == MAX_FILES {
            return Err(broken(format!("more than {MAX_FILES} files of one version")));
        }
        let digest = file.hashes.get("sha256").and_then(|text| from_hex(text));
        let digest = digest.filter(|digest| digest.len() == 32);
        let sha256 =
            digest.ok_or_else(|| broken(format!("`{}` has no SHA-256 digest", file.filename)))?;
        found.push(File { name: file.filename, sha256, is_attested: file.provenance.is_some() });
    }
    Ok(found)
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("list of the index", why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_files_of_a_version_are_told_by_their_names() {
        let hashes = json!({"sha256": "00".repeat(32)});
        let listed = json!({"name": "Foo_Bar", "files": [
            {"filename": "foo_bar-1.0.tar.gz", "hashes": hashes, "provenance": "https://x/"},
            {"filename": "foo_bar-1.0.0-py3-none-any.whl", "hashes": hashes, "provenance": null},
            {"filename": "foo_bar-1.1.tar.gz", "hashes": hashes},
            {"filename": "foo-1.0.tar.gz", "hashes": hashes},
            {"filename": "foo_bar-1.0.exe", "hashes": {}},
        ]});
        let of = |project, version| files(listed.to_string().as_bytes(), project, version);
        let found = of("foo.bar", "1").expect("files");
        let shown: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.is_attested)).collect();
        assert_eq!(
            shown,
            [("foo_bar-1.0.tar.gz", true), ("foo_bar-1.0.0-py3-none-any.whl", false)]
        );
        assert!(of("other", "1").is_err() && of("foo-bar", "x").is_err());
        assert_eq!(of("foo-bar", "2").expect("files"), []);
    }
}
