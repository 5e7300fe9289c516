//! `plimsoll kube scan`: a whole cluster at once.

mod images;
mod source;
mod stages;
mod stop;

use std::path::{Path, PathBuf};

use plimsoll_kube::Config;
use plimsoll_kube::assessment::Assessment;
use plimsoll_kube::pss::Version;
use plimsoll_kube::rbac::Paths;
use plimsoll_kube::releases;
use plimsoll_model::text::Level;
use plimsoll_model::{GateReason, Severity};
use plimsoll_report::cluster::{ClusterFormat, ClusterScan};

use super::rendered::Rendering;
use crate::cluster::{Access, Client, is_name};
use crate::exit::{Outcome, Usage, tell};
use crate::style::stdout_style;
use crate::target::Reading;
use crate::{clock, duration, output};
use images::Scanning;
pub(super) use images::transport;
use source::{Source, Told};
use stop::Stop;

/// Scan a cluster: images, workloads, rights and networks, each workload once
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll kube scan                              the cluster of the current context
  plimsoll kube scan --context prod -n shop --fail-on critical
  plimsoll kube scan --report all -o table -o json=cluster.json
  plimsoll kube scan --skip-images                what the objects alone say, in seconds
  plimsoll kube scan --timeout 10m -o json        what there is after ten minutes, marked as a part
  kubectl get all,ns,nodes,sa,ing,netpol,roles,rolebindings,clusterroles,clusterrolebindings \\
    -A -o json | plimsoll kube scan -

Secrets and config maps are never asked for; deploy/kubernetes/scan-role.yaml has the rights that
it needs.

Exit codes: 0 clean or below the gates, 1 findings over --fail-on or --failure-threshold, 2 wrong
usage, 3 failed or only partly read, 4 advisory data older than --max-data-age.")]
pub(crate) struct ScanCommand {
    /// Manifests, lists of `kubectl get -o json`, folders, or `-` for stdin, instead of a cluster
    #[arg(value_name = "FILE", conflicts_with_all = ["kubeconfig", "context"])]
    files: Vec<PathBuf>,

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

    /// summary: a row for each workload; all: each finding as well
    #[arg(long, value_name = "HOW", default_value = "summary")]
    report: String,

    /// FORMAT or FORMAT=FILE, several times if wanted: table, json, trivy-json
    #[arg(short = 'o', long = "format", value_name = "FORMAT[=FILE]", default_value = "table")]
    formats: Vec<String>,

    /// Do not look into images
    #[arg(long)]
    skip_images: bool,

    /// Where images are: auto (docker, then the registry), docker, podman, containerd, registry
    #[arg(long, value_name = "SOURCE", default_value = "auto")]
    image_source: String,

    /// How many images are read at the same time
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,

    /// Show only these severities of vulnerabilities: critical,high,medium,low,negligible,unknown
    #[arg(short, long, value_name = "LIST", value_delimiter = ',')]
    severity: Vec<Severity>,

    /// Show only vulnerabilities that an update repairs
    #[arg(long)]
    only_fixed: bool,

    /// Exit 1 where a vulnerability is at least this severe
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<Severity>,

    /// Exit 1 where a rule says something of this level or above: error, warning, info, style
    #[arg(short = 't', long, value_name = "LEVEL")]
    failure_threshold: Option<String>,

    /// Exit 4 where the newest advisory is older than this many days
    #[arg(long, value_name = "DAYS")]
    max_data_age: Option<u64>,

    /// End after this time, with what was looked at by then: 90s, 15m, 2h. The report says what is
    /// missing, and the exit code is 3, as where it is interrupted
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    timeout: Option<u64>,

    /// Folder of the advisory database
    #[arg(long, value_name = "DIR")]
    db: Option<PathBuf>,

    #[command(flatten)]
    reading: Reading,
}

fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no time: expected a number and s, m or h, as 15m");
    duration::seconds(text).filter(|seconds| *seconds > 0).ok_or_else(wrong)
}

