//! What may be asked of every target: filters, formats, exit codes.

use std::path::PathBuf;

use plimsoll_model::{Scan, Severity};
use plimsoll_policy::Filter;
use plimsoll_report::formats::trivy;
use plimsoll_supply::Format as Bill;
use serde_json::Value;

use super::ignored::Ignored;
use super::templates::Template;
use super::{converted, misconfiguration};
use crate::drop_in::{NEAR, scanned};
use crate::exit::{Outcome, Usage, tell};
use crate::output;

/// What is asked of every target.
#[derive(Debug, clap::Args)]
pub(super) struct Asked {
    /// Only these: UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL
    #[arg(short, long, value_name = "LIST", value_delimiter = ',')]
    pub(super) severity: Vec<String>,

    /// table (Plimsoll's own), json, sarif, cyclonedx, spdx-json, github, template
    #[arg(short, long, value_name = "FORMAT", default_value = "table", help_heading = NEAR)]
    pub(super) format: String,

    /// Those of Trivy's `contrib`, by their names: @…/junit.tpl, html.tpl, gitlab.tpl, gitlab-codequality.tpl
    #[arg(short, long, value_name = "@FILE", help_heading = NEAR)]
    pub(super) template: Option<String>,

    /// `plimsoll serve` or Trivy's server, which says what is wrong with the packages that are listed here
    #[arg(long, value_name = "URL", alias = "remote")]
    pub(super) server: Option<String>,

    /// A key that the server asks for; it goes into `Authorization`
    #[arg(long, value_name = "TOKEN", hide_env_values = true, help_heading = NEAR)]
    pub(super) token: Option<String>,

    /// Where it goes
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<String>,

    /// The exit code where something is found; what could not be read counts as found then
    #[arg(long, value_name = "CODE", default_value_t = 0)]
    pub(super) exit_code: u8,

    /// The exit code where the distribution is no longer supported
    #[arg(long, value_name = "CODE", default_value_t = 0)]
    pub(super) exit_on_eol: u8,

    /// Only what an update repairs
    #[arg(long)]
    pub(super) ignore_unfixed: bool,

    /// Not those of these states: affected, fixed, `will_not_fix`, `fix_deferred`, `end_of_life` …
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(super) ignore_status: Vec<String>,

    /// Ids to pass over, each until a day where one is given; YAML where it ends so
    #[arg(long, value_name = "FILE", default_value = ".trivyignore")]
    pub(super) ignorefile: PathBuf,

    /// vuln, misconfig; secret and license are not looked for, and stderr says so
    #[arg(long, value_name = "LIST", value_delimiter = ',', alias = "security-checks", help_heading = NEAR)]
    pub(super) scanners: Vec<String>,

    /// List packages without a weakness in JSON, too
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub(super) list_all_pkgs: Option<String>,

    /// Judge what is only there for development, too
    #[arg(long)]
    pub(super) include_dev_deps: bool,

    /// Folders to leave out
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub(super) skip_dirs: Vec<String>,

    /// Files to leave out
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub(super) skip_files: Vec<String>,

    /// User of the registry; else as `docker login` has it
    #[arg(long, value_name = "NAME")]
    pub(super) username: Option<String>,

    /// Password of this user
    #[arg(long, value_name = "PASSWORD", hide_env_values = true)]
    pub(super) password: Option<String>,

    /// os, library
    #[arg(long, value_name = "LIST", value_delimiter = ',', alias = "vuln-type")]
    pub(super) pkg_types: Vec<String>,
}

/// What is looked for.
pub(super) struct Scanners {
    pub(super) vulnerabilities: bool,
    pub(super) misconfigurations: bool,
}

impl Asked {
    pub(super) fn severities(&self) -> Result<Option<Vec<Severity>>, Usage> {
        if self.severity.is_empty() {
            return Ok(None);
        }
        let mut levels = Vec::new();
        for word in &self.severity {
            levels.push(
                word.trim()
                    .parse::<Severity>()
                    .map_err(|why| Usage(format!("--severity: {why}")))?,
            );
        }
        // Trivy calls low what a vendor calls negligible.
        if levels.contains(&Severity::Low) {
            levels.push(Severity::Negligible);
        }
        Ok(Some(levels))
    }

    pub(super) fn scanners(&self, quiet: bool) -> Result<Scanners, Usage> {
        let is_asked = |name: &str| {
            self.scanners.iter().any(|it| it == name || name == "misconfig" && it == "config")
        };
        let known = ["vuln", "misconfig", "config", "secret", "license", "none"];
        if let Some(other) = self.scanners.iter().find(|it| !known.contains(&it.as_str())) {
            return Err(Usage(format!(
                "`{other}` is no scanner: they are vuln, misconfig, secret, license"
            )));
        }
        let scanners = Scanners {
            vulnerabilities: self.scanners.is_empty() || is_asked("vuln"),
            misconfigurations: is_asked("misconfig"),
        };
        if !scanners.vulnerabilities && !scanners.misconfigurations && !is_asked("none") {
            let why = "secrets and licences are not looked for here: `--scanners vuln,misconfig`";
            return Err(Usage(why.to_owned()));
        }
        if is_asked("secret")
            || is_asked("license")
            || (self.scanners.is_empty() && !quiet && self.bill().is_none())
        {
            tell("note: trivy: vulnerabilities are looked for, secrets are not");
        }
        Ok(scanners)
    }

