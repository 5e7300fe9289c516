//! The distribution detectors' own cases.

use std::collections::BTreeSet;
use std::path::Path;

use plimsoll_advisory::matching::{Declared, match_inventory};
use plimsoll_model::{
    Distro, Ecosystem, EcosystemName, FixState, Inventory, Package, PackageKind, SourcePackage,
};
use serde::Deserialize;

use crate::{corpus, trivy_advisories};

#[derive(Deserialize)]
struct Case {
    id: String,
    distro: String,
    os_version: Option<String>,
    repository_release: Option<String>,
    advisories: Vec<String>,
    packages: Vec<CasePackage>,
    #[serde(default)]
    findings: Vec<CaseFinding>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct CasePackage {
    name: String,
    version: String,
    release: String,
    epoch: u32,
    arch: String,
    src_name: String,
    src_version: String,
    src_release: String,
    src_epoch: u32,
    modularitylabel: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CaseFinding {
    pkg_name: String,
    #[serde(rename = "VulnerabilityID")]
    vulnerability_id: String,
    #[serde(default)]
    fixed_version: String,
}

/// Rebuilders of other distributions' packages, whose feeds nobody publishes in the open.
const VENDORS: [&str; 4] = ["rapidfort", "seal", "rootio", "echo"];

/// Cases in which the answer here is another one, and why it is the better one.
const DIFFERENCES: [(&str, &str); 2] = [
    (
        "trivy/distro/redhat/happy path: advisories have different arches",
        "the installed version has a hyphen, which no rpm version has",
    ),
    (
        "trivy/distro/ubuntu/ubuntu 19.04-ESM, 19.04 is outdated",
        "records of the release itself count after its end too, and the report says that it ended",
    ),
];

#[test]
fn distributions_cases_give_their_findings_and_no_other() {
    let Some(folder) = corpus("trivy") else { return };
    let text = std::fs::read_to_string(folder.join("distro.jsonl")).unwrap();
    let (mut passed, mut left, mut failures) = (0, BTreeSet::new(), Vec::new());
    for line in text.lines() {
        let Some(case) = case(line) else { continue };
        if VENDORS.contains(&case.distro.as_str()) || ecosystem(&case).is_none() {
            left.insert(case.distro.clone());
            continue;
        }
        if DIFFERENCES.iter().any(|(id, _)| *id == case.id) {
            continue;
        }
        let (found, expected) = (found(&case, &folder), expected(&case));
        if found == expected {
            passed += 1;
        } else {
            failures.push(format!("{}\n  expected {expected:?}\n  found    {found:?}", case.id));
        }
    }
    println!("{passed} cases passed; skipped: vendors' variants {left:?}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(passed > 40, "only {passed} cases were run");
}

/// Rows of the file that are no cases state no findings.
fn case(line: &str) -> Option<Case> {
    serde_json::from_str(line).ok()
}

fn expected(case: &Case) -> BTreeSet<(String, String, String)> {
    let plain = |version: &str| version.strip_prefix("0:").unwrap_or(version).to_owned();
    case.findings
        .iter()
        .map(|f| (f.pkg_name.clone(), f.vulnerability_id.clone(), plain(&f.fixed_version)))
        .collect()
}

fn found(case: &Case, folder: &Path) -> BTreeSet<(String, String, String)> {
    let files: Vec<_> = case.advisories.iter().map(|file| folder.join(file)).collect();
    let database = trivy_advisories::compiled(trivy_advisories::read(&files));
    let ecosystem = ecosystem(case);
    let inventory = Inventory {
        distro: Some(Distro { id: case.distro.clone(), ecosystem, ..Distro::default() }),
        packages: case.packages.iter().map(|package| installed(case, package)).collect(),
        ..Inventory::default()
    };
    let matches = match_inventory(&inventory, &database, Declared::Counts).unwrap();
    let fixed = |fix: &FixState| {
        let version = fix.nearest().unwrap_or("");
        version.strip_prefix("0:").unwrap_or(version).to_owned()
    };
    matches.findings.iter().map(|f| (f.package.name.clone(), f.id.clone(), fixed(&f.fix))).collect()
}

fn installed(case: &Case, from: &CasePackage) -> Package {
    let kind = match case.distro.as_str() {
        "debian" | "ubuntu" => PackageKind::Deb,
        "alpine" | "wolfi" | "chainguard" | "minimos" => PackageKind::Apk,
        _ => PackageKind::Rpm,
    };
    let mut package =
        Package::new(kind, &from.name, version(from.epoch, &from.version, &from.release));
    package.arch = Some(from.arch.clone()).filter(|arch| !arch.is_empty());
    package.module = Some(from.modularitylabel.clone()).filter(|label| !label.is_empty());
    if !from.src_name.is_empty() {
        let version = version(from.src_epoch, &from.src_version, &from.src_release);
        package.source = Some(SourcePackage { name: from.src_name.clone(), version });
    }
    package
}

fn version(epoch: u32, version: &str, release: &str) -> String {
    let mut text = if epoch > 0 { format!("{epoch}:{version}") } else { version.to_owned() };
    if !release.is_empty() {
        text = format!("{text}-{release}");
    }
    text
}

/// The release as `os-release` would have it, brought to the words of the advisories.
fn ecosystem(case: &Case) -> Option<Ecosystem> {
    use EcosystemName as Name;
    let version = case.repository_release.clone().or(case.os_version.clone()).unwrap_or_default();
    let version = version.trim_end_matches("-ESM");
    let mut parts = version.split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let bucket = match case.distro.as_str() {
        "alpine" => format!("alpine {major}.{minor}"),
        "amazon" => format!("amazon linux {major}"),
        "azure" if major == "3" => "Azure Linux 3.0".into(),
        "azure" => format!("CBL-Mariner {version}"),
        "oracle" => format!("Oracle Linux {major}"),
        "photon" => format!("Photon OS {version}"),
        "redhat" => return Some(Ecosystem::with_release(Name::RedHat, major)),
        "suse" if version.is_empty() => "openSUSE Tumbleweed".into(),
        "suse" if case.id.contains("Micro") || major == "5" => {
            format!("SUSE Linux Enterprise Micro {version}")
        }
        "suse" if !case.id.contains(" sle ") => {
            format!("openSUSE Leap {version}")
        }
        "suse" => format!("SUSE Linux Enterprise {version}"),
        "ubuntu" => format!("ubuntu {version}"),
        "debian" | "alma" | "rocky" => format!("{} {major}", case.distro),
        other => other.to_owned(),
    };
    trivy_advisories::distribution(&bucket)
}
