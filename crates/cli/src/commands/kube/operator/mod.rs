//! `plimsoll kube operator`: `kube scan` all the time, and what it finds as objects of the cluster.

mod images;
mod index;
mod kinds;
mod pass;
mod run;
mod signal;
mod standards;
mod store;
mod tally;
mod web;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use plimsoll_admission::webhook::yaml;
use plimsoll_report::resources::{MANAGER, ReportKind, definition};

use crate::cluster::{Access, Client, Failure, is_name};
use crate::exit::{Outcome, Usage, tell};
use crate::output;
use crate::target::Reading;

/// Scan a cluster all the time, and keep what is found as reports in it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll kube operator --install-crds           make the kinds of reports known, once
  plimsoll kube operator --once                   judge, write what changed, end: for a CronJob
  plimsoll kube operator --listen 0.0.0.0:8080 --lease plimsoll/plimsoll-operator
  kubectl get vulnerabilityreports -A -o wide

The kinds are those of trivy-operator (aquasecurity.github.io/v1alpha1), so that what reads its reports
reads these. deploy/kubernetes/operator.yaml has all that is needed to run it in a cluster.

Exit codes: 0 done or told to end, 2 wrong usage, 3 failed; with --once also where something could not
be read or written.")]
pub(crate) struct Operator {
    /// Where the API server is and who we are to it; without it KUBECONFIG, the account of the pod
    /// that this is, or ~/.kube/config
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,

    /// The context of the kubeconfig, instead of its current one
    #[arg(long, value_name = "NAME")]
    context: Option<String>,

    /// One namespace alone; `all` are all
    #[arg(short, long, value_name = "NAMESPACE", default_value = "all")]
    namespace: String,

    /// Which reports are written: vulnerability, sbom, config-audit, rbac-assessment,
    /// infra-assessment, compliance
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = kinds::ALL)]
    reports: Vec<String>,

    /// Make the kinds of reports known to the API server, and end
    #[arg(long, conflicts_with_all = ["once", "print_crds"])]
    install_crds: bool,

    /// Print the kinds of reports as manifests, and end
    #[arg(long, conflicts_with = "once")]
    print_crds: bool,

    /// Judge everything once, write what changed, and end
    #[arg(long)]
    once: bool,

    /// How many seconds nothing has to change before it is judged again
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=600))]
    debounce: u16,

    /// Work only while this lease is held, so that of several one works
    #[arg(long, value_name = "NAMESPACE/NAME", conflicts_with = "once")]
    lease: Option<String>,

    /// Where /metrics, /healthz and /readyz are answered, without TLS; nowhere unless it is said
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "once")]
    listen: Option<SocketAddr>,

    /// The most series of a metric
    #[arg(long, value_name = "NUMBER", default_value_t = plimsoll_report::resources::MAX_SERIES)]
    max_series: usize,

    /// Where images are: auto (docker, then the registry), docker, podman, containerd, registry
    #[arg(long, value_name = "SOURCE", default_value = "registry")]
    image_source: String,

    /// How many images are read at the same time
    #[arg(long, value_name = "NUMBER", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,

    /// Folder of the advisory database; when it changes, images are judged again
    #[arg(long, value_name = "DIR")]
    db: Option<PathBuf>,

    /// Bring the advisory database up to date at the beginning and every so many hours, as
    /// `db update` does
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=8760))]
    update_db: Option<u32>,

    /// Folder or address laid out as a mirror of the feeds, for --update-db; several times if wanted
    #[arg(long, value_name = "DIR|URL", env = "PLIMSOLL_MIRROR", value_delimiter = ',')]
    mirror: Vec<String>,

    #[command(flatten)]
    reading: Reading,
}

impl Operator {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        if self.print_crds {
            let all: Vec<_> = ReportKind::ALL.iter().map(|kind| definition(kind)).collect();
            output::write(None, |out| out.write_all(yaml(&all).as_bytes()))?;
            return Ok(Outcome::Clean);
        }
        let wanted = kinds::parse(&self.reports)?;
        let only = match self.namespace.as_str() {
            "all" => None,
            name if is_name(name) => Some(name.to_owned()),
            name => return Err(Usage(format!("`{name}` is no name of a namespace")).into()),
        };
        let found = Access::look(self.kubeconfig.as_deref(), self.context.as_deref())?;
        let Some((access, name)) = found else {
            let why = "there is no kubeconfig, and this is no pod of a cluster: name one with \
                       --kubeconfig FILE";
            return Err(Usage(why.into()).into());
        };
        let client = Client::new(access)?;
        if self.install_crds {
            install(&client).with_context(|| format!("the API server of `{name}`"))?;
            return Ok(Outcome::Clean);
        }
        run::run(&self, client, &name, only, wanted)
    }
}

/// How long an API server may take to know a kind that it was told of.
const KNOWN_WITHIN: Duration = Duration::from_secs(30);

/// Makes all kinds known.
fn install(client: &Client) -> anyhow::Result<()> {
    for kind in ReportKind::ALL {
        let definition = definition(kind);
        let name = definition.pointer("/metadata/name").and_then(|name| name.as_str());
        let path = format!(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}",
            name.unwrap_or_default()
        );
        client.apply(&path, MANAGER, &definition)?;
    }
    let until = Instant::now().checked_add(KNOWN_WITHIN);
    for kind in ReportKind::ALL {
        let path = format!("{}?limit=1", kind.path(None));
        while let Err(Failure::Said(404, _)) = client.get(&path) {
            if until.is_none_or(|until| Instant::now() > until) {
                anyhow::bail!("it does not know `{}` yet", kind.plural);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
    tell(&format!("{} kinds of reports are known", ReportKind::ALL.len()));
    Ok(())
}
