//! Grype on the images, by the same advisories: they are put into a database of its own layout, which it imports.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::differences::{Comparison, Differences};
use super::{inputs, text, theirs};
use crate::machine::{Machine, Ran};
use crate::peers::{fed, peer};

const PAGE: &str = "from-grype.md";

/// The layout of version 6, as far as these advisories fill it; what is not here Grype makes itself.
///
/// Source: <https://github.com/anchore/grype/blob/v0.121.2/grype/db/v6/models.go>.
const LAYOUT: &str = "\
CREATE TABLE db_metadata (build_timestamp datetime NOT NULL, model integer NOT NULL, revision integer NOT NULL, addition integer NOT NULL);
CREATE TABLE providers (id text, version text, processor text, date_captured datetime, input_digest text, PRIMARY KEY (id));
CREATE TABLE blobs (id integer PRIMARY KEY AUTOINCREMENT, value text NOT NULL);
CREATE TABLE vulnerability_handles (id integer PRIMARY KEY AUTOINCREMENT, name text NOT NULL, status text NOT NULL, published_date datetime, modified_date datetime, withdrawn_date datetime, provider_id text NOT NULL, blob_id integer);
CREATE TABLE vulnerability_aliases (name text, alias text NOT NULL, PRIMARY KEY (name, alias));
CREATE TABLE operating_systems (id integer PRIMARY KEY AUTOINCREMENT, name text, release_id text, major_version text, minor_version text, label_version text, codename text, channel text, eol_date datetime, eoas_date datetime);
CREATE TABLE packages (id integer PRIMARY KEY AUTOINCREMENT, ecosystem text, name text);
CREATE TABLE affected_package_handles (id integer PRIMARY KEY AUTOINCREMENT, vulnerability_id integer NOT NULL, operating_system_id integer, package_id integer, blob_id integer);
INSERT INTO db_metadata VALUES ('2025-12-31 00:00:00+00:00', 6, 1, 10);
INSERT INTO operating_systems VALUES (1, 'debian', 'debian', '12', '', '', 'bookworm', '', NULL, NULL);
INSERT INTO operating_systems VALUES (2, 'alpine', 'alpine', '3', '20', '', '', '', NULL, NULL);
";

/// Provider, kind of package, order of versions and system of an ecosystem.
fn kind(ecosystem: &str) -> (&'static str, &'static str, &'static str, &'static str) {
    match ecosystem {
        "Debian:12" => ("debian", "deb", "dpkg", "1"),
        "Alpine:v3.20" => ("alpine", "apk", "apk", "2"),
        "npm" => ("github", "npm", "semver", "NULL"),
        "PyPI" => ("github", "python", "python", "NULL"),
        "RubyGems" => ("github", "gem", "gem", "NULL"),
        "Maven" => ("github", "java-archive", "maven", "NULL"),
        "NuGet" => ("github", "dotnet", "semver", "NULL"),
        "Packagist" => ("github", "php-composer", "semver", "NULL"),
        "Go" => ("github", "go-module", "go", "NULL"),
        "crates.io" => ("github", "rust-crate", "semver", "NULL"),
        other => panic!("no kind of package for {other}"),
    }
}

