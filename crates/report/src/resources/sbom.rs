//! The packages of an image, as a CycloneDX document.

use serde_json::{Value, json};

use super::checks::{SCANNER, scanner};
use super::definition::{AGE, Column, Field, Shape, column, field};
use super::image::{ARTIFACT, REGISTRY};
use super::{Artifact, MAX_REPORT, ReportKind};

pub(super) static KIND: ReportKind = ReportKind {
    kind: "SbomReport",
    plural: "sbomreports",
    short: &["sbom", "sboms"],
    is_namespaced: true,
    about: "The packages of the image of a container.",
    columns: COLUMNS,
    fields: FIELDS,
    has_status: false,
};

pub(super) static OF_CLUSTER: ReportKind = ReportKind {
    kind: "ClusterSbomReport",
    plural: "clustersbomreports",
    short: &["clustersbom"],
    is_namespaced: false,
    about: "The packages of a part of the cluster itself.",
    columns: COLUMNS,
    fields: FIELDS,
    has_status: false,
};

const COLUMNS: &[Column] = &[
    column("Repository", "string", ".report.artifact.repository", "The image's repository"),
    column("Tag", "string", ".report.artifact.tag", "The image's tag"),
    column("Scanner", "string", ".report.scanner.name", "Who looked"),
    AGE,
    column("Components", "integer", ".report.summary.componentsCount", "Packages").wide(),
    column("Dependencies", "integer", ".report.summary.dependenciesCount", "Dependencies").wide(),
];

const FIELDS: &[Field] = &[field(
    "report",
    Shape::Object(&[
        field("updateTimestamp", Shape::Time, "When it was last changed."),
        SCANNER,
        REGISTRY,
        ARTIFACT,
        field(
            "summary",
            Shape::Object(&[
                field("componentsCount", Shape::Count, ""),
                field("dependenciesCount", Shape::Count, ""),
            ]),
            "How much is in it.",
        ),
        field("components", Shape::Open, "The document, CycloneDX."),
    ]),
    "The packages of an image.",
)];

/// The body of a report with a CycloneDX document, and whether its packages had to be left out because
/// the API server would not take a report that large; the figures count them.
pub fn sbom(document: &Value, artifact: &Artifact, now: &str) -> (Value, bool) {
    let length = |name: &str| document.get(name).and_then(Value::as_array).map_or(0, Vec::len);
    let is_large = document.to_string().len() > MAX_REPORT;
    let mut kept = document.clone();
    if let (true, Value::Object(fields)) = (is_large, &mut kept) {
        for name in ["components", "dependencies"] {
            fields.insert(name.into(), json!([]));
        }
    }
    let (registry, image) = artifact.fields();
    let body = json!({ "report": {
        "updateTimestamp": now,
        "scanner": scanner(),
        "registry": registry,
        "artifact": image,
        "summary": { "componentsCount": length("components"),
            "dependenciesCount": length("dependencies") },
        "components": kept,
    } });
    (body, is_large)
}
