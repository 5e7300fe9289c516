//! Bills of materials that somebody else wrote, read back into inventories.
//!
//! Whoever wrote it says what is in an image, and is believed; what cannot be understood of it is a
//! problem of the inventory, so that nobody takes silence for health. To add a format: its file, its
//! name here, a line in [`ALL`].

mod cyclonedx;
mod own;
mod part;
mod spdx;
mod syft;

use plimsoll_model::{Distro, Inventory};
use serde_json::Value;

/// Larger documents are refused.
pub const MAX_DOCUMENT: usize = 64 << 20;

/// More parts than this are refused.
const MAX_PARTS: usize = 200_000;

/// A format that is read.
#[derive(Debug, Clone, Copy)]
struct Reader {
    name: &'static str,
    /// Whether it is a document of this format.
    is: fn(&Value) -> bool,
    read: fn(&Value) -> Result<Inventory, DocumentError>,
}

const ALL: &[Reader] = &[cyclonedx::READER, spdx::READER, syft::READER, own::READER];

/// Why a document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is larger than [`MAX_DOCUMENT`].
    #[error("the document has {0} bytes, and at most {MAX_DOCUMENT} are read")]
    TooLarge(usize),
    /// It has too many parts.
    #[error("the document has {0} parts, and at most {MAX_PARTS} are read")]
    TooMany(usize),
    /// It is no JSON.
    #[error("the document is no JSON: {0}")]
    Json(String),
    /// It is of no format that is known.
    #[error(
        "the document is no bill of materials that is known: expected CycloneDX (`bomFormat`), \
         SPDX 2 (`spdxVersion`), or what Syft or Plimsoll write, in JSON"
    )]
    Unknown,
}

/// Reads a document. `artifact.source` is the name of its format.
///
/// The ecosystem of its distribution is left open: whoever knows how releases are written fills it in.
pub fn read(bytes: &[u8]) -> Result<Inventory, DocumentError> {
    if bytes.len() > MAX_DOCUMENT {
        return Err(DocumentError::TooLarge(bytes.len()));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let document: Value =
        serde_json::from_slice(bytes).map_err(|error| DocumentError::Json(error.to_string()))?;
    let reader = ALL.iter().find(|reader| (reader.is)(&document)).ok_or(DocumentError::Unknown)?;
    let mut inventory = (reader.read)(&document)?;
    reader.name.clone_into(&mut inventory.artifact.source);
    inventory
        .packages
        .sort_by(|a, b| (a.kind, &a.name, &a.version).cmp(&(b.kind, &b.name, &b.version)));
    // Some writers list a package once for each that needs it.
    inventory.packages.dedup();
    Ok(inventory)
}

/// Whether an inventory's source is a document and nothing that was looked into.
pub fn is_source(name: &str) -> bool {
    ALL.iter().any(|reader| reader.name == name)
}

/// The parts of a list, if they are not too many.
fn parts<'v>(document: &'v Value, key: &str) -> Result<&'v [Value], DocumentError> {
    let parts = document.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if parts.len() > MAX_PARTS { Err(DocumentError::TooMany(parts.len())) } else { Ok(parts) }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A distribution by its `ID` and `VERSION_ID`.
