//! `trivy kubernetes`, which is `plimsoll kube scan`.

use crate::drop_in::words::Words;
use crate::drop_in::{NEAR, scanned};
use crate::exit::Outcome;

/// A cluster.
#[derive(Debug, clap::Args)]
pub(super) struct Cluster {
    /// The context; `cluster` and `all` are what older releases called the whole cluster
    #[arg(value_name = "CONTEXT", help_heading = NEAR)]
    context: Option<String>,

    /// summary: a row for each workload; all: each finding as well
    #[arg(long, value_name = "HOW", default_value = "all")]
    report: String,

    /// table (Plimsoll's own) or json
    #[arg(short, long, value_name = "FORMAT", default_value = "table", help_heading = NEAR)]
    format: String,

    /// Where it goes
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,

    /// Only these: UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL
    #[arg(short, long, value_name = "LIST", value_delimiter = ',')]
    severity: Vec<String>,

    /// The exit code where a vulnerability is found
    #[arg(long, value_name = "CODE", default_value_t = 0)]
    exit_code: u8,

    /// Only what an update repairs
    #[arg(long)]
    ignore_unfixed: bool,

    /// One namespace alone
    #[arg(short, long, value_name = "NAME", alias = "namespace")]
    include_namespaces: Option<String>,

    /// Where the API server is
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<String>,

    /// vuln, misconfig, rbac; without vuln images are not looked into
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = NEAR)]
    scanners: Vec<String>,

    /// Do not look into images
    #[arg(long)]
    skip_images: bool,
}

impl Cluster {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        let mut words = Words::of(&["kube", "scan"]);
        let context = match self.context.as_deref() {
            Some(word @ ("cluster" | "all")) => {
                let new = "the whole cluster is what `trivy k8s` means without it";
                scanned::dated("trivy", &format!("k8s {word}"), new);
                None
            }
            other => other,
        };
        let format = if self.format == "json" { "trivy-json" } else { self.format.as_str() };
        let format = match &self.output {
            Some(file) => format!("{format}={file}"),
            None => format.to_owned(),
        };
        let severities: Vec<String> =
            self.severity.iter().map(|word| word.trim().to_ascii_lowercase()).collect();
        let joined = severities.join(",");
        let skips = self.skip_images
            || !self.scanners.is_empty() && !self.scanners.iter().any(|it| it == "vuln");
        words
            .option("--context", context)
            .option("--report", Some(&self.report))
            .option("--format", Some(&format))
            .option("--severity", (!joined.is_empty()).then_some(joined.as_str()))
            .option("--kubeconfig", self.kubeconfig.as_deref())
            .option("--namespace", self.include_namespaces.as_deref())
            .switch("--only-fixed", self.ignore_unfixed)
            .switch("--skip-images", skips)
            .option("--fail-on", (self.exit_code > 0).then_some("unknown"));
        let outcome = words.run()?;
        // As for an image: what was not read has not passed a gate, where one was asked for.
        Ok(match outcome {
            Outcome::Clean => Outcome::Clean,
            _ => Outcome::of_code(self.exit_code),
        })
    }
}
