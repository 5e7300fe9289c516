//! `plimsoll kube netpol suggest`: the least policies that let pass what is needed.

mod observed;

use std::path::PathBuf;

use anyhow::bail;
use plimsoll_kube::Services;
use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::netpol::suggest::{self, Need, Needs, Peer, write};
use plimsoll_kube::netpol::{Builder, Cluster, End, Flow, Network};
use plimsoll_model::text::Source;

use super::load;
use crate::commands::kube::rendered::Rendering;
use crate::exit::{Outcome, tell};
use crate::output;

/// Write the least policies that let pass what pods need
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll kube netpol suggest deploy/ > policies.yaml
  plimsoll kube netpol suggest --observed trace.scap deploy/
  plimsoll kube netpol suggest --observed flows.jsonl deploy/

Without --observed, pods need the services whose names stand in their variables, arguments and
config maps; what an Ingress or a load balancer exposes is open to everybody. What was observed is
a capture of system calls (`plimsoll watch --write`, Falco, sysdig), a log of Tetragon or Tracee
with pods, or one JSON object a line, with addresses for what is outside:
  {\"from\": \"shop/web\", \"to\": \"shop/db\", \"port\": 5432, \"protocol\": \"TCP\"}

The policies are tried on the files before they are written: all that is needed must be allowed.")]
pub(crate) struct Suggest {
    /// What was seen: captures and logs of sensors, or flows as JSON lines; `-` for such lines on
    /// stdin; several times if wanted
    #[arg(long, value_name = "FILE")]
    observed: Vec<PathBuf>,

    /// Manifests, folders to look for them in, or `-` for stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    rendering: Rendering,
}

impl Suggest {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let mut references = suggest::Builder::default();
        let mut services = Services::default();
        let by_text = self.observed.is_empty();
        let cluster = load::whole_with(&self.files, &self.rendering, &mut |read| {
            if by_text {
                references.add(&read.manifest);
            } else {
                services.add_all(&read.manifest);
            }
        })?;
        let needs = if by_text {
            references.finish(&cluster)
        } else {
            observed::needs(&self.observed, &cluster, &services)?
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
