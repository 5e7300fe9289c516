//! `plimsoll kube netpol lateral`: what falls after a pod.

use std::path::PathBuf;

use plimsoll_kube::lateral::{Builder, Lateral, exposed};
use plimsoll_kube::netpol::Network;
use plimsoll_report::lateral::{LateralFormat, Movement};

use super::load;
use crate::commands::kube::rendered::Rendering;
use crate::exit::{Outcome, Usage};
use crate::output;
use crate::style::stdout_style;

/// Tell what falls after a pod: which pods it reaches step by step, and which nodes and rights they give
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll kube netpol lateral --from shop/web deploy/
  plimsoll kube netpol lateral deploy/                  from every pod that is open to the world
  kubectl get ns,pods,svc,ing,netpol,sa,roles,clusterroles,rolebindings,clusterrolebindings -A -o json \\
    | plimsoll kube netpol lateral -

Exit 1 where a node or the whole cluster falls.")]
pub(crate) struct LateralCommand {
    /// The pod that is taken; without it, those behind services and ingresses that the world can reach
    #[arg(long, value_name = "NS/POD")]
    from: Option<String>,

    /// FORMAT or FORMAT=FILE, several times if wanted: table, json
    #[arg(short = 'o', long = "format", value_name = "FORMAT[=FILE]", default_value = "table")]
    formats: Vec<String>,

    /// Manifests, folders to look for them in, or `-` for stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    rendering: Rendering,
}

impl LateralCommand {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let known: Vec<&str> = LateralFormat::ALL.iter().map(|format| format.name).collect();
        let outputs = output::parse(&self.formats, LateralFormat::named, &known)?;
        let mut holdings = Builder::default();
        let cluster = load::whole_with(&self.files, &self.rendering, &mut |read| {
            holdings.add(&read.path.display().to_string(), &read.manifest);
        })?;
        let (network, holdings) = (Network::new(&cluster), holdings.finish());
        let (starts, open) = if let Some(name) = &self.from {
            (vec![load::pod(&network, name)?], Vec::new())
        } else {
            let open = exposed(&cluster, &holdings.services);
            (open.iter().map(|one| one.pod).collect(), open)
        };
        if starts.is_empty() {
            let why =
                "no service or ingress of these files is open to the world: name a pod with --from";
            return Err(Usage(why.into()).into());
        }
        let lateral = Lateral::of(&network, &holdings, starts);
        let found = Movement { network: &network, exposed: &open, lateral: &lateral };
        for (format, file) in outputs {
            let style =
                if file.is_some() { plimsoll_report::Style::default() } else { stdout_style() };
            output::write(file, |out| (format.write)(&found, &style, out))?;
        }
        Ok(if lateral.gains.is_empty() { Outcome::Clean } else { Outcome::Gate(1) })
    }
}
