//! `plimsoll kube netpol suggest`: the least policies that let pass what is needed.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::netpol::suggest::{self, Need, Needs, Peer, write};
use plimsoll_kube::netpol::{Builder, Cluster, End, Flow, Network, Protocol};
use plimsoll_model::text::Source;
use serde::Deserialize;

use super::load;
use crate::commands::kube::rendered::Rendering;
use crate::exit::{Outcome, Usage, tell};
use crate::output;

/// Write the least policies that let pass what pods need
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll kube netpol suggest deploy/ > policies.yaml
  plimsoll kube netpol suggest --observed flows.jsonl deploy/

Without --observed, pods need the services whose names stand in their variables, arguments and config
maps; what an Ingress or a load balancer exposes is open to everybody. Observed flows are one JSON
object a line: {\"from\": \"shop/web\", \"to\": \"shop/db\", \"port\": 5432, \"protocol\": \"TCP\"}, with addresses
for what is outside.

The policies are tried on the files before they are written: all that is needed must be allowed.")]
pub(crate) struct Suggest {
    /// Flows that were seen, as JSON lines; `-` for stdin
    #[arg(long, value_name = "FILE")]
    observed: Option<PathBuf>,

    /// Manifests, folders to look for them in, or `-` for stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    rendering: Rendering,
}

impl Suggest {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let mut references = suggest::Builder::default();
        let by_text = self.observed.is_none();
        let cluster = load::whole_with(&self.files, &self.rendering, &mut |read| {
            if by_text {
                references.add(&read.manifest);
            }
        })?;
        let needs = match &self.observed {
            Some(path) => Needs::observed(observed(path, &Network::new(&cluster))?),
            None => references.finish(&cluster),
        };
        for doubt in &needs.doubts {
            tell(&format!("warning: {doubt}"));
        }
        let text = write(&cluster, &needs);
        let written = Manifest::parse(Source::new(text.clone()));
        let mut with_policies = Builder::from(cluster);
        with_policies.add("the policies", &written);
        prove(&with_policies.finish(), &needs)?;
        output::write(None, |out| out.write_all(text.as_bytes()))?;
        tell(&format!("{} flows are needed, and all of them are allowed", needs.all.len()));
        Ok(Outcome::Clean)
    }
}

/// Tries all that is needed on a cluster that has the policies.
fn prove(cluster: &Cluster, needs: &Needs) -> anyhow::Result<()> {
    if let Some(refused) = cluster.refused.first() {
        bail!("the policies would be refused: {refused}");
    }
    let network = Network::new(cluster);
    // An address of documentation stands for the Internet.
    let outside = End::Address(std::net::Ipv4Addr::new(203, 0, 113, 1).into());
    let end = |peer| match peer {
        Peer::Pod(pod) => End::Pod(pod),
        Peer::Address(address) => End::Address(address),
        Peer::Internet | Peer::Everybody => outside,
    };
    for Need { from, to, port, protocol, because } in &needs.all {
        let flow = Flow { from: end(*from), to: end(*to), port: *port, protocol: *protocol };
        if !network.ask(flow).allowed() {
            let name = |end| match end {
                End::Pod(pod) => network.name(pod).to_owned(),
                End::Address(address) => address.to_string(),
            };
            let (from, to) = (name(flow.from), name(flow.to));
            bail!("{from} → {to} {protocol} {port} is needed ({because}) and would be denied");
        }
    }
    Ok(())
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
