//! Mirrors of feeds made in tests.

use std::io::{Cursor, Write};

use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::machine::Machine;

/// CVSS 3.1 vectors, by the level that they amount to.
pub(crate) const CRITICAL: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
pub(crate) const HIGH: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H";
pub(crate) const MEDIUM: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N";

/// A record in OSV's format: all versions before `fixed`, or all where it is `None`.
pub(crate) fn record(
    id: &str,
    ecosystem: &str,
    package: &str,
    fixed: Option<&str>,
    cvss: &str,
) -> Value {
    let mut events = vec![json!({"introduced": "0"})];
    events.extend(fixed.map(|version| json!({"fixed": version})));
    json!({
        "schema_version": "1.6.0", "id": id, "summary": format!("A weakness of {package}"),
        "published": "2025-11-01T00:00:00Z", "modified": "2025-12-01T00:00:00Z",
        "severity": [{"type": "CVSS_V3", "score": cvss}],
        "affected": [{
            "package": {"ecosystem": ecosystem, "name": package},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }],
        "references": [{"type": "ADVISORY", "url": format!("https://example.org/{id}")}],
    })
}

/// A record with other names of the same weakness.
pub(crate) fn known_as(mut record: Value, aliases: &[&str]) -> Value {
    record["aliases"] = json!(aliases);
    record
}

/// Puts an ecosystem's archive into the folder `mirror`.
pub(crate) fn osv(machine: &Machine, ecosystem: &str, records: &[Value]) {
    machine.write(&format!("mirror/osv/{ecosystem}/all.zip"), archive(records));
}

/// The records as OSV publishes them.
pub(crate) fn archive(records: &[Value]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for record in records {
        let name = format!("{}.json", record["id"].as_str().unwrap());
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(record.to_string().as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Puts CISA's catalogue with these CVEs into the folder `mirror`.
pub(crate) fn exploited(machine: &Machine, cves: &[&str]) {
    let listed: Vec<Value> =
        cves.iter().map(|cve| json!({"cveID": cve, "dateAdded": "2025-11-20"})).collect();
    let catalogue = json!({"dateReleased": "2025-12-01T00:00:00Z", "vulnerabilities": listed});
    machine.write("mirror/kev/known_exploited_vulnerabilities.json", catalogue.to_string());
}