/// Statements that put an advisory there.
fn statements(record: &Value, out: &mut String) {
    let quoted = |value: &Value| format!("'{}'", text(value).replace('\'', "''"));
    let affected = &record["affected"][0];
    let (provider, ecosystem, order, system) =
        kind(affected["package"]["ecosystem"].as_str().unwrap());
    let id =
        text(&record["id"]).trim_start_matches("DEBIAN-").trim_start_matches("ALPINE-").to_owned();
    let mut vulnerability = |provider: &str, id: &str| {
        let link = &record["references"][0]["url"];
        let (page, source) = match provider {
            "nvd" => {
                (format!("https://nvd.nist.gov/vuln/detail/{id}"), "security-advisories@github.com")
            }
            "github" => {
                (format!("https://github.com/advisories/{id}"), "security-advisories@github.com")
            }
            distro => (format!("https://{distro}.example/{id}"), distro),
        };
        // NVD has every CVE, not always with a rating.
        let rating = json!({
            "scheme": "CVSS", "value": {"vector": record["severity"][0]["score"], "version": "3.1"},
            "source": source, "rank": 1,
        });
        let is_rated = provider != "nvd" || !record["aliases"].is_null();
        let body = json!({
            "id": id, "description": record["summary"], "aliases": record["aliases"],
            "refs": [{"url": page}, {"url": link}],
            "severities": if is_rated { json!([rating]) } else { json!([]) },
        });
        let body = quoted(&body);
        writeln!(
            out,
            "INSERT OR IGNORE INTO providers VALUES ('{provider}', '1', 'vunnel', '2025-12-31 00:00:00+00:00', 'sha256:0');
INSERT INTO blobs (value) VALUES ({body});
INSERT INTO vulnerability_handles (name, status, published_date, modified_date, provider_id, blob_id) VALUES
('{id}', 'active', '2025-11-01 00:00:00+00:00', '2025-12-01 00:00:00+00:00', '{provider}', (SELECT max(id) FROM blobs));"
        )
        .unwrap();
    };
    // It is what is related to others' records.
    for cve in record["aliases"].as_array().into_iter().flatten() {
        vulnerability("nvd", &text(cve));
    }
    if id.starts_with("CVE-") {
        vulnerability("nvd", &id);
    }
    vulnerability(provider, &id);
    for cve in record["aliases"].as_array().into_iter().flatten() {
        writeln!(out, "INSERT INTO vulnerability_aliases VALUES ('{id}', {});", quoted(cve))
            .unwrap();
    }
    let fixed = &affected["ranges"][0]["events"][1]["fixed"];
    let range = match fixed.as_str() {
        Some(fixed) => json!({
            "version": {"type": order, "constraint": format!("<{fixed}")},
            "fix": {"version": fixed, "state": "fixed"},
        }),
        None => json!({
            "version": {"type": order, "constraint": ""}, "fix": {"state": "not-fixed"},
        }),
    };
    let body = quoted(&json!({ "ranges": [range] }));
    let name = quoted(&affected["package"]["name"]);
    writeln!(
        out,
        "INSERT INTO packages (ecosystem, name) SELECT '{ecosystem}', {name}
WHERE NOT EXISTS (SELECT 1 FROM packages WHERE ecosystem = '{ecosystem}' AND name = {name});
INSERT INTO affected_package_handles (vulnerability_id, operating_system_id, package_id, blob_id)
VALUES ((SELECT max(id) FROM vulnerability_handles), {system},
(SELECT id FROM packages WHERE ecosystem = '{ecosystem}' AND name = {name}), NULL);
INSERT INTO blobs (value) VALUES ({body});
UPDATE affected_package_handles SET blob_id = (SELECT max(id) FROM blobs) WHERE blob_id IS NULL;"
    )
    .unwrap();
}

/// Puts the advisories into `grype.db`; false where there is no sqlite3.
fn database(machine: &Machine, records: &[Value]) -> bool {
    let Some(sqlite) = peer("sqlite3") else { return false };
    let mut text = LAYOUT.to_owned();
    for record in records {
        statements(record, &mut text);
    }
    let mut sqlite = Command::new(sqlite);
    fed(sqlite.args(["-bail", "grype.db"]).current_dir(machine.path(".")), &text);
    true
}

const COMPARISON: Comparison = Comparison {
    known_by: &[
        ("matches", |it| {
            let artifact = &it["artifact"];
            format!(
                "{} {} {}",
                text(&it["vulnerability"]["id"]),
                text(&artifact["name"]),
                text(&artifact["version"])
            )
        }),
        ("matches[].relatedVulnerabilities", |it| text(&it["id"])),
        ("matches[].artifact.locations", |it| text(&it["path"])),
    ],
    kinds: &[("matches", |it| text(&it["artifact"]["type"]))],
    left_out: &[
        "descriptor.name",
        "descriptor.version",
        "descriptor.timestamp",
        "descriptor.db.status.built",
        "matches[].artifact.id",
    ],
    told: &[
        "matches[].artifact.language",
        "matches[].matchDetails[].matcher",
        "matches[].matchDetails[].type",
        "matches[].vulnerability.severity",
        "matches[].vulnerability.fix.state",
        "matches[].vulnerability.namespace",
        "matches[].vulnerability.cvss[].source",
        "matches[].vulnerability.cvss[].type",
    ],
};