    pub(super) fn bill(&self) -> Option<Bill> {
        match self.format.as_str() {
            "cyclonedx" => Bill::named("cyclonedx-json"),
            "spdx-json" => Bill::named("spdx-json"),
            _ => None,
        }
    }

    /// Refuses a format or a level that is not here before anything is read.
    pub(super) fn check(&self) -> Result<(), Usage> {
        self.severities()?;
        let known = ["table", "json", "sarif", "cyclonedx", "spdx-json", "github", "template"];
        if self.format == "template" {
            return Template::named(self.template.as_deref()).map(drop);
        }
        if self.template.is_some() {
            tell("note: trivy: `--template` does nothing without `--format template`");
        }
        if known.contains(&self.format.as_str()) {
            return Ok(());
        }
        Err(Usage(format!("`{}` is no format here: they are {}", self.format, known.join(", "))))
    }

    pub(super) fn filter(&self, scan: &mut Scan) -> Result<(), Usage> {
        let only_fixed = self.ignore_unfixed;
        Filter { severities: self.severities()?, only_fixed, only_loaded: false }.apply(scan);
        if !self.ignore_status.is_empty() {
            scan.findings.retain(|it| {
                let state = trivy::status(&it.fix);
                !self.ignore_status.iter().any(|word| word == state)
            });
        }
        Ok(())
    }

    pub(super) fn print(
        &self,
        scan: &Scan,
        others: Option<&misconfiguration::Found>,
    ) -> anyhow::Result<()> {
        let file = self.output.as_deref();
        if matches!(self.format.as_str(), "json" | "template") {
            let others = others.map(misconfiguration::Found::results).unwrap_or_default();
            return self.print_results(scan, others);
        }
        match others {
            Some(found) if self.format == "table" && scan.inventory.packages.is_empty() => {
                found.table(file)
            }
            Some(found) if self.format == "sarif" && scan.inventory.packages.is_empty() => {
                found.sarif(file)
            }
            Some(found) => {
                scanned::write(scan, &scanned::format(&self.format)?, file)?;
                if !found.is_empty() {
                    tell(&format!(
                        "note: {} misconfigurations stand in `-f json` alone, or in `trivy config`",
                        found.len()
                    ));
                }
                Ok(())
            }
            None => scanned::write(scan, &scanned::format(&self.format)?, file),
        }
    }

    /// Prints a scan and results of other kinds in Trivy's layout.
    pub(super) fn print_results(&self, scan: &Scan, others: Vec<Value>) -> anyhow::Result<()> {
        let file = self.output.as_deref();
        let count: usize = others
            .iter()
            .filter_map(|it| it.get("Misconfigurations").and_then(Value::as_array))
            .map(Vec::len)
            .sum();
        if self.format == "json" {
            return self.json(&trivy::document(scan, others, self.lists_packages()));
        }
        if self.format == "template" {
            let template = Template::named(self.template.as_deref())?;
            if template != Template::Gitlab {
                let document = trivy::document(scan, others, false);
                let results = document.get("Results").and_then(Value::as_array);
                let results = results.map_or(&[][..], Vec::as_slice);
                return output::write(file, |out| template.write(results, out));
            }
        }
        let name = if self.format == "template" { "gitlab" } else { &self.format };
        scanned::write(scan, &scanned::format(name)?, file)?;
        if count > 0 {
            tell(&format!("note: {count} misconfigurations stand in `-f json` alone"));
        }
        Ok(())
    }

    /// Those misconfigurations whose levels are asked for, and that are not ignored.
    pub(super) fn chosen(
        &self,
        mut results: Vec<Value>,
        ignored: &Ignored,
    ) -> Result<Vec<Value>, Usage> {
        let levels = self.severities()?;
        for result in &mut results {
            let path = converted::text(result, "/Target").to_owned();
            let is_wanted = |one: &Value| {
                let level = converted::text(one, "/Severity").parse::<Severity>();
                let names = ["/ID", "/AVDID"].map(|field| converted::text(one, field));
                let aliases = converted::list(one, "Aliases").iter().filter_map(Value::as_str);
                let is_level = |all: &Vec<Severity>| level.is_ok_and(|it| all.contains(&it));
                levels.as_ref().is_none_or(is_level)
                    && !ignored.has(names.into_iter().chain(aliases), &path)
            };
            if let Some(Value::Array(all)) = result.get_mut("Misconfigurations") {
                all.retain(is_wanted);
            }
        }
        results.retain(|it| {
            it.get("Misconfigurations").and_then(Value::as_array).is_some_and(|it| !it.is_empty())
        });
        Ok(results)
    }

    pub(super) fn lists_packages(&self) -> bool {
        self.list_all_pkgs.as_deref() != Some("false")
    }

    pub(super) fn json(&self, document: &Value) -> anyhow::Result<()> {
        output::json(self.output.as_deref(), document)
    }

    /// Trivy ends with 0 unless a code is asked for. Where one is, it is a gate, and what could not be
    /// read has not passed it.
    pub(super) fn outcome(&self, is_found: bool, is_partial: bool) -> Outcome {
        Outcome::of_code(if is_found || is_partial { self.exit_code } else { 0 })
    }
}
