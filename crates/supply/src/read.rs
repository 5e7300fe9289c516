//! SBOMs that others wrote, as an inventory: CycloneDX JSON, SPDX JSON, Syft's own JSON and ours.
//!
//! Packages are told by their package URLs. A component that has none, or whose type is not known,
//! is counted among the problems rather than passed over in silence.
//!
//! Sources: <https://cyclonedx.org/docs/1.6/json/>, <https://spdx.github.io/spdx-spec/v2.3/>,
//! <https://github.com/anchore/syft/tree/main/schema/json>.

use plimsoll_model::{
    Artifact, Distro, Inventory, Location, Package, PackageKind, Problem, ProblemKind, Purl,
    SourcePackage,
};
use serde_json::Value;

/// How deep components may be nested.
const MAX_DEPTH: u32 = 32;

/// The inventory that a document lists.
///
/// # Errors
/// A sentence that says why it is no document that can be read.
pub fn inventory(bytes: &[u8]) -> Result<Inventory, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let document: Value = serde_json::from_slice(bytes)
        .map_err(|error| format!("it is no JSON ({error}); XML and tag-value are not read"))?;
    let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("schema") == "plimsoll.inventory/v1" {
        return serde_json::from_value(document).map_err(|error| error.to_string());
    }
    let mut found = Found::default();
    let name = if text("bomFormat") == "CycloneDX" {
        found.cyclonedx(document.get("components"), 0);
        document.pointer("/metadata/component/name")
    } else if text("spdxVersion").starts_with("SPDX-2") {
        found.spdx(&document);
        document.get("name")
    } else if document.pointer("/schema/url").is_some() && document.get("artifacts").is_some() {
        found.syft(&document);
        document.pointer("/source/name")
    } else {
        return Err("it is neither CycloneDX, SPDX 2, Syft's nor our own JSON".to_owned());
    };
    let name = name.and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(found.inventory(name))
}

#[derive(Default)]
struct Found {
    packages: Vec<Package>,
    distro: Option<Distro>,
    /// The distribution as a package URL names it, where nothing else does.
    named: Option<Distro>,
    without: usize,
    odd: Vec<String>,
}

impl Found {
    fn cyclonedx(&mut self, components: Option<&Value>, depth: u32) {
        for component in list(components) {
            let text = |name: &str| component.get(name).and_then(Value::as_str).unwrap_or_default();
            match text("type") {
                "operating-system" => self.distro = Some(distro(text("name"), text("version"))),
                "file" => {}
                _ => self.package(text("purl"), "", ""),
            }
            if depth < MAX_DEPTH {
                self.cyclonedx(component.get("components"), depth.saturating_add(1));
            } else if component.get("components").is_some() {
                self.odd.push("components are nested too deep".to_owned());
            }
        }
    }

    fn spdx(&mut self, document: &Value) {
        for package in list(document.get("packages")) {
            let text = |name: &str| package.get(name).and_then(Value::as_str).unwrap_or_default();
            if text("primaryPackagePurpose") == "OPERATING-SYSTEM" {
                self.distro = Some(distro(text("name"), text("versionInfo")));
                continue;
            }
            if matches!(text("primaryPackagePurpose"), "CONTAINER" | "FILE") {
                continue;
            }
            let purl = list(package.get("externalRefs"))
                .filter(|it| it.get("referenceType").and_then(Value::as_str) == Some("purl"))
                .find_map(|it| it.get("referenceLocator").and_then(Value::as_str));
            self.package(purl.unwrap_or_default(), "", "");
        }
    }

    fn syft(&mut self, document: &Value) {
        if let Some(release) = document.get("distro") {
            let text = |name: &str| release.get(name).and_then(Value::as_str).unwrap_or_default();
            if !text("id").is_empty() {
                self.distro = Some(distro(text("id"), text("versionID")));
            }
        }
        for artifact in list(document.get("artifacts")) {
            let text = |name: &str| artifact.get(name).and_then(Value::as_str).unwrap_or_default();
            let place = artifact.pointer("/locations/0/path").and_then(Value::as_str);
            self.package(text("purl"), text("version"), place.unwrap_or_default());
        }
    }

    fn package(&mut self, text: &str, version: &str, place: &str) {
        if text.is_empty() {
            self.without = self.without.saturating_add(1);
            return;
        }
        let purl = match text.parse::<Purl>() {
            Ok(purl) => purl,
            Err(error) => return self.odd.push(error.to_string()),
        };
        let kind = PackageKind::ALL.iter().copied().find(|kind| kind.purl_type() == purl.kind);
        // An image or a generic program is no package that advisories speak of.
        if matches!(purl.kind.as_str(), "oci" | "docker") {
            return;
        }
        let Some(kind) = kind else {
            return self.odd.push(format!("`{}` is a type that is not known", purl.kind));
        };
        let name = match (kind, purl.namespace.as_str()) {
            (_, "") => purl.name.clone(),
            (PackageKind::Maven, group) => format!("{group}:{}", purl.name),
            (it, _) if it.is_os() => purl.name.clone(),
            (_, namespace) => format!("{namespace}/{}", purl.name),
        };
        let version = if purl.version.is_empty() { version } else { purl.version.as_str() };
        let mut whole = version.to_owned();
        if let (PackageKind::Rpm, Some(epoch)) = (kind, purl.qualifiers.get("epoch")) {
            whole = format!("{epoch}:{version}");
        }
        let mut package = Package::new(kind, name, whole);
        package.arch = purl.qualifiers.get("arch").cloned();
        if let Some(upstream) = purl.qualifiers.get("upstream") {
            let (name, version) = upstream.split_once('@').unwrap_or((upstream, &package.version));
            // Syft names a source rpm by its file: NAME-VERSION-RELEASE.src.rpm.
            let source = match name.strip_suffix(".src.rpm") {
                Some(stem) => stem.rsplitn(3, '-').nth(2).unwrap_or(stem),
                None => name,
            };
            package.source =
                Some(SourcePackage { name: source.to_owned(), version: version.to_owned() });
        }
        if !place.is_empty() {
            let path = place.trim_start_matches('/').to_owned();
            package.locations.push(Location { path, layer: None, line: None });
        }
        if kind.is_os() && self.named.is_none() {
            let release = purl.qualifiers.get("distro").map(String::as_str).unwrap_or_default();
            let version = release.split_once('-').map_or("", |(_, version)| version);
            let id = release.split_once('-').map_or(purl.namespace.as_str(), |(id, _)| id);
            self.named = Some(distro(id, version));
        }
        self.packages.push(package);
    }

