//! `ignore` of `.grype.yaml`: which matches are passed over.
//!
//! A rule holds where all that it names holds, so that a field that is not understood would make it
//! hold for more: such a rule is refused.
//!
//! Source: <https://github.com/anchore/grype/blob/main/grype/match/ignore.go>.

use std::collections::BTreeMap;
use std::path::Path;

use glob::Pattern;
use plimsoll_model::{Finding, Inventory, Scan, syft};
use plimsoll_report::formats::grype;
use regex::Regex;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::settings::GRYPE;
use crate::drop_in::anchore::{Chosen, MAX_FILE};
use crate::drop_in::skipped::{OPTIONS, pattern};
use crate::exit::{Usage, tell};
use crate::files;

#[derive(Default, Deserialize)]
struct Document {
    ignore: Option<Vec<Spanned<Rule>>>,
    profiles: Option<BTreeMap<String, Profile>>,
}

#[derive(Default, Deserialize)]
struct Profile {
    ignore: Option<Vec<Spanned<Rule>>>,
}

/// All that a rule names must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
struct Rule {
    vulnerability: String,
    include_aliases: bool,
    reason: String,
    namespace: String,
    fix_state: String,
    package: Package,
    vex_status: String,
    vex_justification: String,
    match_type: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
struct Package {
    name: String,
    version: String,
    language: String,
    r#type: String,
    location: String,
    upstream_name: String,
}

/// A rule that is ready to be asked.
struct Ready {
    rule: Rule,
    /// Where it stands: file and line.
    place: String,
    name: Option<Name>,
    upstream: Option<Name>,
    location: Option<Pattern>,
}

/// A name, or a regular expression where it looks like one.
enum Name {
    Exact(String),
    Like(Regex),
}

/// Says of matches that rules pass over them.
pub(super) fn ignore(chosen: &Chosen, scan: &mut Scan) -> anyhow::Result<()> {
    let rules = read(chosen)?;
    let inventory = &scan.inventory;
    for finding in &mut scan.findings {
        if let Some(ready) = rules.iter().find(|ready| ready.is_about(finding, inventory)) {
            let why = &ready.rule.reason;
            finding.suppressed =
                Some(if why.is_empty() { ready.place.clone() } else { why.clone() });
        }
    }
    Ok(())
}

/// The rules of all files; those of a profile stand for those outside of it.
fn read(chosen: &Chosen) -> anyhow::Result<Vec<Ready>> {
    let (mut rules, mut profiles) = (Vec::new(), BTreeMap::<String, Vec<Ready>>::new());
    for file in GRYPE.files(&chosen.config) {
        let document: Option<Document> = files::yaml(&file, MAX_FILE)?;
        let document = document.unwrap_or_default();
        rules.extend(ready(&file, document.ignore)?);
        for (name, profile) in document.profiles.unwrap_or_default() {
            if chosen.profile.contains(&name) && profile.ignore.is_some() {
                profiles.entry(name).or_default().extend(ready(&file, profile.ignore)?);
            }
        }
    }
    for name in &chosen.profile {
        if let Some(own) = profiles.remove(name) {
            rules = own;
        }
    }
    Ok(rules)
}

fn ready(file: &Path, rules: Option<Vec<Spanned<Rule>>>) -> anyhow::Result<Vec<Ready>> {
    let mut all = Vec::new();
    for spanned in rules.unwrap_or_default() {
        let place = format!("{}:{}", file.display(), spanned.referenced.line());
        let rule = spanned.value;
        if !rule.vex_status.is_empty() || !rule.vex_justification.is_empty() {
            tell(&format!(
                "note: grype: the rule at `{place}` is about VEX documents, which are not read here: it passes \
                 nothing over"
            ));
            continue;
        }
        let refused = |why: String| Usage(format!("`{place}`: {why}"));
        let location = Some(&rule.package.location).filter(|text| !text.is_empty());
        let location = location.map(|text| pattern(text)).transpose();
        let location = location.map_err(|why| refused(format!("location: {why}")))?;
        let name = Name::of("name", &rule.package.name).map_err(refused)?;
        let upstream = Name::of("upstream-name", &rule.package.upstream_name).map_err(refused)?;
        all.push(Ready { rule, place, name, upstream, location });
    }
    Ok(all)
}

impl Name {
    fn of(field: &str, text: &str) -> Result<Option<Self>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        if !text.contains(['^', '$', '*', '+', '?', '[', ']', '(', ')', '{', '}', '|', '\\']) {
            return Ok(Some(Self::Exact(text.to_owned())));
        }
        let like = Regex::new(&format!("^{text}$"));
        like.map(|like| Some(Self::Like(like))).map_err(|why| {
            let why = why.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("{field} `{}` is no regular expression: {why}", text.escape_debug())
        })
    }

