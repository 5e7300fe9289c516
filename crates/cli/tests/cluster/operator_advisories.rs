//! `plimsoll kube operator` when the advisories change: what is reported follows.

use std::path::Path;

use plimsoll_advisory::database::{Enrichment, compile};
use plimsoll_model::{Advisory, Affected, Range, RangeKind};
use plimsoll_testkit::{Compression, DockerRegistry, Image};
use reqwest::Method;
use serde_json::Value;

use crate::operator::{FLAGS, Running, deploy, installed, items, until};
use crate::server::Cluster;

fn record(id: &str, fixed: &str) -> Advisory {
    let mut record = Advisory::new(id, "osv/debian");
    record.affected.push(Affected::in_ranges(
        "Debian:12".parse().unwrap(),
        "openssl",
        vec![Range::below(RangeKind::Ecosystem, fixed)],
    ));
    record
}

/// Puts a database in the place of another, as `db update` does.
fn put(folder: &Path, records: Vec<Advisory>) {
    let new = folder.join("new");
    compile(records.into_iter(), &Enrichment::default(), &new).unwrap();
    std::fs::rename(new, folder.join("advisories.db")).unwrap();
}

#[test]
fn reports_follow_the_advisories_in_both_directions() {
    let Some(cluster) = Cluster::start(&FLAGS) else { return };
    let registry = match DockerRegistry::start(None, None) {
        Ok(registry) => registry,
        Err(why) => return println!("skipped: {why}"),
    };
    let layout = cluster.at("layout");
    let status = "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: \
                  3.0.1-1\n\n";
    Image::new()
        .layer(
            "COPY a",
            &[
                ("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
                ("var/lib/dpkg/status", status),
            ],
        )
        .write_oci_dir(Compression::Gzip, &layout);
    if let Err(why) = registry.push(&layout, "app:1") {
        return println!("skipped: {why}");
    }
    let host = registry.host().to_owned();
    let answer = cluster
        .client
        .request(Method::HEAD, format!("http://{host}/v2/app/manifests/1"))
        .header("Accept", "application/vnd.oci.image.manifest.v1+json")
        .send()
        .unwrap();
    let digest = answer.headers()["docker-content-digest"].to_str().unwrap().to_owned();
    let folder = cluster.at("db");
    std::fs::create_dir(&folder).unwrap();
    put(&folder, vec![record("DEBIAN-CVE-2025-0001", "3.0.2-1")]);

    let admin = installed(&cluster);
    cluster.namespace("shop", &[]);
    deploy(&cluster, "web", &format!("{host}/app:1"), &format!("{host}/app@{digest}"));
    let shown = folder.display().to_string();
    let arguments = ["--reports", "vulnerability", "--insecure-registry", &host, "--db", &shown];
    let running = Running::start(&cluster, &admin, "a", &arguments);
    let reported = || -> Vec<String> {
        let reports = items(&cluster, "namespaces/shop/vulnerabilityreports");
        let all =
            reports.iter().flat_map(|one| one["report"]["vulnerabilities"].as_array().unwrap());
        let id = |it: &Value| it["vulnerabilityID"].as_str().unwrap().to_owned();
        let mut all: Vec<String> = all.map(id).collect();
        all.sort();
        all
    };
    until("what is known is reported", &[&running], || reported() == ["CVE-2025-0001"]);

    put(
        &folder,
        vec![record("DEBIAN-CVE-2025-0001", "3.0.2-1"), record("DEBIAN-CVE-2025-0002", "3.0.3-1")],
    );
    until("what is new is reported", &[&running], || {
        reported() == ["CVE-2025-0001", "CVE-2025-0002"]
    });
    // An advisory that is corrected takes its finding back.
    put(&folder, vec![record("DEBIAN-CVE-2025-0002", "3.0.3-1")]);
    until("what is no more is not", &[&running], || reported() == ["CVE-2025-0002"]);
}
