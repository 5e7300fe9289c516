//! How a standard came out.

use plimsoll_kube::compliance::Standard;
use serde_json::{Value, json};

use super::ReportKind;
use super::checks::SEVERITIES;
use super::definition::{AGE, Field, Shape, column, field};

pub(super) static KIND: ReportKind = ReportKind {
    kind: "ClusterComplianceReport",
    plural: "clustercompliancereports",
    short: &["compliance"],
    is_namespaced: false,
    about: "A standard, and what the cluster shows of it.",
    columns: &[
        AGE,
        column("Fail", "integer", ".status.summary.failCount", "Controls that failed").wide(),
        column("Pass", "integer", ".status.summary.passCount", "Controls that passed").wide(),
    ],
    fields: FIELDS,
    has_status: true,
};

const CONTROL: &[Field] = &[
    field("id", Shape::Text, "Its number."),
    field("name", Shape::Text, "Its title."),
    field("description", Shape::Text, "").optional(),
    field("checks", Shape::List(&Shape::Open), "").optional(),
    field("commands", Shape::List(&Shape::Open), "").optional(),
    field("severity", Shape::Word(SEVERITIES), ""),
    field("defaultStatus", Shape::Text, "").optional(),
];

const FIELDS: &[Field] = &[
    field(
        "spec",
        Shape::Object(&[
            field("cron", Shape::Text, "How often; told for readers of other reports."),
            field("reportType", Shape::Word(&["summary", "all"]), ""),
            field(
                "compliance",
                Shape::Object(&[
                    field("id", Shape::Text, ""),
                    field("title", Shape::Text, ""),
                    field("description", Shape::Text, ""),
                    field("version", Shape::Text, ""),
                    field("relatedResources", Shape::List(&Shape::Text), ""),
                    field("platform", Shape::Text, ""),
                    field("type", Shape::Text, ""),
                    field("controls", Shape::List(&Shape::Object(CONTROL)), ""),
                ]),
                "The standard.",
            ),
        ]),
        "Which standard.",
    )
    .optional(),
    field(
        "status",
        Shape::Object(&[
            field(
                "summary",
                Shape::Object(&[
                    field("failCount", Shape::Count, "").optional(),
                    field("passCount", Shape::Count, "").optional(),
                ]),
                "",
            )
            .optional(),
            field("updateTimestamp", Shape::Time, "When it was last changed."),
            field("summaryReport", Shape::Open, "").optional(),
            field("detailReport", Shape::Open, "").optional(),
        ]),
        "How it came out.",
    )
    .optional(),
];

/// How many objects are against each control of a standard, by its place; `None` where nothing was
/// there that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controls(pub Vec<Option<usize>>);

/// Spec and status of a report on a standard.
pub fn compliance(standard: &Standard, found: &Controls, now: &str) -> Value {
    let controls: Vec<Value> = standard
        .controls
        .iter()
        .map(|control| {
            json!({ "id": control.id, "name": control.title, "severity": control.severity })
        })
        .collect();
    let told: Vec<Value> = standard
        .controls
        .iter()
        .zip(&found.0)
        .map(|(control, fails)| {
            // As trivy-operator: a control that was not judged has no figure.
            match fails {
                Some(fails) => json!({ "id": control.id, "name": control.title,
                    "severity": control.severity, "totalFail": fails }),
                None => json!({ "id": control.id, "name": control.title,
                    "severity": control.severity }),
            }
        })
        .collect();
    let failed = found.0.iter().filter(|one| one.is_some_and(|fails| fails > 0)).count();
    let passed = found.0.iter().filter(|one| **one == Some(0)).count();
    let version = standard.id.rsplit_once('-').map_or("", |(_, version)| version);
    json!({
        "spec": {
            "cron": "0 */6 * * *",
            "reportType": "summary",
            "compliance": { "id": standard.id, "title": standard.title,
                "description": standard.title, "version": version,
                "relatedResources": [standard.source], "platform": "k8s", "type": standard.name,
                "controls": controls },
        },
        "status": {
            "summary": { "failCount": failed, "passCount": passed },
            "updateTimestamp": now,
            "summaryReport": { "id": standard.id, "title": standard.title,
                "controlCheck": told },
        },
    })
}
