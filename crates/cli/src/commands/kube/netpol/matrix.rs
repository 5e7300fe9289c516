//! `plimsoll kube netpol matrix`: who may reach whom.

use std::path::PathBuf;

use plimsoll_kube::netpol::{Network, Protocol};
use plimsoll_report::reach::{Pairs, ReachFormat};

use super::load;
use crate::commands::kube::rendered::Rendering;
use crate::exit::{Outcome, tell};
use crate::output;
use crate::style::stdout_style;

/// Tell for each port of each pod who may reach it
#[derive(Debug, clap::Args)]
pub(crate) struct MatrixCommand {
    /// FORMAT or FORMAT=FILE, several times if wanted: table, json, svg, graph
    #[arg(short = 'o', long = "format", value_name = "FORMAT[=FILE]", default_value = "table")]
    formats: Vec<String>,

    /// Ask about this port of every pod too, whether or not a container declares it
    #[arg(long = "port", value_name = "N[/PROTOCOL]", value_parser = load::port)]
    ports: Vec<(u16, Protocol)>,

    /// Manifests, folders to look for them in, or `-` for stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    rendering: Rendering,
}

impl MatrixCommand {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        show(&self.files, &self.rendering, &self.formats, self.ports, None)
    }
}

/// Shows who may reach one pod, or all.
pub(super) fn show(
    files: &[PathBuf],
    rendering: &Rendering,
    formats: &[String],
    ports: Vec<(u16, Protocol)>,
    only: Option<&str>,
) -> anyhow::Result<Outcome> {
    let known: Vec<&str> = ReachFormat::ALL.iter().map(|format| format.name).collect();
    let outputs = output::parse(formats, ReachFormat::named, &known)?;
    let cluster = load::whole(files, rendering)?;
    let network = Network::new(&cluster);
    let receivers = match only {
        Some(name) => vec![load::pod(&network, name)?],
        None => (0..cluster.pods.len()).collect(),
    };
    let silent = |pod: &&usize| cluster.pods.get(**pod).is_some_and(|pod| pod.ports.is_empty());
    let silent: Vec<&str> = receivers.iter().filter(silent).map(|pod| network.name(*pod)).collect();
    if let (true, Some(first)) = (ports.is_empty(), silent.first()) {
        let more = match silent.len() {
            1 => " declares".to_owned(),
            count => format!(" and {} more declare", count - 1),
        };
        tell(&format!("{first}{more} no port: ask about one with --port"));
    }
    for number in
        receivers.iter().filter(|pod| cluster.pods.get(**pod).is_some_and(|pod| pod.host_network))
    {
        let name = network.name(*number);
        tell(&format!("{name} has the network of its node, to which policies are not applied"));
    }
    let pairs = Pairs { network: &network, receivers, ports };
    for (format, file) in outputs {
        let style = if file.is_some() { plimsoll_report::Style::default() } else { stdout_style() };
        output::write(file, |out| (format.write)(&pairs, &style, out))?;
    }
    Ok(Outcome::Clean)
}
