//! `plimsoll kube cis-node`: this machine by the CIS Kubernetes Benchmark.

mod publish;
mod root;

use std::path::PathBuf;

use plimsoll_kube::cis::{BENCHMARK, assess};
use plimsoll_report::cis::{CisFormat, CisReport};

use crate::exit::{Outcome, Usage, tell};
use crate::output;
use crate::style::stdout_style;
use root::Root;

/// Judge a machine of a cluster by the CIS Kubernetes Benchmark
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll kube cis-node                          this machine, as root
  plimsoll kube cis-node --root /host -o json     from a pod that has its files under /host
  plimsoll kube cis-node --root /host --publish --node \"$NODE_NAME\"

It looks at file modes, at the command lines of the programs of Kubernetes below /proc, at manifests of
static pods and at the kubelet's configuration; it runs nothing. deploy/kubernetes/cis-node-job.yaml is a
job for it.

Exit codes: 0 nothing fails, 1 a check fails, 2 wrong usage, 3 something could not be read, or there is
nothing of Kubernetes.")]
pub(crate) struct CisNode {
    /// Where the machine's root is
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,

    /// FORMAT or FORMAT=FILE, several times if wanted: table, json, junit
    #[arg(short = 'o', long = "format", value_name = "FORMAT[=FILE]", default_value = "table")]
    formats: Vec<String>,

    /// What the machine is called in the cluster; without it its host name
    #[arg(long, value_name = "NAME", env = "NODE_NAME")]
    node: Option<String>,

    /// Write what is found into the cluster, as the node's `ClusterInfraAssessmentReport`
    #[arg(long, requires = "node")]
    publish: bool,

    /// Where the API server is; without it KUBECONFIG, the account of the pod, or ~/.kube/config
    #[arg(long, value_name = "FILE", requires = "publish")]
    kubeconfig: Option<PathBuf>,
}

impl CisNode {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let known: Vec<&str> = CisFormat::ALL.iter().map(|format| format.name).collect();
        let outputs = output::parse(&self.formats, CisFormat::named, &known)?;
        if !self.root.is_dir() {
            return Err(Usage(format!("`{}` is no folder", self.root.display())).into());
        }
        let machine = Root::new(self.root.clone());
        let found = assess(&machine);
        if found.parts.is_empty() {
            anyhow::bail!(
                "there is nothing of Kubernetes under `{}`: no kubelet and no part of the control \
                 plane, neither as a process nor as a file; {BENCHMARK} has nothing to say of it",
                self.root.display()
            );
        }
        let host = || {
            let name = std::fs::read_to_string(self.root.join("etc/hostname")).unwrap_or_default();
            Some(name.trim().to_owned()).filter(|name| !name.is_empty())
        };
        let name = self.node.clone().or_else(host);
        let name = name.unwrap_or_else(|| self.root.display().to_string());
        let report = CisReport { name, found: &found };
        for (format, file) in outputs {
            let style =
                if file.is_some() { plimsoll_report::Style::default() } else { stdout_style() };
            output::write(file, |out| (format.write)(&report, &style, out))?;
        }
        if self.publish {
            publish::publish(self.kubeconfig.as_deref(), &report)?;
        }
        let mut outcome = Outcome::Clean;
        if found.count("fail") > 0 {
            outcome = outcome.or(Outcome::Gate(1));
        }
        if found.count("unread") > 0 {
            tell(&format!(
                "partial: {} checks could not be decided: what they need could not be read",
                found.count("unread")
            ));
            outcome = outcome.or(Outcome::Partial);
        }
        Ok(outcome)
    }
}
