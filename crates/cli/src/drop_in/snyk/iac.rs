//! `snyk iac test`: Dockerfiles and manifests, by Plimsoll's own rules.
//!
//! Source: <https://docs.snyk.io/developer-tools/snyk-cli/commands/iac-test>.

use plimsoll_model::Severity;
use serde_json::{Value, json};

use crate::drop_in::skipped::Skipped;
use crate::drop_in::trivy::misconfiguration::{self, Found};
use crate::exit::{Outcome, Usage, tell};
use crate::output;

/// Snyk's exit code where no file is there that could be judged.
const NOTHING: u8 = 3;

/// What is judged, and how it is told.
#[derive(Debug, clap::Args)]
pub(super) struct Test {
    /// A file, or a folder to look for them in
    #[arg(value_name = "PATH", default_value = ".")]
    path: String,

    /// Only at least this: low, medium, high, critical
    #[arg(long, value_name = "SEVERITY")]
    severity_threshold: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Write JSON here as well
    #[arg(long, value_name = "FILE")]
    json_file_output: Option<String>,

    /// Print SARIF
    #[arg(long)]
    sarif: bool,

    /// Write SARIF here as well
    #[arg(long, value_name = "FILE")]
    sarif_file_output: Option<String>,
}

impl Test {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        let least = self.severity_threshold.as_deref().map(str::parse::<Severity>).transpose();
        let least = least.map_err(|why| Usage(format!("--severity-threshold: {why}")))?;
        let levels: Vec<Severity> =
            [Severity::Low, Severity::Medium, Severity::High, Severity::Critical]
                .into_iter()
                .filter(|it| least.is_none_or(|least| *it >= least))
                .collect();
        let found = misconfiguration::find(&self.path, Some(&levels), &Skipped::of(&[], &[])?)?;
        let results = found.results();
        if results.is_empty() && !found.is_partial {
            tell(&format!(
                "error: snyk: `{}` has no Dockerfile and no manifest",
                self.path.escape_debug()
            ));
            return Ok(Outcome::Gate(NOTHING));
        }
        let document = || -> Value { results.iter().map(document).collect() };
        self.print(&found, &document)?;
        if let Some(file) = &self.json_file_output {
            output::json(Some(file), &document())?;
        }
        if let Some(file) = &self.sarif_file_output {
            found.sarif(Some(file))?;
        }
        Ok(match (found.is_empty(), found.is_partial) {
            (false, _) => Outcome::Gate(1),
            (true, true) => Outcome::Partial,
            (true, false) => Outcome::Clean,
        })
    }

    fn print(&self, found: &Found, document: &dyn Fn() -> Value) -> anyhow::Result<()> {
        match (self.json, self.sarif) {
            (true, _) => output::json(None, &document()),
            (false, true) => found.sarif(None),
            (false, false) => found.table(None),
        }
    }
}

/// A file as Snyk lays it out.
fn document(result: &Value) -> Value {
    let of = |value: &Value, path: &str| value.pointer(path).cloned().unwrap_or_default();
    let all = result.get("Misconfigurations").and_then(Value::as_array);
    let issue = |one: &Value| {
        let severity = of(one, "/Severity").as_str().unwrap_or_default().to_ascii_lowercase();
        json!({
            "id": of(one, "/ID"),
            "publicId": of(one, "/ID"),
            "title": of(one, "/Title"),
            "severity": severity,
            "msg": of(one, "/Message"),
            "lineNumber": of(one, "/CauseMetadata/StartLine"),
            "iacDescription": {
                "issue": of(one, "/Message"),
                "impact": of(one, "/Description"),
                "resolve": of(one, "/Resolution"),
            },
            "references": of(one, "/References"),
            "isIgnored": false,
            "path": [],
        })
    };
    let issues: Vec<Value> = all.into_iter().flatten().map(issue).collect();
    let manager = match of(result, "/Type").as_str() {
        Some("dockerfile") => "dockerfileconfig",
        _ => "k8sconfig",
    };
    json!({
        "ok": issues.is_empty(),
        "targetFile": of(result, "/Target"),
        "projectName": of(result, "/Target"),
        "packageManager": manager,
        "infrastructureAsCodeIssues": issues,
    })
}
