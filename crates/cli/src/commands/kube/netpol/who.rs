//! `plimsoll kube netpol who-can-reach`: the senders of one pod.

use std::path::PathBuf;

use plimsoll_kube::netpol::Protocol;

use super::{load, matrix};
use crate::commands::kube::rendered::Rendering;
use crate::exit::Outcome;

/// Tell who may reach a pod
#[derive(Debug, clap::Args)]
pub(crate) struct WhoCanReach {
    /// Who receives
    #[arg(value_name = "NS/POD")]
    pod: String,

    /// FORMAT or FORMAT=FILE, several times if wanted: table, json, svg, graph
    #[arg(short = 'o', long = "format", value_name = "FORMAT[=FILE]", default_value = "table")]
    formats: Vec<String>,

    /// Ask about this port too, whether or not a container declares it
    #[arg(long = "port", value_name = "N[/PROTOCOL]", value_parser = load::port)]
    ports: Vec<(u16, Protocol)>,

    /// Manifests, folders to look for them in, or `-` for stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    rendering: Rendering,
}

impl WhoCanReach {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        matrix::show(&self.files, &self.rendering, &self.formats, self.ports, Some(&self.pod))
    }
}
