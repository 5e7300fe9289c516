//! `plimsoll watch`: events against rules.

use std::net::SocketAddr;
use std::path::PathBuf;

use plimsoll_runtime::engine::Matching;

use crate::exit::Outcome;
use crate::watch::{self, Form, Plan, Sensor, Wanted};

/// Judge events by Falco's rules and tell what breaks them
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll watch
  plimsoll watch --rules default my_rules.yaml
  plimsoll watch --rules falco_rules.yaml
  plimsoll watch --rules k8s_audit_rules.yaml --replay audit.log
  plimsoll watch --rules falco_rules.yaml --rules my_rules.yaml --replay trace.scap -o json
  kubectl logs … | plimsoll watch --rules k8s_audit_rules.yaml --replay - --min-priority warning
  plimsoll watch --rules falco_rules.yaml --replay trace.scap --write alerts.scap
  plimsoll watch --rules falco_rules.yaml --replay trace.scap --explain
  plimsoll watch --inventory registry.example/web:1.4 --replay trace.scap
  plimsoll watch --rules falco_rules.yaml --respond responses.yaml
  plimsoll watch --rules falco_rules.yaml --respond responses.yaml --enforce
  plimsoll watch --rules falco_rules.yaml --explain --inventory web:1.4 --dockerfile Dockerfile
  plimsoll watch --metrics 127.0.0.1:8765
  plimsoll watch --server https://plimsoll.example
  plimsoll watch --loaded used.json --duration 86400
  plimsoll watch --config falco.yaml --replay audit.log -o http_output.url=http://127.0.0.1:2801

Without --replay it watches this machine until it is interrupted, which needs root, or CAP_BPF and
CAP_PERFMON.

Exit codes: 0 all events were judged, 1 an alert is at least as grave as --fail-on, 2 wrong usage or
rules that do not load, 3 something could not be read, events were lost, or an alert did not arrive.")]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of the command")]
pub(crate) struct Watch {
    /// Rule files and folders of them, in the order of loading; instead of those of --config.
    /// `default` is Plimsoll's own, by which a machine is watched where neither names any
    #[arg(long, short = 'r', value_name = "FILE", num_args = 1..)]
    rules: Vec<PathBuf>,

    /// What to judge instead of this machine: a capture or a log, `-` for standard input
    #[arg(long, short = 'e', value_name = "CAPTURE", num_args = 1..)]
    replay: Vec<PathBuf>,

    /// Memory for events that wait to be judged, of all processors together, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 16, conflicts_with = "replay")]
    buffer_size: u64,

    /// Watch the machine for so many seconds
    #[arg(long, value_name = "SECONDS", conflicts_with = "replay")]
    duration: Option<u64>,

    /// Do not ask container runtimes for the names and images of containers
    #[arg(long, conflicts_with = "replay")]
    no_runtimes: bool,

    /// Record the events with alerts, and what else changes the state of processes, as a capture
    #[arg(long, short = 'w', value_name = "FILE")]
    write: Option<PathBuf>,

    /// Settings as Falco has them in falco.yaml
    #[arg(long, short = 'c', value_name = "FILE")]
    config: Option<PathBuf>,

    /// json or text; or a setting of falco.yaml as KEY=VALUE
    #[arg(short = 'o', long = "output", value_name = "FORMAT|KEY=VALUE")]
    outputs: Vec<String>,

    /// Only rules with one of these tags
    #[arg(short = 't', long = "tag", value_name = "TAG")]
    tags: Vec<String>,

    /// No rules with one of these tags
    #[arg(short = 'T', long = "no-tag", value_name = "TAG")]
    no_tags: Vec<String>,

    /// No rules with this in their names
    #[arg(short = 'D', long = "disable", value_name = "TEXT")]
    disable: Vec<String>,

    /// No rules that are less grave
    #[arg(long, value_name = "PRIORITY")]
    min_priority: Option<String>,

    /// Of several rules that hold for an event the first alone is told, as in Falco
    #[arg(long, conflicts_with = "all_matches")]
    first_match: bool,