impl ScanCommand {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let known: Vec<&str> = ClusterFormat::ALL.iter().map(|format| format.name).collect();
        let outputs = output::parse(&self.formats, ClusterFormat::named, &known)?;
        let is_whole = match self.report.as_str() {
            "summary" => false,
            "all" => true,
            other => {
                return Err(Usage(format!("`{other}` is no report: it is summary or all")).into());
            }
        };
        let threshold: Option<Level> = self
            .failure_threshold
            .as_deref()
            .map(|level| level.parse().map_err(|error| Usage(format!("{error}"))))
            .transpose()?;
        let only = self.only()?;
        let stop = Stop::new(self.timeout);
        let scanning = (!self.skip_images).then(|| Scanning::new(&self)).transpose()?;
        let source = self.source(&stop)?;
        let name = source.name();
        let server = source.version()?;
        // The standards are those of the server, whose own admission would judge by them.
        let minor = server.as_deref().and_then(releases::minor);
        let config =
            Config { version: minor.map_or(Version::Latest, Version::Minor), ..Config::default() };
        let is_cluster = matches!(source, Source::Cluster { .. });
        if is_cluster {
            stop.heed_signals()?;
        }
        let Told { found, missing, mut outcome } = source.assess(config, only, &stop)?;
        if !is_cluster {
            // Reading files cannot be ended half-way, looking at images can.
            stop.heed_signals()?;
        }
        let paths = Paths::new(&found.access);
        let mut scan = ClusterScan {
            name,
            namespace: only.map(str::to_owned),
            server,
            assessment: &found,
            ways: paths.all(false),
            images: Vec::new(),
            data: None,
            missing,
            failed: Vec::new(),
            stopped: None,
            scanned_at: clock::now(),
            is_whole,
        };
        if let Some(scanning) = scanning {
            scanning.all(&found, &mut scan, &stop)?;
        }
        // Where nothing is missing it was over in time.
        scan.stopped = stop.why().filter(|_| !scan.missing.is_empty());
        if let Some(threshold) = threshold {
            scan.failed.extend(over(&found, threshold));
        }
        for (format, file) in outputs {
            let style =
                if file.is_some() { plimsoll_report::Style::default() } else { stdout_style() };
            output::write(file, |out| (format.write)(&scan, &style, out))?;
        }
        if let Some(why) = &scan.stopped {
            tell(&format!("ended early: {why}"));
        }
        if !scan.missing.is_empty() {
            tell(&format!(
                "partial: {} things could not be read; they are named in the report",
                scan.missing.len()
            ));
            outcome = outcome.or(Outcome::Partial);
        }
        for reason in &scan.failed {
            tell(&format!("{}: {}", reason.gate, reason.reason));
            outcome = outcome.or(Outcome::of_code(reason.exit_code));
        }
        Ok(outcome)
    }

    /// The only namespace that is looked at. It becomes a part of paths.
    fn only(&self) -> Result<Option<&str>, Usage> {
        let name = self.namespace.as_str();
        match name {
            "all" => Ok(None),
            _ if is_name(name) => Ok(Some(name)),
            _ => Err(Usage(format!("`{name}` is no name of a namespace"))),
        }
    }

    fn source(&self, stop: &Stop) -> anyhow::Result<Source> {
        if !self.files.is_empty() {
            return Source::files(&self.files, Rendering::default());
        }
        let found = Access::look(self.kubeconfig.as_deref(), self.context.as_deref())?;
        let Some((access, name)) = found else {
            let why = "there is no kubeconfig, and this is no pod of a cluster: name one with \
                       --kubeconfig FILE, or read `kubectl get … -A -o json` from stdin with `-`";
            return Err(Usage(why.into()).into());
        };
        Ok(Source::Cluster { client: Client::new(access)?.until(stop.deadline()), name })
    }
}

/// Whether rules say anything of a level or above.
fn over(found: &Assessment, threshold: Level) -> Option<GateReason> {
    let workloads = found.workloads.iter().map(|row| &row.findings);
    let all = workloads.chain(found.others.iter().map(|other| &other.findings));
    let objects = all.filter(|all| all.iter().any(|one| one.level >= threshold)).count();
    (objects > 0).then(|| GateReason {
        gate: "rules".into(),
        reason: format!("of {objects} objects a rule says something of level {threshold} or above"),
        exit_code: 1,
    })
}

/// What files are called together.
fn called(files: &[PathBuf]) -> String {
    let names: Vec<String> = files.iter().map(|file| shown(file)).collect();
    names.join(", ")
}

fn shown(file: &Path) -> String {
    if file == Path::new("-") { "stdin".to_owned() } else { file.display().to_string() }
}
