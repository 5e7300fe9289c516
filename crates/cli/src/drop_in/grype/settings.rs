//! `.grype.yaml`: what is asked, and which matches are passed over.
//!
//! Source: <https://github.com/anchore/grype#configuration>.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use plimsoll_model::{Finding, Scan};
use serde::Deserialize;

use crate::files;

/// The largest such file: 1 MiB.
const MAX_FILE: u64 = 1 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Document {
    output: Option<Output>,
    fail_on_severity: Option<String>,
    only_fixed: Option<bool>,
    platform: Option<String>,
    ignore: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Output {
    One(String),
    Several(Vec<String>),
}

/// All that a rule names must hold.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Rule {
    vulnerability: Option<String>,
    reason: Option<String>,
    fix_state: Option<String>,
    package: Package,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Package {
    name: Option<String>,
    version: Option<String>,
    r#type: Option<String>,
    location: Option<String>,
}

fn document(named: Option<&Path>) -> anyhow::Result<Document> {
    let places = [".grype.yaml", ".grype/config.yaml"];
    let found = || places.iter().map(Path::new).find(|path| path.is_file());
    let Some(file) = named.or_else(found) else { return Ok(Document::default()) };
    files::yaml(file, MAX_FILE)
}

/// The settings that stand for flags.
pub(super) fn read(matches: &ArgMatches) -> anyhow::Result<Vec<(String, String)>> {
    let document = document(matches.get_one::<PathBuf>("config").map(PathBuf::as_path))?;
    let output = match document.output {
        Some(Output::One(one)) => Some(one),
        Some(Output::Several(all)) => Some(all.join(",")),
        None => None,
    };
    // Variables that are not called as the flags.
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let severity = variable("GRYPE_FAIL_ON_SEVERITY").or(document.fail_on_severity);
    let all = [
        ("output", output),
        ("fail-on", severity),
        ("only-fixed", document.only_fixed.map(|is| is.to_string())),
        ("platform", document.platform),
    ];
    let given = all.into_iter().filter_map(|(flag, value)| Some((flag.to_owned(), value?)));
    Ok(given.filter(|(_, value)| !value.is_empty()).collect())
}

/// Says of matches that rules pass over them.
pub(super) fn ignore(named: Option<&Path>, scan: &mut Scan) -> anyhow::Result<()> {
    let rules = document(named)?.ignore;
    for finding in &mut scan.findings {
        if let Some(rule) = rules.iter().find(|rule| rule.is_about(finding)) {
            let why = rule.reason.clone().filter(|why| !why.is_empty());
            finding.suppressed = Some(why.unwrap_or_else(|| "a rule of .grype.yaml".to_owned()));
        }
    }
    Ok(())
}

impl Rule {
    fn is_about(&self, finding: &Finding) -> bool {
        let package = &finding.package;
        let is = |wanted: &Option<String>, own: &str| wanted.as_ref().is_none_or(|it| it == own);
        let id = self
            .vulnerability
            .as_ref()
            .is_none_or(|id| *id == finding.id || finding.aliases.contains(id));
        let place = self.package.location.as_ref().is_none_or(|pattern| {
            glob::Pattern::new(pattern.trim_start_matches('/')).is_ok_and(|pattern| {
                package.locations.iter().any(|place| pattern.matches(&place.path))
            })
        });
        let state = plimsoll_report::formats::grype::state(&finding.fix);
        let says_something = self.vulnerability.is_some()
            || self.fix_state.is_some()
            || self.package.name.is_some()
            || self.package.r#type.is_some()
            || self.package.location.is_some();
        says_something
            && id
            && place
            && is(&self.fix_state, state)
            && is(&self.package.name, &plimsoll_model::syft::name_of(package.kind, &package.name))
            && is(&self.package.version, &package.version)
            && is(&self.package.r#type, plimsoll_model::syft::type_of(package.kind))
    }
}
