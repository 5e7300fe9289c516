//! `trivy --server`: packages are listed here, and a server says what is wrong with them.
//!
//! It is asked as Trivy's own client asks it, over Twirp in JSON, so that `plimsoll serve` and Trivy's
//! server both answer.
//!
//! Source: <https://github.com/aquasecurity/trivy/tree/main/rpc>.

use anyhow::bail;
use plimsoll_model::{Inventory, Scan};
use plimsoll_supply::hash::{hex, sha256};
use serde_json::{Map, Value, json};

use super::converted::{self, list};
use crate::clock;
use crate::service::Service;

const CACHE: &str = "/twirp/trivy.cache.v1.Cache";
const SCANNER: &str = "/twirp/trivy.scanner.v1.Scanner/Scan";

/// What is asked for, beside the packages.
pub(super) struct Question<'a> {
    pub(super) address: &'a str,
    pub(super) token: Option<String>,
    pub(super) dev_dependencies: bool,
}

impl Question<'_> {
    /// What the server says of an inventory.
    pub(super) fn ask(&self, mut inventory: Inventory) -> anyhow::Result<Scan> {
        let service = Service::at(self.address, self.token.clone())?;
        let listed = Scan { inventory: inventory.clone(), ..Scan::default() };
        let report = plimsoll_report::formats::trivy::document(&listed, Vec::new(), true);
        let blob = blob(&report);
        let id = format!("sha256:{}", hex(&sha256(blob.to_string().as_bytes())));
        let name = report.get("ArtifactName").cloned().unwrap_or_default();
        posted(&service, &format!("{CACHE}/PutBlob"), &json!({"diff_id": id, "blob_info": blob}))?;
        let artifact = json!({"schema_version": 1, "created": clock::now().to_string()});
        let put = json!({"artifact_id": id, "artifact_info": artifact});
        posted(&service, &format!("{CACHE}/PutArtifact"), &put)?;
        let scan = json!({
            "target": name,
            "artifact_id": id,
            "blob_ids": [id],
            "options": {
                "pkg_types": ["os", "library"],
                "scanners": ["vuln"],
                "pkg_relationships": ["unknown", "root", "workspace", "direct", "indirect"],
                "include_dev_deps": self.dev_dependencies,
            },
        });
        let answer = posted(&service, SCANNER, &scan)?;
        let results = answer.get("results").or_else(|| answer.get("Results"));
        let results: Vec<Value> =
            results.and_then(Value::as_array).into_iter().flatten().map(result).collect();
        let findings = converted::findings(&results, &mut inventory)?;
        Ok(Scan { inventory, findings, scanned_at: Some(clock::now()), ..Scan::default() })
    }
}

fn posted(service: &Service, path: &str, body: &Value) -> anyhow::Result<Value> {
    let answer = service.post(path, body.to_string().into_bytes())?;
    if !answer.is_good() {
        bail!("trivy: {} does not answer {path}: {}", service.shown(), answer.why());
    }
    Ok(answer.body)
}

/// What a client hands over of one layer; here the whole is one.
fn blob(report: &Value) -> Value {
    let (mut system, mut languages) = (Vec::new(), Vec::new());
    for result in list(report, "Results") {
        let packages: Vec<Value> =
            list(result, "Packages").iter().map(|it| renamed(it, &snake)).collect();
        let of = |field: &str| result.get(field).cloned().unwrap_or_default();
        if of("Class") == "os-pkgs" {
            system.push(json!({"packages": packages}));
        } else {
            languages
                .push(json!({"type": of("Type"), "file_path": of("Target"), "packages": packages}));
        }
    }
    let os = report.pointer("/Metadata/OS").map(|it| renamed(it, &snake));
    json!({
        "schema_version": 2,
        "os": os.unwrap_or_default(),
        "package_infos": system,
        "applications": languages,
    })
}

/// A result of the server's, in the names of a report.
fn result(of: &Value) -> Value {
    renamed(of, &|name| {
        // protobuf's names, and what they are called in a report.
        match name {
            "vulnerability_id" | "vulnerabilityId" => "VulnerabilityID".to_owned(),
            "pkg_identifier" | "pkgIdentifier" => "PkgIdentifier".to_owned(),
            "purl" => "PURL".to_owned(),
            "cvss" => "CVSS".to_owned(),
            "primary_url" | "primaryUrl" => "PrimaryURL".to_owned(),
            "vendor_ids" | "vendorIds" => "VendorIDs".to_owned(),
            "data_source" | "dataSource" => "DataSource".to_owned(),
            "id" => "ID".to_owned(),
            "v2_vector" | "v2Vector" => "V2Vector".to_owned(),
            "v3_vector" | "v3Vector" => "V3Vector".to_owned(),
            "v40_vector" | "v40Vector" => "V40Vector".to_owned(),
            "v2_score" | "v2Score" => "V2Score".to_owned(),
            "v3_score" | "v3Score" => "V3Score".to_owned(),
            "v40_score" | "v40Score" => "V40Score".to_owned(),
            other => pascal(other),
        }
    })
}

/// A value with other names for the fields of what has fields; keys of maps by source stay.
fn renamed(value: &Value, name: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::Object(all) => {
            let mut fields = Map::new();
            for (key, inner) in all {
                let is_map = matches!(key.as_str(), "cvss" | "vendor_severity" | "vendorSeverity");
                let inner = match inner {
                    // Names of sources, whose values have fields again.
                    Value::Object(sources) if is_map => Value::Object(
                        sources.iter().map(|(key, it)| (key.clone(), renamed(it, name))).collect(),
                    ),
                    inner => renamed(inner, name),
                };
                fields.insert(name(key), inner);
            }
            Value::Object(fields)
        }
        Value::Array(all) => all.iter().map(|it| renamed(it, name)).collect(),
        other => other.clone(),
    }
}

/// `SrcVersion` as `src_version`, `PURL` as `purl`, `DiffID` as `diff_id`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut was_lower = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && was_lower {
            out.push('_');
        }
        was_lower = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// `fixed_version` and `fixedVersion` as `FixedVersion`.
fn pascal(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase())
            .into_iter()
            .chain(letters)
            .collect::<String>()
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_go_both_ways() {
        for (report, line) in [
            ("SrcVersion", "src_version"),
            ("PURL", "purl"),
            ("DiffID", "diff_id"),
            ("FilePath", "file_path"),
            ("ID", "id"),
            ("EOSL", "eosl"),
        ] {
            assert_eq!(snake(report), line);
        }
        assert_eq!(pascal("fixed_version"), "FixedVersion");
        assert_eq!(pascal("fixedVersion"), "FixedVersion");
    }

    #[test]
    fn an_answer_has_the_names_of_a_report() {
        let answer = json!({"target": "x", "vulnerabilities": [{
            "vulnerability_id": "CVE-1", "pkg_identifier": {"purl": "pkg:npm/a@1"}, "severity": 4,
            "cvss": {"nvd": {"v3_vector": "CVSS:3.1", "v3_score": 9.8}}, "vendor_severity": {"nvd": 4},
        }]});
        let expected = json!({"Target": "x", "Vulnerabilities": [{
            "VulnerabilityID": "CVE-1", "PkgIdentifier": {"PURL": "pkg:npm/a@1"}, "Severity": 4,
            "CVSS": {"nvd": {"V3Vector": "CVSS:3.1", "V3Score": 9.8}}, "VendorSeverity": {"nvd": 4},
        }]});
        assert_eq!(result(&answer), expected);
    }
}
