//! Each pod that falls, for programs.

use std::io::{self, Write};

use plimsoll_kube::lateral::{ANY, Gain};
use serde_json::{Value, json};

use super::{LateralFormat, Movement};
use crate::Style;

pub(super) const FORMAT: LateralFormat =
    LateralFormat { name: "json", about: "each pod that falls, with the way to it", write };

/// The name and version of the layout.
const SCHEMA: &str = "plimsoll.lateral/v1";

fn write(found: &Movement<'_>, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let Movement { network, lateral, exposed } = found;
    let starts: Vec<Value> = lateral
        .starts
        .iter()
        .map(|start| {
            let by = exposed.iter().find(|one| one.pod == *start).map(|one| &one.by);
            json!({ "pod": network.name(*start), "exposedBy": by, "gains": gains(found, *start) })
        })
        .collect();
    let reached: Vec<Value> = lateral
        .reached
        .iter()
        .map(|one| {
            let way: Vec<&str> =
                lateral.way(one.pod).iter().map(|step| network.name(step.from)).collect();
            json!({
                "pod": network.name(one.pod),
                "from": network.name(one.from),
                "port": (one.port.number != ANY).then_some(one.port.number),
                "protocol": one.port.protocol.to_string(),
                "steps": one.steps,
                "way": way,
                "onlyByIt": one.only_by_it,
                "gains": gains(found, one.pod),
            })
        })
        .collect();
    let pods = network.cluster.pods.len();
    let document = json!({ "schema": SCHEMA, "pods": pods, "starts": starts, "reached": reached });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn gains(found: &Movement<'_>, pod: usize) -> Vec<Value> {
    let gains = found.lateral.gains.get(&pod).into_iter().flatten();
    gains
        .map(|gain| match gain {
            Gain::Node(why) => json!({ "what": "node", "why": why }),
            Gain::Cluster { account, steps } => {
                json!({ "what": "cluster", "account": account, "steps": steps })
            }
        })
        .collect()
}
