//! What was seen: flows as lines, or the connections of a capture.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context;
use plimsoll_kube::Services;
use plimsoll_kube::netpol::suggest::{Connection, Need, Needs, Peer};
use plimsoll_kube::netpol::{Cluster, Direction, Network, Protocol};
use plimsoll_runtime::profile;
use serde::Deserialize;

use super::load;
use crate::exit::{Usage, tell};
use crate::watch::flows;

/// What all of these files show to be needed.
pub(super) fn needs(
    files: &[PathBuf],
    cluster: &Cluster,
    services: &Services,
) -> anyhow::Result<Needs> {
    let network = Network::new(cluster);
    let mut all = Needs::default();
    let mut connections = BTreeSet::new();
    for path in files {
        if is_lines(path)? {
            all.join(Needs::observed(observed(path, &network)?));
            continue;
        }
        let flows = flows::read(path)?;
        let shown = path.display();
        if flows.of_pods.is_empty() {
            let why = format!(
                "`{shown}` has no connection of a pod{}: record with the names of pods, as the sensor does \
                 where it may ask the container runtime",
                if flows.others > 0 { ", and some of other processes" } else { "" }
            );
            return Err(Usage(why).into());
        }
        if flows.others > 0 {
            tell(&format!("note: {shown}: {} connections of no pod are left out", flows.others));
        }
        connections.extend(flows.of_pods.into_iter().filter_map(connection));
    }
    all.join(Needs::connections(cluster, services, &connections));
    Ok(all)
}

fn connection(flow: profile::PodFlow) -> Option<Connection> {
    Some(Connection {
        namespace: flow.namespace,
        pod: flow.pod,
        own: flow.own,
        direction: match flow.peer.direction {
            profile::Direction::In => Direction::Ingress,
            profile::Direction::Out => Direction::Egress,
        },
        other: flow.peer.address,
        port: flow.peer.port,
        protocol: Protocol::named(flow.peer.protocol)?,
    })
}

/// Whether a file is flows as lines, and no capture or log.
fn is_lines(path: &Path) -> anyhow::Result<bool> {
    if path == Path::new("-") {
        return Ok(true);
    }
    let shown = path.display();
    let file = fs::File::open(path).with_context(|| format!("cannot read `{shown}`"))?;
    let mut reader = BufReader::new(file).take(MAX_LINE);
    loop {
        let mut line = Vec::new();
        let read = reader.read_until(b'\n', &mut line);
        if read.with_context(|| format!("cannot read `{shown}`"))? == 0 {
            return Ok(true);
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let object: Result<serde_json::Map<String, serde_json::Value>, _> =
            serde_json::from_slice(&line);
        let is_flow = |object: &serde_json::Map<String, serde_json::Value>| {
            object.contains_key("from") || object.contains_key("to")
        };
        return Ok(object.is_ok_and(|object| is_flow(&object)));
    }
}

/// A flow as a line has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    from: String,
    to: String,
    port: u16,
    #[serde(default = "tcp")]
    protocol: String,
}

fn tcp() -> String {
    "TCP".to_owned()
}

/// Bytes of a line, and how many lines.
const MAX_LINE: u64 = 64 * 1024;
const MAX_LINES: usize = 10_000_000;

fn observed(path: &Path, network: &Network<'_>) -> anyhow::Result<Vec<Need>> {
    let shown = path.display();
    let mut reader: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        let file = fs::File::open(path).with_context(|| format!("cannot read `{shown}`"))?;
        Box::new(BufReader::new(file))
    };
    let mut needs = BTreeSet::new();
    for number in 1..=MAX_LINES {
        let mut line = String::new();
        let read = (&mut reader).take(MAX_LINE).read_line(&mut line);
        if read.with_context(|| format!("cannot read `{shown}`"))? == 0 {
            return Ok(needs.into_iter().collect());
        }
        if line.trim().is_empty() {
            continue;
        }
        let wrong = |why: String| Usage(format!("{shown}:{number}: {why}"));
        let seen: Seen = serde_json::from_str(&line).map_err(|error| wrong(error.to_string()))?;
        let end = |name: &str| load::end(network, name).map_err(|error| wrong(error.0));
        let protocol: Protocol = load::protocol(&seen.protocol).map_err(wrong)?;
        needs.insert(Need {
            to: Peer::from(end(&seen.to)?),
            port: seen.port,
            protocol,
            from: Peer::from(end(&seen.from)?),
            because: "observed".to_owned(),
        });
    }
    Err(Usage(format!("{shown} has more than {MAX_LINES} lines: give a shorter time")).into())
}