    /// All rules that hold for an event are told: where --config does not say `rule_matching: all`
    #[arg(long)]
    all_matches: bool,

    /// Say of each alert why its rule holds, which processes it comes from, and the container
    #[arg(long)]
    explain: bool,

    /// The image of the containers: programs that it does not have, or that were changed, are told
    /// without a rule
    #[arg(long, value_name = "IMAGE")]
    inventory: Option<String>,

    /// With --explain and --inventory: the image's Dockerfile, whose lines are told
    #[arg(long, value_name = "FILE", requires_all = ["explain", "inventory"])]
    dockerfile: Option<PathBuf>,

    /// With --explain and --inventory: the public key that the image should be signed with
    #[arg(long, value_name = "FILE", requires_all = ["explain", "inventory"])]
    signed_with: Option<PathBuf>,

    /// Record which files of images are executed, mapped as code or opened by interpreters, for
    /// `plimsoll scan --loaded`
    #[arg(long, value_name = "FILE")]
    loaded: Option<PathBuf>,

    /// With --loaded and --replay: all mappings stand in the captures. Unless that is said, no
    /// library counts as watched
    #[arg(long, requires_all = ["loaded", "replay"])]
    has_mappings: bool,

    /// The first alert of a kind at once, its like as one with their number after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    group: u64,

    /// What is done when a rule fires: files of responses. Nothing is, unless --enforce says so
    #[cfg(target_os = "linux")]
    #[arg(long, value_name = "FILE", num_args = 1..)]
    respond: Vec<PathBuf>,

    /// Do what responses say, instead of noting what would be done
    #[cfg(target_os = "linux")]
    #[arg(long, requires = "respond", conflicts_with = "replay")]
    enforce: bool,

    /// Where it is noted what responses did or would do, a line of JSON each, instead of standard error
    #[cfg(target_os = "linux")]
    #[arg(long, value_name = "FILE", requires = "respond")]
    response_log: Option<PathBuf>,

    /// Tell Prometheus under /metrics of this address what was judged, fired and lost, and /healthz
    /// that it runs
    #[arg(long, value_name = "ADDR:PORT")]
    metrics: Option<SocketAddr>,

    /// Tell the `plimsoll serve` at this address which containers run, so that their images are scanned
    /// before all others; its key, of the role `scanner`, is `PLIMSOLL_SERVER_KEY`
    #[arg(long, value_name = "URL")]
    server: Option<String>,

    /// What this machine is called there, instead of its host name
    #[arg(long, value_name = "NAME", requires = "server")]
    place: Option<String>,

    /// Exit 1 for an alert that is at least as grave
    #[arg(long, value_name = "PRIORITY")]
    fail_on: Option<String>,
}

impl Watch {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let mut form = None;
        let mut pairs = Vec::new();
        for output in self.outputs {
            match output.as_str() {
                "json" => form = Some(Form::Json),
                "text" => form = Some(Form::Text),
                _ => pairs.push(output),
            }
        }
        let matching = match (self.first_match, self.all_matches) {
            (true, _) => Some(Matching::First),
            (_, true) => Some(Matching::All),
            _ => None,
        };
        watch::run(&Plan {
            rules: self.rules,
            captures: self.replay,
            sensor: Sensor {
                buffer: self.buffer_size.saturating_mul(1024 * 1024),
                duration: self.duration,
                ask_runtimes: !self.no_runtimes,
            },
            config: self.config,
            form,
            pairs,
            wanted: Wanted {
                tags: self.tags,
                no_tags: self.no_tags,
                disabled: self.disable,
                min_priority: self.min_priority,
            },
            matching,
            group: self.group,
            fail_on: self.fail_on,
            metrics: self.metrics,
            explain: self.explain,
            image: self.inventory,
            loaded: self.loaded,
            has_mappings: self.has_mappings,
            dockerfile: self.dockerfile,
            signed_with: self.signed_with,
            record: self.write,
            server: self.server,
            place: self.place,
            #[cfg(target_os = "linux")]
            respond: watch::respond::Respond {
                files: self.respond,
                enforce: self.enforce,
                journal: self.response_log,
            },
        })
    }
}
