//! What Trivy calls the places that advisories come from.

use plimsoll_model::AdvisoryRef;
use serde_json::{Value, json};

/// Begin of our feed's name, and Trivy's id, name and address of it.
///
/// Source: `pkg/vulnsrc` of <https://github.com/aquasecurity/trivy-db>.
const KNOWN: &[(&str, &str, &str, &str)] = &[
    ("osv/Debian", "debian", "Debian Security Tracker", DEBIAN),
    ("debian", "debian", "Debian Security Tracker", DEBIAN),
    ("osv/Alpine", "alpine", "Alpine Secdb", "https://secdb.alpinelinux.org/"),
    ("alpine", "alpine", "Alpine Secdb", "https://secdb.alpinelinux.org/"),
    ("osv/Ubuntu", "ubuntu", "Ubuntu CVE Tracker", "https://git.launchpad.net/ubuntu-cve-tracker"),
    ("osv/AlmaLinux", "alma", "AlmaLinux Product Errata", "https://errata.almalinux.org/"),
    ("osv/Rocky", "rocky", "Rocky Linux updateinfo", "https://download.rockylinux.org/pub/rocky/"),
    ("osv/Wolfi", "wolfi", "Wolfi Secdb", "https://packages.wolfi.dev/os/security.json"),
    ("osv/Chainguard", "chainguard", "Chainguard Security Data", CHAINGUARD),
    (
        "osv/Photon",
        "photon",
        "Photon OS CVE metadata",
        "https://packages.vmware.com/photon/photon_cve_metadata/",
    ),
];

const DEBIAN: &str = "https://salsa.debian.org/security-tracker-team/security-tracker";
const CHAINGUARD: &str = "https://packages.cgr.dev/chainguard/security.json";

/// The source of an advisory; where Trivy has none of the kind, our feed's name.
pub(super) fn of(advisory: &AdvisoryRef) -> Value {
    let feed = advisory.feed.as_str();
    if advisory.id.starts_with("GHSA-") {
        let kind = feed.strip_prefix("osv/").unwrap_or_default();
        let kind = match kind {
            "PyPI" => "pip",
            "Packagist" => "Composer",
            "crates.io" => "Rust",
            "" => "",
            other => other,
        };
        let name = format!("GitHub Security Advisory {kind}");
        let query = "https://github.com/advisories?query=type%3Areviewed";
        let ecosystem = match kind {
            "" => String::new(),
            kind => format!("+ecosystem%3A{}", kind.to_lowercase()),
        };
        return json!({"ID": "ghsa", "Name": name.trim_end(), "URL": format!("{query}{ecosystem}")});
    }
    match KNOWN.iter().find(|(front, ..)| feed.starts_with(front)) {
        Some((_, id, name, url)) => json!({"ID": id, "Name": name, "URL": url}),
        None => json!({"ID": feed, "Name": feed}),
    }
}
