//! Every pair with its three verdicts, for programs; one probe a line.

use std::io::{self, Write};

use plimsoll_kube::netpol::{Direction, Matrix, Network, Policy};
use serde_json::json;

use super::{Pairs, ReachFormat};
use crate::Style;

pub(super) const FORMAT: ReachFormat =
    ReachFormat { name: "json", about: "every pair with its three verdicts", write };

/// The name and version of the layout.
const SCHEMA: &str = "plimsoll.netpol-matrix/v1";

fn write(pairs: &Pairs<'_>, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let network = pairs.network;
    let cluster = network.cluster;
    writeln!(out, "{{\"schema\":{},", json!(SCHEMA))?;
    list("pods", (0..cluster.pods.len()).map(|pod| pod_of(network, pod)), ",", out)?;
    list("policies", cluster.policies.iter().map(policy_of), ",", out)?;
    let mut matrix = Matrix::new(network);
    let names: Vec<String> =
        (0..cluster.pods.len()).map(|pod| json!(network.name(pod)).to_string()).collect();
    write!(out, "\"probes\":[")?;
    let mut comma = "";
    for target in pairs.targets() {
        let Some(row) = matrix.row(target.to, target.port, target.protocol) else { continue };
        let to = names.get(target.to).map_or("\"\"", String::as_str);
        let tail = format!(
            "\"to\":{to},\"port\":{},\"port_name\":{},\"protocol\":\"{}\"",
            target.port,
            json!(target.name),
            target.protocol
        );
        for (from, name) in names.iter().enumerate() {
            let (ingress, egress) = (row.ingress(from), row.egress(from));
            let allowed = ingress && egress;
            write!(
                out,
                "{comma}\n{{\"from\":{name},{tail},\"allowed\":{allowed},\
                 \"ingress_allowed\":{ingress},\"egress_allowed\":{egress}}}"
            )?;
            comma = ",";
        }
    }
    writeln!(out, "\n]}}")
}

fn pod_of(network: &Network<'_>, number: usize) -> serde_json::Value {
    let Some(pod) = network.cluster.pods.get(number) else { return serde_json::Value::Null };
    let isolated = |direction| network.isolation(number, direction).is_isolated();
    let ports: Vec<_> = pod
        .ports
        .iter()
        .map(|one| json!({"name": one.name, "port": one.number, "protocol": one.protocol.name()}))
        .collect();
    json!({
        "name": network.name(number), "kind": pod.kind, "labels": pod.labels, "ips": pod.addresses,
        "ports": ports, "host_network": pod.host_network,
        "isolated_ingress": isolated(Direction::Ingress),
        "isolated_egress": isolated(Direction::Egress),
        "place": pod.place.as_ref().map(ToString::to_string),
    })
}

fn policy_of(policy: &Policy) -> serde_json::Value {
    json!({
        "name": policy.called(), "isolates_ingress": policy.isolates_ingress,
        "isolates_egress": policy.isolates_egress, "place": policy.place.to_string(),
    })
}

fn list(
    name: &str,
    items: impl Iterator<Item = serde_json::Value>,
    end: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    write!(out, "\"{name}\":[")?;
    for (index, item) in items.enumerate() {
        let comma = if index > 0 { "," } else { "" };
        write!(out, "{comma}\n{item}")?;
    }
    writeln!(out, "\n]{end}")
}
