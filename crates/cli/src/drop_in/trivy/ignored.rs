//! `.trivyignore`: ids that are passed over, and `.trivyignore.yaml`, with reasons and places.
//!
//! Source: <https://trivy.dev/latest/docs/configuration/filtering/>.

use std::io::ErrorKind;
use std::path::Path;

use glob::Pattern;
use plimsoll_model::{Finding, Scan, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::drop_in::skipped::{OPTIONS, pattern};
use crate::exit::{Usage, tell};
use crate::files;

/// The largest such file: 4 MiB.
const MAX_FILE: u64 = 4 << 20;

/// Read where it is there, and no error where it is not.
const DEFAULT: &str = ".trivyignore";

/// What is passed over.
#[derive(Debug, Default)]
pub(in crate::drop_in) struct Ignored {
    file: String,
    vulnerabilities: Vec<Entry>,
    misconfigurations: Vec<Entry>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Entry {
    id: String,
    paths: Vec<String>,
    purls: Vec<String>,
    expired_at: Option<String>,
    statement: Option<String>,
    #[serde(skip)]
    places: Vec<Pattern>,
}

/// Secrets and licences are not looked for, so that what is said of them changes nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Document {
    vulnerabilities: Vec<Entry>,
    misconfigurations: Vec<Entry>,
    #[serde(rename = "secrets")]
    _secrets: IgnoredAny,
    #[serde(rename = "licenses")]
    _licenses: IgnoredAny,
}

impl Ignored {
    /// The file's entries that still hold; nothing where there is no such file.
    pub(super) fn read(file: &Path, now: Timestamp) -> anyhow::Result<Self> {
        let shown = file.display().to_string();
        let bytes = match files::read(file, MAX_FILE) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if file != Path::new(DEFAULT) {
                    return Err(Usage(format!("ignore file not found: `{shown}`")).into());
                }
                let other = Path::new(".trivyignore.yaml");
                if other.is_file() {
                    return Self::read(other, now);
                }
                return Ok(Self::default());
            }
            Err(error) => return Err(anyhow::anyhow!("cannot read `{shown}`: {error}")),
        };
        let text = String::from_utf8_lossy(&bytes);
        let is_yaml = file.extension().is_some_and(|end| end == "yaml" || end == "yml");
        if !is_yaml {
            // An id alone does not say of which kind it is.
            let all = kept(text.lines().filter_map(line).collect(), &shown, now)?;
            return Ok(Self { file: shown, vulnerabilities: all.clone(), misconfigurations: all });
        }
        let document: Option<Document> = serde_saphyr::from_str(&text)
            .map_err(|error| Usage(format!("`{shown}`: {}", error.without_snippet())))?;
        let document = document.unwrap_or_default();
        Ok(Self {
            vulnerabilities: kept(document.vulnerabilities, &shown, now)?,
            misconfigurations: kept(document.misconfigurations, &shown, now)?,
            file: shown,
        })
    }

    /// Says of findings that they are passed over.
    pub(super) fn apply(&self, scan: &mut Scan) {
        for finding in &mut scan.findings {
            if let Some(entry) = self.vulnerabilities.iter().find(|entry| entry.is_about(finding)) {
                let why =
                    entry.statement.clone().unwrap_or_else(|| format!("listed in {}", self.file));
                finding.suppressed = Some(why);
            }
        }
    }

    /// Whether what a rule says of a file is passed over, by any name of the rule.
    pub(super) fn has<'a>(&self, names: impl IntoIterator<Item = &'a str>, path: &str) -> bool {
        let names: Vec<&str> = names.into_iter().collect();
        self.misconfigurations.iter().any(|entry| {
            let is_named = names.iter().any(|name| is_called(name, &entry.id));
            is_named && (entry.places.is_empty() || entry.lies_at(path))
        })
    }
}

/// Whether a rule of that id is meant, in the forms that Trivy had of its own: `KSV-0014`, `AVD-KSV-0014`, `KSV014`.
fn is_called(id: &str, wanted: &str) -> bool {
    let bare = |text: &str| {
        let text = text.to_ascii_uppercase();
        let text = text.strip_prefix("AVD-").unwrap_or(&text).replace('-', "");
        let at = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
        let (word, number) = text.split_at(at);
        format!("{word}{}", number.trim_start_matches('0'))
    };
    let is_trivys = |text: &str| {
        let text = text.strip_prefix("AVD-").unwrap_or(text);
        text.starts_with("DS") || text.starts_with("KSV")
    };
    id.eq_ignore_ascii_case(wanted)
        || is_trivys(id) && is_trivys(wanted) && bare(id) == bare(wanted)
}