fn distro(id: &str, version: &str) -> Distro {
    Distro {
        id: id.to_ascii_lowercase(),
        version: version.to_owned(),
        name: format!("{id} {version}").trim_end().to_owned(),
        ..Distro::default()
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Package, PackageKind, SourcePackage};

    use super::*;
    use crate::Format;

    fn sample() -> Inventory {
        let mut curl = Package::new(PackageKind::Deb, "libcurl4", "7.88.1-10+deb12u5");
        curl.arch = Some("amd64".into());
        curl.source =
            Some(SourcePackage { name: "curl".into(), version: "7.88.1-10+deb12u5".into() });
        let mut bash = Package::new(PackageKind::Rpm, "bash", "1:5.1-2.el9");
        bash.arch = Some("x86_64".into());
        Inventory {
            distro: Some(distro("debian", "12")),
            packages: vec![
                Package::new(PackageKind::Maven, "org.apache:log4j-core", "2.14.1"),
                Package::new(PackageKind::Npm, "@types/node", "20.1.0"),
                Package::new(PackageKind::Golang, "golang.org/x/net", "v0.1.0"),
                curl,
                bash,
            ],
            ..Inventory::default()
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for name in ["cyclonedx-json", "spdx-json", "syft-json", "json"] {
            let mut bytes = Vec::new();
            (Format::named(name).unwrap().write)(&sample(), &mut bytes).unwrap();
            let back = read(&bytes).unwrap();
            let shown = |inventory: &Inventory| {
                let mut all: Vec<_> = inventory
                    .packages
                    .iter()
                    .map(|it| {
                        format!(
                            "{:?} {} {} {:?} {} {}",
                            it.kind,
                            it.name,
                            it.version,
                            it.arch,
                            it.source_name(),
                            it.source_version()
                        )
                    })
                    .collect();
                all.sort();
                all
            };
            assert_eq!(shown(&back), shown(&sample()), "{name}");
            let release = back.distro.unwrap();
            assert_eq!((release.id.as_str(), release.version.as_str()), ("debian", "12"), "{name}");
        }
    }

    #[test]
    fn what_is_no_bill_is_refused_and_what_is_odd_in_one_is_told() {
        assert!(matches!(read(b"{"), Err(DocumentError::Json(_))));
        assert_eq!(read(b"[]"), Err(DocumentError::Unknown));
        let odd = br#"{"bomFormat":"CycloneDX","components":[
            {"type":"library","name":"x","purl":"not a purl"},
            {"type":"library","name":"y","version":"1"},
            {"type":"library","name":"z","purl":"pkg:npm/z@1"}, 7]}"#;
        let inventory = read(odd).unwrap();
        assert_eq!(inventory.packages.len(), 1);
        assert_eq!(inventory.problems.len(), 3);
    }

    #[test]
    fn source_packages_and_epochs_are_what_the_package_manager_calls_them() {
        let text = br#"{"bomFormat":"CycloneDX","components":[{"type":"library","purl":
            "pkg:rpm/redhat/bind-libs@9.16-2?epoch=32&upstream=bind-9.16-2.src.rpm&distro=rhel-9.4"},
            {"type":"container","name":"app","purl":"pkg:oci/app@sha256%3Aab"}]}"#;
        let found = read(text).unwrap();
        let package = &found.packages[0];
        assert_eq!((package.version.as_str(), package.source_name()), ("32:9.16-2", "bind"));
        assert_eq!((found.packages.len(), found.problems.len()), (1, 0), "an image is no package");
    }

    #[test]
    fn what_syft_writes_is_read_with_places_and_digests() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let text = format!(
            r#"{{"schema":{{"url":"x"}},"distro":{{"id":"debian","versionID":"12"}},"source":{{"name":"app",
            "metadata":{{"userInput":"app:1","manifestDigest":"{digest}"}}}},"artifacts":[
            {{"purl":"pkg:deb/debian/libssl3@3.0.11-1?upstream=openssl",
              "locations":[{{"path":"/var/lib/dpkg/status"}}]}},{{"name":"x"}}]}}"#
        );
        let found = read(text.as_bytes()).unwrap();
        assert_eq!(found.artifact.reference, "app:1");
        assert_eq!(found.artifact.manifest_digest.unwrap().to_string(), digest);
        let package = &found.packages[0];
        assert_eq!(package.source_name(), "openssl");
        assert_eq!(package.locations[0].path, "var/lib/dpkg/status");
        assert_eq!(found.problems.len(), 1, "the one without a package URL is told");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = read(text.as_bytes());
            let part = serde_json::json!({"type": "library", "name": text, "purl": text});
            let bill = serde_json::json!({"bomFormat": "CycloneDX", "components": [part]});
            let _ = read(bill.to_string().as_bytes());
        }
    }
}
