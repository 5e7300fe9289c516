//! `.snyk`: what is passed over, where, why and until when.
//!
//! Source: <https://docs.snyk.io/manage-risk/policies/the-.snyk-file>.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plimsoll_model::{Finding, Scan, Timestamp};
use serde::Deserialize;

use crate::exit::tell;
use crate::files;

/// The largest such file: 4 MiB.
const MAX_FILE: u64 = 4 << 20;

#[derive(Debug, Default)]
pub(crate) struct Policy {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    id: String,
    place: String,
    reason: String,
}

#[derive(Debug, Default, Deserialize)]
struct Document {
    #[serde(default)]
    ignore: BTreeMap<String, Vec<BTreeMap<String, Option<Terms>>>>,
}

#[derive(Debug, Default, Deserialize)]
struct Terms {
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    expires: Option<String>,
}

/// The rules that still hold, of the file named or of `.snyk` here.
pub(crate) fn read(named: Option<&Path>, now: Timestamp) -> anyhow::Result<Policy> {
    let file = match named {
        Some(path) if path.is_dir() => path.join(".snyk"),
        Some(path) => path.to_owned(),
        None => PathBuf::from(".snyk"),
    };
    if named.is_none() && !file.is_file() {
        return Ok(Policy::default());
    }
    let shown = file.display();
    let document: Document = files::yaml(&file, MAX_FILE)?;
    let (mut rules, mut over, mut foreign) = (Vec::new(), 0_usize, 0_usize);
    let today = now.date();
    for (id, places) in document.ignore {
        if id.to_ascii_uppercase().starts_with("SNYK-") || id.starts_with("npm:") {
            foreign = foreign.saturating_add(1);
            continue;
        }
        for (place, terms) in places.into_iter().flatten() {
            let terms = terms.unwrap_or_default();
            let is_over = terms
                .expires
                .as_deref()
                .and_then(|day| day.get(..10))
                .is_some_and(|day| day < today.as_str());
            if is_over {
                over = over.saturating_add(1);
                continue;
            }
            let reason = terms.reason.unwrap_or_else(|| "None Given".to_owned());
            rules.push(Rule { id: id.clone(), place, reason });
        }
    }
    if over > 0 {
        tell(&format!("note: {over} ignores of `{shown}` are over, and pass nothing any more"));
    }
    if foreign > 0 {
        tell(&format!(
            "note: {foreign} ignores of `{shown}` go by Snyk's own ids, which nobody else publishes: name the \
             CVE or GHSA"
        ));
    }
    Ok(Policy { rules })
}

impl Policy {
    pub(crate) fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    pub(crate) fn apply(&self, scan: &mut Scan) {
        for finding in &mut scan.findings {
            if let Some(rule) = self.rules.iter().find(|rule| rule.is_about(finding)) {
                finding.suppressed = Some(rule.reason.clone());
            }
        }
    }
}

impl Rule {
    /// A place is `*`, or names of packages with or without versions, the last of which is meant.
    fn is_about(&self, finding: &Finding) -> bool {
        let is_named = finding.id == self.id || finding.aliases.contains(&self.id);
        let last = self.place.rsplit('>').next().unwrap_or_default().trim();
        let package = &finding.package;
        let name = last.rsplit('/').next().unwrap_or(last);
        let with_version = format!("{}@{}", package.name, package.version);
        let is_place =
            last == "*" || [last, name].iter().any(|it| *it == package.name || *it == with_version);
        is_named && is_place
    }
}
