//! What was found of a node, as a report in its cluster.

use std::path::Path;

use anyhow::Context as _;
use plimsoll_kube::assessment::Identity;
use plimsoll_report::cis::{CisReport, cis_checks};
use plimsoll_report::resources::{MANAGER, Report, ReportKind, checks};
use serde_json::Value;

use crate::clock;
use crate::cluster::{Access, Client, is_subdomain};
use crate::exit::{Usage, tell};

/// Writes the report.
pub(super) fn publish(kubeconfig: Option<&Path>, found: &CisReport<'_>) -> anyhow::Result<()> {
    if !is_subdomain(&found.name) {
        return Err(Usage(format!("`{}` is no name of a node", found.name)).into());
    }
    let Some((access, server)) = Access::look(kubeconfig, None)? else {
        let why = "--publish: there is no kubeconfig, and this is no pod of a cluster";
        return Err(Usage(why.into()).into());
    };
    let client = Client::new(access)?;
    let node = client.get_json(&format!("/api/v1/nodes/{}", found.name));
    let node = node.with_context(|| format!("node `{}` of `{server}`", found.name))?;
    let uid = node.pointer("/metadata/uid").and_then(Value::as_str).map(str::to_owned);
    let kind = ReportKind::named("ClusterInfraAssessmentReport")
        .context("the kind of the report is unknown")?;
    let about = Identity {
        api_version: "v1".into(),
        kind: "Node".into(),
        namespace: None,
        name: found.name.clone(),
        uid,
        hash: String::new(),
    };
    let (body, counts) = checks(&cis_checks(&found.found.checks), &clock::now().to_string());
    let mut report = Report { about, counts, body, ..Report::default() };
    report.seal();
    let name = report.place(kind).name;
    let path = format!("{}/{name}", kind.path(None));
    client
        .apply(&path, MANAGER, &report.object(kind))
        .with_context(|| format!("cannot write {} `{name}`", kind.plural))?;
    tell(&format!("{} `{name}` is written", kind.plural));
    Ok(())
}
