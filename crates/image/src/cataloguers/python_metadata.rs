//! Python packages that are installed: `*.dist-info/METADATA`, `*.egg-info/PKG-INFO`, and
//! distutils' single `*.egg-info` files.
//!
//! The head has the fields, up to the first blank line; the description follows.
//!
//! Source: <https://packaging.python.org/en/latest/specifications/core-metadata/>.

use plimsoll_model::{Package, PackageKind};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::layer::RECORDED;

/// The most files of a distribution; the largest have some ten thousand.
const MOST_FILES: usize = 200_000;

/// Reads the metadata of installed distributions.
#[derive(Debug)]
pub(crate) struct PythonMetadata;

impl Cataloguer for PythonMetadata {
    fn name(&self) -> &'static str {
        "python-metadata"
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want::Suffix(".dist-info/METADATA"),
            Want::Suffix(".dist-info/RECORD"),
            Want::Suffix(".egg-info/PKG-INFO"),
            Want::Suffix(".egg-info"),
            Want::Suffix(".egg/EGG-INFO/PKG-INFO"),
        ]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if file.name() == "RECORD" {
            record(&file.text()?, file.folder(), found);
        } else {
            found.add(metadata(&file.text()?)?);
        }
        Ok(())
    }
}

/// Reads which files a distribution has: a line of CSV each, the path from the folder that the
/// metadata's folder stands in.
///
/// Source: <https://packaging.python.org/en/latest/specifications/recording-installed-packages/>.
fn record(text: &str, folder: &str, found: &mut Found) {
    let owner = format!("{RECORDED}{folder}");
    let base = folder.rsplit_once('/').map_or("", |(base, _)| base);
    for line in text.lines().take(MOST_FILES) {
        let path = match line.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or(quoted),
            None => line.split(',').next().unwrap_or(line),
        };
        let path = if path.starts_with('/') { path.to_owned() } else { format!("{base}/{path}") };
        let mut parts: Vec<&str> = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                _ => parts.push(part),
            }
        }
        found.owns(&owner, &parts.join("/"));
    }
}

/// Reads the head of core metadata.
pub(super) fn metadata(text: &str) -> Result<Package, CatalogueError> {
    let (mut name, mut version) = (None, None);
    let mut package = Package::new(PackageKind::Pypi, "", "");
    for line in text.lines().take_while(|line| !line.is_empty()) {
        // A line that begins with a space continues the one above it.
        let Some((key, value)) = line.split_once(": ").filter(|(key, _)| !key.starts_with(' '))
        else {
            continue;
        };
        let value = value.trim();
        match key {
            "Name" => name = Some(value),
            "Version" => version = Some(value),
            "License-Expression" => package.licenses = vec![value.to_owned()],
            "License" if package.licenses.is_empty() && value != "UNKNOWN" => {
                package.licenses.push(value.to_owned());
            }
            "Author" if value != "UNKNOWN" => package.supplier = Some(value.to_owned()),
            // Extras are installed only where somebody asked for them.
            "Requires-Dist" if !value.contains("extra ==") => {
                package.depends_on.extend(required(value));
            }
            _ => {}
        }
    }
    let (Some(name), Some(version)) = (name, version) else {
        return Err(CatalogueError::malformed("Python metadata", "no `Name` or no `Version`"));
    };
    name.clone_into(&mut package.name);
    version.clone_into(&mut package.version);
    Ok(package)
}

/// The name at the start of a requirement (PEP 508).
fn required(requirement: &str) -> Option<String> {
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
    let name = requirement.get(..end.unwrap_or(requirement.len()))?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn the_head_counts_and_the_description_does_not() {
        let text = "Metadata-Version: 2.1\nName: Django\nVersion: 2.2\nRequires-Dist: pytz\n\nVersion: 9\n";
        let path = "usr/lib/python3/dist-packages/Django-2.2.dist-info/METADATA";
        assert_eq!(listing(&PythonMetadata, path, text.as_bytes()), "pypi Django 2.2\n");
    }

    #[test]
    fn metadata_without_a_version_is_an_error_and_not_silence() {
        let shown = listing(&PythonMetadata, "a.egg-info/PKG-INFO", b"Name: a\n");
        assert_eq!(shown, "error: not a valid Python metadata: no `Name` or no `Version`\n");
    }

    #[test]
    fn a_record_tells_which_files_belong_to_a_distribution() {
        let text =
            "yaml/__init__.py,sha256=a,1\n\"yaml/a,b.py\",,\n../../../bin/x,,\n/opt/y.py,,\n";
        let content = text.as_bytes().to_vec();
        let mut found = Found::default();
        let path = "usr/lib/python3/dist-packages/PyYAML-6.dist-info/RECORD";
        PythonMetadata.catalogue(&File::new(path, &content, false), &mut found).unwrap();
        let base = "usr/lib/python3/dist-packages";
        let owner = format!("@{base}/PyYAML-6.dist-info");
        let files = [
            format!("{base}/yaml/__init__.py"),
            format!("{base}/yaml/a,b.py"),
            "usr/bin/x".to_owned(),
            "opt/y.py".to_owned(),
        ];
        assert_eq!(found.owned, files.map(|file| (owner.clone(), file)));
        assert!(found.packages.is_empty());
    }

    #[test]
    fn requirements_lose_their_conditions() {
        assert_eq!(required("requests[socks]>=2; python_version>'3'").as_deref(), Some("requests"));
        assert_eq!(required(">=2"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            listing(&PythonMetadata, "a.egg-info/PKG-INFO", &bytes);
        }
    }
}