    fn is(&self, name: &str) -> bool {
        match self {
            Self::Exact(text) => text == name,
            Self::Like(like) => like.is_match(name),
        }
    }
}

impl Rule {
    fn says_something(&self) -> bool {
        let package = &self.package;
        [
            &self.vulnerability,
            &self.namespace,
            &self.fix_state,
            &self.match_type,
            &package.name,
            &package.version,
            &package.language,
            &package.r#type,
            &package.location,
            &package.upstream_name,
        ]
        .iter()
        .any(|field| !field.is_empty())
    }

    /// Whether a weakness is meant: by its id, by that of GitHub's record, which Grype has of a package of a
    /// language, or by any where aliases count.
    fn names(&self, finding: &Finding) -> bool {
        let id = &self.vulnerability;
        let is_record = !finding.package.kind.is_os() && id.starts_with("GHSA-");
        id.is_empty()
            || *id == finding.id
            || (is_record || self.include_aliases) && finding.aliases.contains(id)
    }
}

impl Ready {
    fn is_about(&self, finding: &Finding, inventory: &Inventory) -> bool {
        let (rule, package) = (&self.rule, &finding.package);
        let is = |wanted: &str, own: &str| wanted.is_empty() || wanted == own;
        let lies = |pattern: &Pattern| {
            package.locations.iter().any(|place| {
                let whole = format!("/{}", place.path);
                let archive = whole.split('!').next().unwrap_or_default();
                [whole.as_str(), archive].iter().any(|it| pattern.matches_with(it, OPTIONS))
            })
        };
        rule.says_something()
            && rule.names(finding)
            && is(&rule.fix_state, grype::state(&finding.fix))
            && is(&rule.package.version, &package.version)
            && is(&rule.package.r#type, syft::type_of(package.kind))
            && is(&rule.package.language, syft::language(package.kind))
            && (rule.namespace.is_empty() || rule.namespace == grype::namespace(finding, inventory))
            && is(&rule.match_type, grype::match_type(finding, inventory))
            && self
                .name
                .as_ref()
                .is_none_or(|it| it.is(&syft::name_of(package.kind, &package.name)))
            && self.upstream.as_ref().is_none_or(|it| {
                grype::upstream(finding, inventory).is_some_and(|name| it.is(name))
            })
            && self.location.as_ref().is_none_or(lies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_whole_and_regular_expressions_from_end_to_end() {
        let of = |text| Name::of("name", text).unwrap().unwrap();
        assert!(of("linux.x").is("linux.x") && !of("linux.x").is("linux-x"));
        assert!(of("linux(-.*)?").is("linux-headers") && !of("linux.*").is("my-linux"));
        assert!(Name::of("name", "").unwrap().is_none());
        assert!(Name::of("name", "a(").is_err_and(|why| why.contains("no regular expression")));
    }

    #[test]
    fn locations_begin_with_the_root_and_stars_stay_in_a_folder() {
        let is = |text, path| pattern(text).unwrap().matches_with(path, OPTIONS);
        assert!(is("/usr/lib/**", "/usr/lib/a/b") && is("**/b", "/usr/b"));
        assert!(!is("/usr/*", "/usr/lib/a") && !is("usr/**", "/usr/lib/a"));
        assert!(pattern("/usr/{a,b}").is_err());
    }
}