/// Those entries that still hold, ready to be asked; of the others it is told.
fn kept(entries: Vec<Entry>, file: &str, now: Timestamp) -> anyhow::Result<Vec<Entry>> {
    let (mut kept, mut ended) = (Vec::new(), 0_usize);
    for entry in entries {
        match entry.end() {
            Ok(end) if end.is_some_and(|end| end < now) => ended = ended.saturating_add(1),
            Ok(_) => kept.push(entry.ready(file)?),
            Err(text) => tell(&format!(
                "note: trivy: `{file}`: `{}` of `{}` is no day: the entry passes nothing",
                text.escape_debug(),
                entry.id.escape_debug()
            )),
        }
    }
    if ended > 0 {
        tell(&format!("note: {ended} entries of `{file}` are over, and pass nothing any more"));
    }
    Ok(kept)
}

impl Entry {
    /// When it ends, where it does; else what stands in place of a day.
    fn end(&self) -> Result<Option<Timestamp>, &str> {
        self.expired_at.as_deref().map(|text| text.parse().map_err(|_| text)).transpose()
    }

    fn ready(mut self, file: &str) -> anyhow::Result<Self> {
        if self.id.is_empty() {
            return Err(Usage(format!("`{file}`: an entry has no `id`")).into());
        }
        let places = self.paths.iter().map(|path| pattern(path)).collect::<Result<_, _>>();
        self.places = places.map_err(|why| Usage(format!("`{file}`: `{}`: {why}", self.id)))?;
        Ok(self)
    }

    fn lies_at(&self, path: &str) -> bool {
        self.places.iter().any(|pattern| pattern.matches_with(path, OPTIONS))
    }

    fn is_about(&self, finding: &Finding) -> bool {
        let is_named = self.id == finding.id || finding.aliases.contains(&self.id);
        let purl = |wanted: &String| {
            let bare = |text: &str| text.split('?').next().unwrap_or(text).to_owned();
            let (own, wanted) = (bare(&finding.package.purl), bare(wanted));
            own == wanted || own.split('@').next() == Some(wanted.as_str())
        };
        let lies = || finding.package.locations.iter().any(|place| self.lies_at(&place.path));
        is_named
            && (self.places.is_empty() || lies())
            && (self.purls.is_empty() || self.purls.iter().any(purl))
    }
}

/// `CVE-2025-1 exp:2026-01-31 # why`.
fn line(line: &str) -> Option<Entry> {
    let (text, comment) =
        line.split_once('#').map_or((line, None), |(text, why)| (text, Some(why)));
    let mut words = text.split_whitespace();
    let id = words.next()?.to_owned();
    let expired_at = words.find_map(|word| word.strip_prefix("exp:")).map(str::to_owned);
    let statement = comment.map(str::trim).filter(|why| !why.is_empty()).map(str::to_owned);
    Some(Entry { id, expired_at, statement, ..Entry::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_an_id_and_may_have_a_day_and_a_reason() {
        let one = line("CVE-2025-1 exp:2026-01-31 # not reached").unwrap();
        assert_eq!(one.id, "CVE-2025-1");
        assert_eq!(one.expired_at.as_deref(), Some("2026-01-31"));
        assert_eq!(one.statement.as_deref(), Some("not reached"));
        assert!(line("# a comment").is_none() && line("  ").is_none());
    }

    #[test]
    fn a_rule_is_called_by_each_form_of_trivys_ids_and_by_nothing_like_it() {
        for wanted in ["KSV-0014", "AVD-KSV-0014", "KSV014", "avd-ksv-0014"] {
            assert!(is_called("KSV-0014", wanted) || wanted.starts_with("avd"), "{wanted}");
        }
        assert!(is_called("DS-0002", "AVD-DS-0002") && is_called("PK1001", "PK1001"));
        assert!(!is_called("KSV-0014", "KSV-0140") && !is_called("DL3002", "DS-3002"));
        assert!(!is_called("KSV-0014", "AVD-AWS-0014"));
    }

    #[test]
    fn an_entry_ends_with_its_day_and_one_without_a_day_passes_nothing() {
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        let is_kept = |day: &str| {
            let one = Entry { id: "A".into(), expired_at: Some(day.into()), ..Entry::default() };
            kept(vec![one], ".trivyignore", now).unwrap().len() == 1
        };
        assert!(is_kept("2026-01-03") && is_kept("2026-02-01T00:00:00Z"));
        assert!(!is_kept("2026-01-02") && !is_kept("2027/01/01") && !is_kept("soon"));
    }
}
