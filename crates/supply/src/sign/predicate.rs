//! The types of attestations that have a name on the command line, one line each.
//!
//! Sources: <https://github.com/in-toto/attestation/tree/main/spec/predicates>,
//! <https://github.com/sigstore/cosign/blob/main/pkg/cosign/attestation/attestation.go>.

use serde_json::Value;

/// A kind of attestation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Predicate {
    /// What people type.
    pub name: &'static str,
    /// What they type as well.
    also: &'static [&'static str],
    /// What the statement says of its predicate.
    pub uri: &'static str,
    /// What a document of this kind has at its top, by which a wrong file is noticed.
    marks: &'static [&'static str],
}

impl Predicate {
    /// The type of a document without a type of its own, which cosign keeps as text.
    pub const CUSTOM: &'static str = "https://cosign.sigstore.dev/attestation/v1";

    /// The type of a scan in cosign's form.
    pub const VULN: &'static str = "https://cosign.sigstore.dev/attestation/vuln/v1";

    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self {
            name: "slsaprovenance1",
            also: &[],
            uri: "https://slsa.dev/provenance/v1",
            marks: &["buildDefinition", "runDetails"],
        },
        Self {
            name: "slsaprovenance02",
            also: &["slsaprovenance"],
            uri: "https://slsa.dev/provenance/v0.2",
            marks: &["builder", "buildType"],
        },
        Self {
            name: "spdxjson",
            also: &["spdx", "spdx-json"],
            uri: "https://spdx.dev/Document",
            marks: &["spdxVersion"],
        },
        Self {
            name: "cyclonedx",
            also: &["cyclonedx-json"],
            uri: "https://cyclonedx.org/bom",
            marks: &["bomFormat"],
        },
        Self { name: "vuln", also: &[], uri: Self::VULN, marks: &["scanner", "metadata"] },
        Self {
            name: "openvex",
            also: &["vex"],
            uri: "https://openvex.dev/ns",
            marks: &["@context", "statements"],
        },
        Self {
            name: "test-result",
            also: &[],
            uri: "https://in-toto.io/attestation/test-result/v0.1",
            marks: &["result", "configuration"],
        },
        Self {
            name: "link",
            also: &[],
            uri: "https://in-toto.io/Link/v1",
            marks: &["name", "command", "materials", "products"],
        },
        Self {
            name: "scan",
            also: &[],
            uri: crate::scan_claim::PREDICATE_TYPE,
            marks: &["scan", "scanDigest"],
        },
        Self { name: "custom", also: &[], uri: Self::CUSTOM, marks: &[] },
    ];

    /// The kind that is called `name`, or has this URI.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|it| it.name == name || it.uri == name || it.also.contains(&name))
    }

    /// The kind that a document looks like; none where it looks like several or like none.
    pub fn of(document: &Value) -> Option<&'static Self> {
        let fits = |it: &&Self| !it.marks.is_empty() && it.missing(document).is_none();
        let mut fitting = Self::ALL.iter().filter(fits);
        fitting.next().filter(|_| fitting.next().is_none())
    }

    /// A field that a document of this kind has and `document` has not.
    pub fn missing(&self, document: &Value) -> Option<&'static str> {
        self.marks.iter().find(|mark| document.get(**mark).is_none()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_is_known_by_its_fields() {
        let of = |document| Predicate::of(&document).map(|it| it.name);
        assert_eq!(of(json!({"spdxVersion": "SPDX-2.3"})), Some("spdxjson"));
        assert_eq!(of(json!({"bomFormat": "CycloneDX"})), Some("cyclonedx"));
        assert_eq!(of(json!({"a": 1})), None);
    }

    #[test]
    fn names_and_uris_stand_for_one_kind_each() {
        for it in Predicate::ALL {
            assert_eq!(Predicate::named(it.name), Some(it));
            assert_eq!(Predicate::named(it.uri), Some(it));
        }
    }
}
