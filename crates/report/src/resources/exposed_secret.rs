//! Secrets in images. Nothing here looks for them; the kind is there for those who list it.

use super::ReportKind;
use super::checks::SCANNER;
use super::definition::{AGE, Field, Shape, column, field};
use super::image::{ARTIFACT, REGISTRY};

pub(super) static KIND: ReportKind = ReportKind {
    kind: "ExposedSecretReport",
    plural: "exposedsecretreports",
    short: &["exposedsecret", "exposedsecrets"],
    is_namespaced: true,
    about: "Secrets in files of an image.",
    columns: &[
        column("Repository", "string", ".report.artifact.repository", "The image's repository"),
        column("Tag", "string", ".report.artifact.tag", "The image's tag"),
        column("Scanner", "string", ".report.scanner.name", "Who looked"),
        AGE,
        column("Critical", "integer", ".report.summary.criticalCount", "Critical").wide(),
        column("High", "integer", ".report.summary.highCount", "High").wide(),
        column("Medium", "integer", ".report.summary.mediumCount", "Medium").wide(),
        column("Low", "integer", ".report.summary.lowCount", "Low").wide(),
    ],
    fields: FIELDS,
    has_status: false,
};

const SECRET: &[Field] = &[
    field("target", Shape::Text, "Where it is."),
    field("ruleID", Shape::Text, "What found it."),
    field("title", Shape::Text, ""),
    field("category", Shape::Text, ""),
    field("severity", Shape::Word(&["CRITICAL", "HIGH", "MEDIUM", "LOW"]), ""),
    field("match", Shape::Text, "What it looks like."),
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
                field("criticalCount", Shape::Count, ""),
                field("highCount", Shape::Count, ""),
                field("mediumCount", Shape::Count, ""),
                field("lowCount", Shape::Count, ""),
            ]),
            "How many there are.",
        ),
        field("secrets", Shape::List(&Shape::Object(SECRET)), "The secrets."),
    ]),
    "The secrets of an image.",
)];
