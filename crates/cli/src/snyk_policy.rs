//! `.snyk`: what is passed over, where, why and until when.
//!
//! Source: <https://docs.snyk.io/manage-risk/policies/the-.snyk-file>.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plimsoll_model::{Finding, Package, Scan, Timestamp};
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
    /// Names of packages, each of which depends on the next.
    path: Vec<String>,
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
    for (id, places) in document.ignore {
        if id.to_ascii_uppercase().starts_with("SNYK-") || id.starts_with("npm:") {
            foreign = foreign.saturating_add(1);
            continue;
        }
        for (place, terms) in places.into_iter().flatten() {
            let terms = terms.unwrap_or_default();
            match terms.expires.as_deref().map(str::parse::<Timestamp>).transpose() {
                Ok(end) if end.is_some_and(|end| end < now) => over = over.saturating_add(1),
                Ok(_) => {
                    let path = place.split('>').map(|name| name.trim().to_owned()).collect();
                    let reason = terms.reason.unwrap_or_else(|| "None Given".to_owned());
                    rules.push(Rule { id: id.clone(), path, reason });
                }
                Err(_) => tell(&format!(
                    "note: `{shown}`: `{}` of `{}` is no time: the ignore passes nothing",
                    terms.expires.unwrap_or_default().escape_debug(),
                    id.escape_debug()
                )),
            }
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
        let packages = &scan.inventory.packages;
        for finding in &mut scan.findings {
            let rules: Vec<&Rule> =
                self.rules.iter().filter(|rule| rule.is_about(finding)).collect();
            let Some(first) = rules.first() else { continue };
            let paths: Vec<&[String]> = rules.iter().map(|rule| rule.path.as_slice()).collect();
            let at = usize::try_from(finding.package.index).ok();
            let own = at.and_then(|at| packages.get(at));
            if own.is_none_or(|own| is_covered(own, &paths, packages)) {
                finding.suppressed = Some(first.reason.clone());
            }
        }
    }
}

impl Rule {
    /// Whether it names the weakness, and the package as the last of its path.
    fn is_about(&self, finding: &Finding) -> bool {
        let package = &finding.package;
        let is_last = |last: &String| is_called(last, &package.name, &package.version);
        let is_named = finding.id == self.id || finding.aliases.contains(&self.id);
        is_named && self.path.last().is_some_and(is_last)
    }
}

/// Whether an element of a path means a package: `*`, or its name with or without its version, behind that of its
/// source where there is one.
fn is_called(element: &str, name: &str, version: &str) -> bool {
    let short = element.rsplit('/').next().unwrap_or(element);
    let with_version = format!("{name}@{version}");
    element == "*" || [element, short].iter().any(|it| *it == name || *it == with_version)
}

/// Whether all ways to a package that the inventory knows of are among these paths, each read from its end.
///
/// What stands in front of the first package is the project. Where nothing is known of who depends on whom,
/// the last name decides.
fn is_covered(own: &Package, paths: &[&[String]], all: &[Package]) -> bool {
    let is = |element: &str, one: &Package| is_called(element, &one.name, &one.version);
    let fronts: Vec<&[String]> = paths
        .iter()
        .filter_map(|path| path.split_last())
        .filter(|(last, _)| is(last, own))
        .map(|(_, front)| front)
        .collect();
    let bare = |name: &str| match name.rsplit_once('@') {
        Some((bare, _)) if !bare.is_empty() => bare.to_owned(),
        _ => name.to_owned(),
    };
    let is_project = |front: &[String]| match front {
        [] => true,
        [one] => !all.iter().any(|it| is(&bare(one), it)),
        _ => false,
    };
    let is_end = |front: &&[String]| front.last().is_some_and(|it| it == "*") || is_project(front);
    if fronts.iter().any(is_end) {
        return true;
    }
    let mut kin = all.iter().filter(|one| one.kind == own.kind);
    let above: Vec<&Package> =
        kin.clone().filter(|one| one.depends_on.contains(&own.name)).collect();
    if above.is_empty() {
        return !fronts.is_empty() && kin.all(|one| one.depends_on.is_empty());
    }
    !fronts.is_empty() && above.iter().all(|one| is_covered(one, &fronts, all))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::PackageKind;

    use super::*;

    #[test]
    fn a_path_is_meant_whole_and_all_ways_to_a_package_must_be_named() {
        let package = |name: &str, needs: &[&str]| {
            let mut one = Package::new(PackageKind::Npm, name, "1.0.0");
            one.depends_on = needs.iter().map(|it| (*it).to_owned()).collect();
            one
        };
        let all =
            [package("a", &["c"]), package("b", &["c"]), package("c", &[]), package("d", &[])];
        let holds = |name: &str, paths: &[&str]| {
            let split = |path: &&str| path.split(" > ").map(str::to_owned).collect::<Vec<_>>();
            let paths: Vec<Vec<String>> = paths.iter().map(split).collect();
            let paths: Vec<&[String]> = paths.iter().map(Vec::as_slice).collect();
            is_covered(all.iter().find(|it| it.name == name).unwrap(), &paths, &all)
        };
        assert!(holds("c", &["*"]) && holds("c", &["c"]) && holds("c", &["c@1.0.0"]));
        assert!(!holds("c", &["a > c"]), "`b` needs it too");
        assert!(holds("c", &["a > c", "shop@2 > b@1.0.0 > c"]) && holds("c", &["* > c"]));
        assert!(!holds("c", &["a@9 > c", "b > c"]), "it is another version");
        assert!(!holds("c", &["d > c"]) && !holds("d", &["a > d"]) && holds("d", &["shop > d"]));
        let none = [package("a", &[]), package("c", &[])];
        let path = ["a".to_owned(), "c".to_owned()];
        assert!(is_covered(&none[1], &[&path], &none), "nothing is known of who needs it");
    }
}
