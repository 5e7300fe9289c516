//! Everything, for programs.

use std::io::{self, Write};

use plimsoll_kube::assessment::{Home, Node, Other, Row, Said};
use plimsoll_kube::pss::Modes;
use plimsoll_kube::rbac::{Path, Step};
use plimsoll_model::Severity;
use serde_json::{Map, Value, json};

use super::{
    ClusterFormat, ClusterScan, ImageScan, LEVELS, Severities, Vulnerability, levels, put,
};
use crate::Style;

pub(super) const FORMAT: ClusterFormat =
    ClusterFormat { name: "json", about: "everything, in a layout of our own", write };

/// The name and version of the layout.
const SCHEMA: &str = "plimsoll.cluster-scan/v1";

fn write(scan: &ClusterScan<'_>, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let found = scan.assessment;
    let severities = Severities::of(&scan.images);
    let support = |version: &str| {
        json!({ "version": version, "support": scan.support(version).about(),
            "ended": scan.support(version).has_ended() })
    };
    let kubelets: Vec<Value> = found
        .kubelets
        .iter()
        .map(|(version, nodes)| {
            let mut one = support(version);
            put(&mut one, "nodes", json!(nodes));
            one
        })
        .collect();
    let document = json!({
        "schema": SCHEMA,
        "cluster": scan.name,
        "namespace": scan.namespace,
        "scannedAt": scan.scanned_at,
        "server": scan.server.as_deref().map(support),
        "kubelets": kubelets,
        "components": scan.components().into_iter().map(|one| json!({
            "name": one.name,
            "version": one.version,
            "nodes": one.nodes,
            "support": one.support.about(),
            "ended": one.support.has_ended(),
        })).collect::<Vec<_>>(),
        "skews": scan.skews(),
        "stopped": scan.stopped,
        "objects": found.counts,
        "namespaces": found.namespaces.iter().map(|(name, home)| namespace(name, home))
            .collect::<Vec<_>>(),
        "workloads": found.workloads.iter().map(|row| workload(scan, &severities, row))
            .collect::<Vec<_>>(),
        "nodes": found.nodes.iter().map(|(name, node)| self::node(scan, &severities, name, node))
            .collect::<Vec<_>>(),
        "others": found.others.iter().map(|other| self::other(scan, other)).collect::<Vec<_>>(),
        "images": found.images.iter().enumerate().map(|(number, image)| json!({
            "names": image.names,
            "digest": image.digest,
            "pods": image.pods,
            "scan": scan.images.get(number)
                .map(|one| self::image(scan, one, severities.of_image(number))),
        })).collect::<Vec<_>>(),
        "access": scan.ways.iter().map(path).collect::<Vec<_>>(),
        "reached": found.reach.reached,
        "unread": found.reach.unread,
        "advisories": scan.data,
        "missing": scan.missing,
        "failed": scan.failed,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn namespace(name: &str, home: &Home) -> Value {
    let modes = home.modes.map(|Modes { enforce, audit, warn }| {
        json!({ "enforce": enforce.to_string(), "audit": audit.to_string(),
            "warn": warn.to_string() })
    });
    let [baseline, restricted] = home.forbidden;
    json!({
        "name": name,
        "workloads": home.workloads,
        "meets": home.meets().name(),
        "labels": modes,
        "forbidden": { "baseline": baseline, "restricted": restricted },
        "networkPolicies": home.policies,
        "openWorkloads": home.open,
    })
}

fn workload(scan: &ClusterScan<'_>, severities: &Severities, row: &Row) -> Value {
    let mut one = json!({
        "namespace": row.namespace,
        "kind": row.kind,
        "name": row.name,
        "pods": row.pods,
        "images": row.images,
        "serviceAccount": row.account,
        "meets": row.meets.name(),
        "exposedBy": scan.exposed(row),
        "levels": of_levels(&row.findings),
    });
    if !scan.images.is_empty() {
        put(&mut one, "vulnerabilities", of_severities(severities.together(&row.images)));
    }
    if scan.is_whole {
        put(&mut one, "findings", row.findings.iter().map(said).collect());
    }
    one
}

fn node(scan: &ClusterScan<'_>, severities: &Severities, name: &str, node: &Node) -> Value {
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let counts = scan.levels_of(node);
    let levels = LEVELS.iter().zip(counts).map(|(level, count)| (level.to_string(), json!(count)));
    let mut one = json!({
        "name": name,
        "kubelet": said(&node.kubelet),
        "kubeProxy": said(&node.proxy),
        "runtime": said(&node.runtime),
        "system": said(&node.system),
        "kernel": said(&node.kernel),
        "pods": node.pods,
        "workloads": node.workloads,
        "images": node.images,
        "levels": Value::Object(levels.collect::<Map<_, _>>()),
    });
    if !scan.images.is_empty() {
        put(&mut one, "vulnerabilities", of_severities(severities.together(&node.images)));
    }
    one
}

fn other(scan: &ClusterScan<'_>, other: &Other) -> Value {
    let mut one = json!({
        "namespace": other.namespace,
        "kind": other.kind,
        "name": other.name,
        "levels": of_levels(&other.findings),
    });
    if scan.is_whole {
        put(&mut one, "findings", other.findings.iter().map(said).collect());
    }
    one
}

fn image(scan: &ClusterScan<'_>, image: &ImageScan, counts: [usize; 6]) -> Value {
    let mut one = json!({
        "reference": image.reference,
        "distribution": image.distro,
        "problem": image.problem,
        "vulnerabilities": of_severities(counts),
    });
    if scan.is_whole {
        put(&mut one, "findings", image.findings.iter().map(vulnerability).collect());
    }
    one
}

fn vulnerability(one: &Vulnerability) -> Value {
    json!({
        "id": one.id,
        "package": one.package,
        "version": one.version,
        "fixed": one.fixed,
        "severity": one.severity,
        "title": one.title,
        "exploited": one.is_exploited,
    })
}

fn said(said: &Said) -> Value {
    json!({
        "rule": said.rule.id,
        "level": said.level.to_string(),
        "message": said.message,
        "times": said.times,
    })
}

fn of_levels(findings: &[Said]) -> Value {
    let counts = levels(findings);
    let pairs = LEVELS.iter().zip(counts).map(|(level, count)| (level.to_string(), json!(count)));
    Value::Object(pairs.collect::<Map<_, _>>())
}

fn of_severities(counts: [usize; 6]) -> Value {
    let pairs = Severity::ALL.iter().zip(counts);
    let pairs = pairs.map(|(level, count)| (level.name().to_owned(), json!(count)));
    Value::Object(pairs.collect::<Map<_, _>>())
}

fn path(path: &Path<'_>) -> Value {
    let step = |step: &Step<'_>| {
        json!({ "may": step.how, "becomes": step.becomes,
            "binding": step.by.map(|(binding, _)| &binding.name) })
    };
    json!({
        "from": path.from.to_string(),
        "steps": path.steps.iter().map(step).collect::<Vec<_>>(),
    })
}