    fn inventory(mut self, name: String) -> Inventory {
        let mut problems = Vec::new();
        let mut note = |kind, message: String| {
            problems.push(Problem { kind, path: String::new(), layer: None, line: None, message });
        };
        if self.without > 0 {
            let message = format!("{} components have no package URL", self.without);
            note(ProblemKind::Note, message);
        }
        for why in self.odd {
            note(ProblemKind::Skipped, why);
        }
        let key = |it: &Package| (it.kind, it.name.clone(), it.version.clone());
        self.packages.sort_by_key(key);
        self.packages.dedup_by_key(|it| (key(it), it.locations.clone()));
        let artifact = Artifact {
            reference: name.clone(),
            source: "sbom".to_owned(),
            names: vec![name],
            ..Artifact::default()
        };
        Inventory {
            artifact,
            distro: self.distro.or(self.named),
            packages: self.packages,
            problems,
            ..Inventory::default()
        }
    }
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn distro(id: &str, version: &str) -> Distro {
    Distro {
        id: id.to_ascii_lowercase(),
        version: version.to_owned(),
        name: format!("{id} {version}").trim().to_owned(),
        ..Distro::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_their_distribution_are_read_of_each_format() {
        let cyclonedx = r#"{"bomFormat":"CycloneDX","metadata":{"component":{"name":"app"}},
            "components":[{"type":"operating-system","name":"debian","version":"12"},
            {"type":"library","purl":"pkg:deb/debian/libssl3@3.0.11-1?upstream=openssl","components":
            [{"type":"library","purl":"pkg:npm/%40types/node@20.1.0"}]},{"type":"library","name":"x"}]}"#;
        let spdx = r#"{"spdxVersion":"SPDX-2.3","name":"app","packages":[{"name":"libssl3","externalRefs":
            [{"referenceType":"purl","referenceLocator":
            "pkg:deb/debian/libssl3@3.0.11-1?upstream=openssl&distro=debian-12"}]},
            {"name":"node","externalRefs":[{"referenceType":"purl","referenceLocator":
            "pkg:npm/%40types/node@20.1.0"}]},{"name":"x"}]}"#;
        let syft = r#"{"schema":{"url":"x"},"source":{"name":"app"},"distro":{"id":"debian","versionID":"12"},
            "artifacts":[{"purl":"pkg:deb/debian/libssl3@3.0.11-1?upstream=openssl"},
            {"purl":"pkg:npm/%40types/node@20.1.0"},{"name":"x"}]}"#;
        for text in [cyclonedx, spdx, syft] {
            let found = inventory(text.as_bytes()).unwrap();
            let names: Vec<String> = found
                .packages
                .iter()
                .map(|it| format!("{} {} {}", it.source_name(), it.name, it.version))
                .collect();
            assert_eq!(names, ["openssl libssl3 3.0.11-1", "@types/node @types/node 20.1.0"]);
            let distro = found.distro.unwrap();
            assert_eq!((distro.id.as_str(), distro.version.as_str()), ("debian", "12"));
            assert_eq!(found.problems.len(), 1, "the one without a package URL is told");
        }
    }

    #[test]
    fn an_epoch_and_a_source_rpm_are_what_the_package_manager_calls_them() {
        let text = r#"{"bomFormat":"CycloneDX","components":[{"type":"library","purl":
            "pkg:rpm/redhat/bind-libs@9.16-2?epoch=32&upstream=bind-9.16-2.src.rpm&distro=rhel-9.4"}]}"#;
        let found = inventory(text.as_bytes()).unwrap();
        let package = &found.packages[0];
        assert_eq!((package.version.as_str(), package.source_name()), ("32:9.16-2", "bind"));
    }

    proptest::proptest! {
        #[test]
        fn no_document_panics(text in r#"\{"bomFormat":"CycloneDX","components":\[\{"purl":"pkg:[ -~]{0,40}"\}\]\}"#, bytes: Vec<u8>) {
            let _ = inventory(text.as_bytes());
            let _ = inventory(&bytes);
        }
    }

    #[test]
    fn what_is_no_sbom_is_an_error_that_says_so() {
        for text in ["", "{}", "[]", "<bom/>", r#"{"spdxVersion":"SPDX-3.0"}"#] {
            assert!(inventory(text.as_bytes()).is_err(), "{text}");
        }
    }
}
