//! OpenVEX about an image: which of a scan's findings do not concern it, by the word of somebody
//! whose scans count.
//!
//! <https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>

use std::collections::BTreeMap;

use plimsoll_model::{Finding, Scan, Timestamp};
use serde::Deserialize;

/// The types of such statements, with and without a version.
pub(super) const PREDICATE_TYPES: [&str; 2] =
    ["https://openvex.dev/ns/v0.2.0", "https://openvex.dev/ns"];

#[derive(Deserialize)]
struct InToto {
    predicate: Document,
}

#[derive(Deserialize)]
struct Document {
    timestamp: Option<String>,
    #[serde(default)]
    author: String,
    #[serde(default)]
    statements: Vec<Statement>,
}

#[derive(Deserialize)]
struct Statement {
    vulnerability: Vulnerability,
    status: String,
    #[serde(default)]
    justification: Option<String>,
    timestamp: Option<String>,
    #[serde(default)]
    products: Vec<Product>,
}

/// A text before 0.2, fields since.
#[derive(Deserialize)]
#[serde(untagged)]
enum Vulnerability {
    Id(String),
    Named {
        name: String,
        #[serde(default)]
        aliases: Vec<String>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Product {
    Id(#[allow(dead_code, reason = "the statement's subject says of which image it is")] String),
    Named {
        #[serde(default)]
        subcomponents: Vec<Component>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Component {
    Id(String),
    Named {
        #[serde(rename = "@id", default)]
        id: String,
    },
}

impl Component {
    fn id(&self) -> &str {
        match self {
            Self::Id(id) | Self::Named { id } => id,
        }
    }
}

/// What a statement says, and when.
struct Said {
    at: Option<Timestamp>,
    /// Why the finding does not count; `None` where it does.
    suppressed: Option<String>,
}

/// Suppresses what verified statements about the image say is not its matter. Of several about one
/// finding the newest counts.
pub(super) fn apply(statements: &[Vec<u8>], scan: &mut Scan) {
    let documents: Vec<Document> = statements
        .iter()
        .filter_map(|bytes| Some(serde_json::from_slice::<InToto>(bytes).ok()?.predicate))
        .collect();
    let mut said: BTreeMap<usize, Said> = BTreeMap::new();
    for document in &documents {
        for statement in &document.statements {
            let time = statement.timestamp.as_ref().or(document.timestamp.as_ref());
            let at: Option<Timestamp> = time.and_then(|text| text.parse().ok());
            let spares = ["not_affected", "fixed"].contains(&statement.status.as_str());
            let suppressed = spares.then(|| {
                let why = statement.justification.as_deref().unwrap_or(&statement.status);
                format!("VEX by {}: {why}", document.author)
            });
            for (index, finding) in scan.findings.iter().enumerate() {
                if statement.is_about(finding)
                    && said.get(&index).is_none_or(|before| before.at <= at)
                {
                    said.insert(index, Said { at, suppressed: suppressed.clone() });
                }
            }
        }
    }
    for (index, said) in said {
        if let (Some(finding), Some(why)) = (scan.findings.get_mut(index), said.suppressed) {
            finding.suppressed.get_or_insert(why);
        }
    }
}

impl Statement {
    fn is_about(&self, finding: &Finding) -> bool {
        let is_called = |name: &String| *name == finding.id || finding.aliases.contains(name);
        let is_named = match &self.vulnerability {
            Vulnerability::Id(name) => is_called(name),
            Vulnerability::Named { name, aliases } => {
                is_called(name) || aliases.iter().any(is_called)
            }
        };
        let mut parts = self
            .products
            .iter()
            .filter_map(|product| match product {
                Product::Named { subcomponents } if !subcomponents.is_empty() => {
                    Some(subcomponents)
                }
                _ => None,
            })
            .flatten()
            .peekable();
        is_named
            && (parts.peek().is_none() || parts.any(|part| names(part.id(), &finding.package.purl)))
    }
}

/// Whether a package URL names a package, with or without its version and what follows that.
fn names(id: &str, purl: &str) -> bool {
    let rest = purl.strip_prefix(id);
    !id.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['@', '?', '#']))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{FixState, PackageKind, PackageMatch, Severity};
    use serde_json::{Value, json};

    use super::*;

    fn finding(id: &str, purl: &str) -> Finding {
        Finding {
            id: id.into(),
            aliases: vec![format!("GHSA-{id}")],
            package: PackageMatch {
                index: 0,
                kind: PackageKind::Generic,
                name: "zlib".into(),
                version: "1".into(),
                purl: purl.into(),
                locations: Vec::new(),
            },
            severity: Severity::Critical,
            severity_source: String::new(),
            ratings: Vec::new(),
            fix: FixState::NotFixed,
            title: String::new(),
            description: String::new(),
            published: None,
            modified: None,
            references: Vec::new(),
            advisories: Vec::new(),
            kev: None,
            epss: None,
            evidence: Vec::new(),
            suppressed: None,
            loaded: None,
        }
    }

    fn after(statements: &Value) -> Vec<bool> {
        let purl = "pkg:deb/debian/zlib@1?arch=amd64";
        let mut scan = Scan {
            findings: vec![finding("CVE-1", purl), finding("CVE-2", purl)],
            ..Scan::default()
        };
        let document = json!({"predicate": {"author": "a", "timestamp": "2026-01-01T00:00:00Z", "statements": statements}});
        apply(&[document.to_string().into_bytes(), b"{".to_vec()], &mut scan);
        scan.findings.iter().map(|it| it.suppressed.is_some()).collect()
    }

    #[test]
    fn a_finding_that_is_not_its_matter_does_not_count() {
        let said = |status: &str| json!([{"vulnerability": {"name": "CVE-1"}, "status": status}]);
        assert_eq!(after(&said("not_affected")), [true, false]);
        assert_eq!(after(&said("fixed")), [true, false]);
        for status in ["affected", "under_investigation", ""] {
            assert_eq!(after(&said(status)), [false, false], "{status}");
        }
        let old = json!([{"vulnerability": "GHSA-CVE-2", "status": "not_affected"}]);
        assert_eq!(after(&old), [false, true]);
    }

    #[test]
    fn the_newest_word_counts_and_only_for_the_part_it_names() {
        let of = |status: &str, time: &str| json!({"vulnerability": {"name": "CVE-1"}, "status": status, "timestamp": time});
        let (older, newer) = ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z");
        assert_eq!(
            after(&json!([of("affected", newer), of("not_affected", older)])),
            [false, false]
        );
        assert_eq!(
            after(&json!([of("not_affected", newer), of("affected", older)])),
            [true, false]
        );
        let part = |id: &str| {
            json!([{"vulnerability": {"name": "CVE-1"}, "status": "fixed",
            "products": [{"@id": "pkg:oci/app", "subcomponents": [{"@id": id}]}]}])
        };
        assert_eq!(after(&part("pkg:deb/debian/zlib")), [true, false]);
        assert_eq!(after(&part("pkg:deb/debian/zli")), [false, false]);
        assert_eq!(after(&part("pkg:deb/debian/other")), [false, false]);
    }
}
