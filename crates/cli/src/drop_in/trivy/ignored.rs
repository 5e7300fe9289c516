//! `.trivyignore`: ids that are passed over, and `.trivyignore.yaml`, with reasons and places.
//!
//! Source: <https://trivy.dev/latest/docs/configuration/filtering/>.

use std::io::ErrorKind;
use std::path::Path;

use plimsoll_model::{Finding, Scan, Timestamp};
use serde::Deserialize;

use crate::exit::{Usage, tell};
use crate::files;

/// The largest such file: 4 MiB.
const MAX_FILE: u64 = 4 << 20;

/// Read where it is there, and no error where it is not.
const DEFAULT: &str = ".trivyignore";

#[derive(Debug, Default)]
pub(super) struct Ignored {
    file: String,
    entries: Vec<Entry>,
}

#[derive(Debug, Default, Deserialize)]
struct Entry {
    id: String,
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    purls: Vec<String>,
    #[serde(default)]
    expired_at: Option<String>,
    #[serde(default)]
    statement: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Document {
    #[serde(default)]
    vulnerabilities: Vec<Entry>,
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
        let entries = if is_yaml {
            let document: Document = serde_saphyr::from_str(&text)
                .map_err(|error| Usage(format!("`{shown}`: {}", error.without_snippet())))?;
            document.vulnerabilities
        } else {
            text.lines().filter_map(line).collect()
        };
        let today = now.date();
        let (mut kept, mut ended) = (Vec::new(), 0_usize);
        for entry in entries {
            // A day in figures sorts as it comes.
            let is_over = entry
                .expired_at
                .as_ref()
                .is_some_and(|day| day.get(..10).is_none_or(|day| day < today.as_str()));
            if is_over {
                ended = ended.saturating_add(1);
            } else {
                kept.push(entry);
            }
        }
        if ended > 0 {
            tell(&format!(
                "note: {ended} entries of `{shown}` are over, and pass nothing any more"
            ));
        }
        Ok(Self { file: shown, entries: kept })
    }

    /// Says of findings that they are passed over.
    pub(super) fn apply(&self, scan: &mut Scan) {
        for finding in &mut scan.findings {
            if let Some(entry) = self.entries.iter().find(|entry| entry.is_about(finding)) {
                let why =
                    entry.statement.clone().unwrap_or_else(|| format!("listed in {}", self.file));
                finding.suppressed = Some(why);
            }
        }
    }
}

impl Entry {
    fn is_about(&self, finding: &Finding) -> bool {
        let is_named = self.id == finding.id || finding.aliases.contains(&self.id);
        let place = |pattern: &String| {
            glob::Pattern::new(pattern).is_ok_and(|pattern| {
                finding.package.locations.iter().any(|place| pattern.matches(&place.path))
            })
        };
        let purl = |wanted: &String| {
            let bare = |text: &str| text.split('?').next().unwrap_or(text).to_owned();
            let (own, wanted) = (bare(&finding.package.purl), bare(wanted));
            own == wanted || own.split('@').next() == Some(wanted.as_str())
        };
        is_named
            && (self.paths.is_empty() || self.paths.iter().any(place))
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
}
