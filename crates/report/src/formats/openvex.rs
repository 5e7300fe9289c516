//! OpenVEX: what was never loaded while it was watched, as statements for others.
//!
//! Only that is said: what was loaded, or could not be observed, has no statement, because neither
//! is known to be harmless. Each statement tells when it was watched.
//!
//! Source: <https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>.

use std::io::{self, Write};

use plimsoll_model::{Finding, Loaded, Scan};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Format;
use crate::{Style, loaded};

pub(super) const FORMAT: Format = Format {
    name: "openvex",
    about: "what was never loaded, as OpenVEX 0.2.0",
    needs_loaded: true,
    write,
};

fn write(scan: &Scan, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let timestamp = scan.scanned_at.map(|at| at.to_string()).unwrap_or_default();
    let product = product(scan);
    let statements: Vec<Value> =
        scan.findings.iter().filter_map(|finding| statement(finding, &product)).collect();
    let content = serde_json::to_vec(&(&timestamp, &statements))?;
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, &content);
    let document = json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": format!("https://openvex.dev/docs/public/vex-{}", id.simple()),
        "author": "plimsoll",
        "role": "Runtime observation",
        "timestamp": timestamp,
        "version": 1,
        "tooling": concat!("plimsoll ", env!("CARGO_PKG_VERSION")),
        "statements": statements,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

/// The image: a package URL of its digest, or the name that the user gave.
///
/// Source: <https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md>.
fn product(scan: &Scan) -> String {
    let artifact = &scan.inventory.artifact;
    let reference = artifact.names.first().unwrap_or(&artifact.reference);
    let Some(digest) = artifact.manifest_digest.as_ref().or(artifact.config_digest.as_ref()) else {
        return reference.clone();
    };
    let bare = reference.split('@').next().unwrap_or(reference);
    let last = bare.rsplit('/').next().unwrap_or(bare);
    let name = last.split(':').next().unwrap_or(last);
    let name: String = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c))
        .collect::<String>()
        .to_ascii_lowercase();
    let name = if name.is_empty() { "image" } else { &name };
    format!("pkg:oci/{name}@{}%3A{}", digest.algorithm().name(), digest.hex())
}

fn statement(finding: &Finding, product: &str) -> Option<Value> {
    let never = finding.loaded.as_ref().filter(|it| matches!(it, Loaded::Never { .. }))?;
    let (_, until) = never.never()?;
    Some(json!({
        "vulnerability": {"name": finding.id, "aliases": finding.aliases},
        "products": [{
            "@id": product,
            "subcomponents": [{"@id": finding.package.purl}],
        }],
        "timestamp": until.to_string(),
        "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path",
        "impact_statement": format!("Observed at run time: {}.", loaded::sentence(never)),
    }))
}