const VARIABLES: [(&str, &str); 4] = [
    ("GRYPE_CHECK_FOR_APP_UPDATE", "false"),
    ("GRYPE_DB_AUTO_UPDATE", "false"),
    ("GRYPE_DB_VALIDATE_AGE", "false"),
    ("GRYPE_DB_CACHE_DIR", "grype"),
];

/// Grype with the advisories, beside ours with the same ones.
struct Place {
    grype: PathBuf,
    machine: Machine,
}

impl Place {
    fn new() -> Option<Self> {
        let grype = peer("grype")?;
        let machine = inputs::machine();
        let records = inputs::advisories(&machine);
        let place = Self { grype, machine };
        database(&place.machine, &records).then(|| {
            place.real("db import grype.db").ended(0);
            place
        })
    }

    fn real(&self, words: &str) -> Ran {
        theirs(&self.grype, &self.machine, &VARIABLES, words)
    }

    fn ours(&self, words: &str) -> Ran {
        self.machine.run(&format!("as grype {words}"))
    }
}

#[test]
fn grypes_json_is_ours_by_the_same_advisories() {
    let Some(place) = Place::new() else { return };
    let mut differences = Differences::default();
    for source in ["docker-archive:debian.tar", "alpine.tar", "dir:shop"] {
        let words = format!("-q --by-cve -o json {source}");
        let (real, ours) = (place.real(&words).ended(0).json(), place.ours(&words).ended(0).json());
        assert_ne!(real["matches"], json!([]), "{source}");
        differences.compare(&COMPARISON, source, &real, &ours);
    }
    differences.are_those_of(PAGE, "## Its JSON, field by field", true);
}

#[test]
fn grype_itself_ends_with_the_same_codes() {
    let Some(place) = Place::new() else { return };
    for words in [
        "-q debian.tar",
        "-q debian.tar --fail-on critical",
        "-q debian.tar --fail-on medium --only-notfixed",
        "-q debian.tar --fail-on high --only-notfixed",
        "-q dir:shop --fail-on critical --only-fixed",
        "-q missing.tar",
        "-q debian.tar --fail-on worst",
        "-q debian.tar -o nosuch",
    ] {
        let (real, ours) = (place.real(words), place.ours(words));
        assert_eq!(ours.code, real.code, "{words}: {}{}", real.said(), ours.said());
    }
}

/// Weakness, package and version of each match.
fn found(document: &Value) -> BTreeSet<String> {
    let of = |it: &Value| {
        let package = &it["artifact"];
        let id = &it["vulnerability"]["id"];
        // In SBOMs Python's names are as their metadata has them, and Maven's have their group.
        let name = text(&package["name"]).to_lowercase();
        let name = name.rsplit_once(':').map_or(name.as_str(), |(_, artifact)| artifact);
        format!("{} {name} {}", text(id), text(&package["version"]))
    };
    document["matches"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn grype_finds_in_our_documents_what_it_finds_in_the_image() {
    let Some(place) = Place::new() else { return };
    for image in ["debian", "alpine"] {
        let formats = ["syft-json", "cyclonedx-json", "spdx-json"];
        let files: Vec<String> = formats.iter().map(|it| format!("-o {it}={image}.{it}")).collect();
        place.machine.run(&format!("as syft -q {image}.tar {}", files.join(" "))).ended(0);
        let whole = found(&place.real(&format!("-q -o json {image}.tar")).ended(0).json());
        for format in formats {
            let words = format!("-q -o json sbom:{image}.{format}");
            let read = found(&place.real(&words).ended(0).json());
            assert_eq!(read, whole, "{image}.{format}");
        }
    }
}
