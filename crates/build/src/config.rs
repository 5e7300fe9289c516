//! What a project decides about linting: levels, ignored rules, trusted registries, labels.
//!
//! A `.hadolint.yaml` is read as it is; see
//! <https://github.com/hadolint/hadolint#configure>.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::finding::Level;
use crate::rules;
use crate::syntax::nearest;
use plimsoll_model::text::{Position, Source, offset};

/// What the value of a label must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelKind {
    /// Any text that is not empty.
    #[serde(alias = "rawtext", alias = "raw-text")]
    Text,
    /// A URL, RFC 3986.
    Url,
    /// A time, RFC 3339.
    #[serde(alias = "date-time")]
    Rfc3339,
    /// An SPDX licence identifier.
    Spdx,
    /// A git hash.
    #[serde(alias = "githash", alias = "git-hash")]
    Hash,
    /// A semantic version.
    #[serde(alias = "semantic-version")]
    Semver,
    /// An e-mail address, RFC 5322.
    Email,
}

impl LabelKind {
    /// All, with the names that configurations use.
    const NAMES: [(&'static str, Self); 8] = [
        ("text", Self::Text),
        ("rawtext", Self::Text),
        ("url", Self::Url),
        ("rfc3339", Self::Rfc3339),
        ("spdx", Self::Spdx),
        ("hash", Self::Hash),
        ("semver", Self::Semver),
        ("email", Self::Email),
    ];

    /// The kind of that name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, kind)| *kind)
    }
}

/// What a project decides about linting.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Rules that are off, by id or alias.
    pub ignored: Vec<String>,
    /// Levels other than the rules' own, by id or alias.
    pub levels: BTreeMap<String, Level>,
    /// Registries that `FROM` may name; empty allows all. `*` stands for any characters.
    pub trusted_registries: Vec<String>,
    /// The labels that must be there, and what their values must be.
    pub label_schema: BTreeMap<String, LabelKind>,
    /// Labels that the schema does not name are not allowed.
    pub strict_labels: bool,
    /// Ignore comments count for nothing.
    pub disable_ignore_pragma: bool,
    /// Findings of this level and above make the run fail; `None` is [`Level::Info`].
    pub failure_threshold: Option<Level>,
    /// Findings do not make the run fail.
    pub no_fail: bool,
    /// The present day, past which an ignore comment with `until` does not count; without it none
    /// expires.
    pub today: Option<crate::Date>,
    /// The output format, where the configuration names one.
    pub format: Option<String>,
}

/// Why a configuration is not read: shown as `LINE:COLUMN: what`, where the place is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", place.map(|at| format!("{}:{}: ", at.line, at.column)).unwrap_or_default())]
pub struct ConfigError {
    /// Where in the text.
    pub place: Option<Position>,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl ConfigError {
    fn of_toml(error: &toml::de::Error, text: &str) -> Self {
        let at = error.span().map(|span| offset(span.start));
        let place = at.map(|at| Source::new(text).position(at));
        Self { place, message: error.message().to_owned() }
    }

    fn of_yaml(error: &serde_saphyr::Error) -> Self {
        let location = error.location();
        let message = error.without_snippet().to_string();
        let place = location.map(|location| {
            let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
            Position { line: small(location.line()), column: small(location.column()) }
        });
        let suffix = place.map(|at| format!(" at line {}, column {}", at.line, at.column));
        let kept = suffix.and_then(|suffix| message.strip_suffix(&suffix).map(str::to_owned));
        Self { place, message: kept.unwrap_or(message) }
    }
}

/// A level by its name, so that the place of a wrong one is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct Named(Level);

impl TryFrom<String> for Named {
    type Error = crate::LevelError;

    fn try_from(name: String) -> Result<Self, crate::LevelError> {
        name.parse().map(Self)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Hadolint {
    ignored: Option<Vec<String>>,
    #[serde(rename = "override")]
    levels: Option<BTreeMap<Named, Vec<String>>>,
    #[serde(rename = "trustedRegistries", alias = "trusted-registries")]
    trusted_registries: Option<Vec<String>>,
    label_schema: Option<BTreeMap<String, LabelKind>>,
    strict_labels: bool,
    disable_ignore_pragma: bool,
    failure_threshold: Option<Named>,
    no_fail: bool,
    format: Option<String>,
}

/// The table `[lint]` of a `plimsoll.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Own {
    ignored: Vec<String>,
    levels: BTreeMap<String, Named>,
    trusted_registries: Vec<String>,
    label_schema: BTreeMap<String, LabelKind>,
    strict_labels: bool,
    disable_ignore_pragma: bool,
    failure_threshold: Option<Named>,
    no_fail: bool,
    format: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tables {
    lint: Own,
}

impl Config {
    /// Reads the table `[lint]` of a `plimsoll.toml`: the settings of hadolint in kebab-case, and
    /// `levels = { DL3008 = "error" }`. Other tables are other commands'.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let Tables { lint } =
            toml::from_str(text).map_err(|error| ConfigError::of_toml(&error, text))?;
        Ok(Self {
            ignored: lint.ignored,
            levels: lint.levels.into_iter().map(|(rule, level)| (rule, level.0)).collect(),
            trusted_registries: lint.trusted_registries,
            label_schema: lint.label_schema,
            strict_labels: lint.strict_labels,
            disable_ignore_pragma: lint.disable_ignore_pragma,
            failure_threshold: lint.failure_threshold.map(|level| level.0),
            no_fail: lint.no_fail,
            today: None,
            format: lint.format,
        })
    }

    /// The names in the configuration that no rule has, each with the nearest that one has.
    ///
    /// A code of `ShellCheck`'s is none of them: not all of its checks are made.
    pub fn unknown_rules(&self) -> Vec<(&str, Option<&'static str>)> {
        let is_of_shellcheck = |name: &str| {
            name.strip_prefix("SC").is_some_and(|code| code.bytes().all(|one| one.is_ascii_digit()))
        };
        let named = self.ignored.iter().chain(self.levels.keys()).map(String::as_str);
        let unknown = named.filter(|name| rules::named(name).is_none() && !is_of_shellcheck(name));
        let known = || rules::all().flat_map(|rule| std::iter::once(&rule.id).chain(rule.aliases));
        unknown.map(|name| (name, nearest(name, known().copied()))).collect()
    }

    /// Reads the text of a `.hadolint.yaml`.
    pub fn from_hadolint(text: &str) -> Result<Self, ConfigError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let read: Option<Hadolint> =
            serde_saphyr::from_str(text).map_err(|error| ConfigError::of_yaml(&error))?;
        let read = read.unwrap_or_default();
        let mut levels = BTreeMap::new();
        for (Named(level), rules) in read.levels.unwrap_or_default() {
            levels.extend(rules.into_iter().map(|rule| (rule, level)));
        }
        Ok(Self {
            ignored: read.ignored.unwrap_or_default(),
            levels,
            trusted_registries: read.trusted_registries.unwrap_or_default(),
            label_schema: read.label_schema.unwrap_or_default(),
            strict_labels: read.strict_labels,
            disable_ignore_pragma: read.disable_ignore_pragma,
            failure_threshold: read.failure_threshold.map(|level| level.0),
            no_fail: read.no_fail,
            format: read.format,
            today: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_hadolint_is_read_as_it_is() {
        let text = "ignored:\n  - DL3008\noverride:\n  error: [DL3003]\n  info:\n    - DL3002\n\
                    trustedRegistries:\n  - docker.io\nlabel-schema:\n  author: text\n  \
                    created: rfc3339\nstrict-labels: true\nfailure-threshold: warning\n";
        let config = Config::from_hadolint(text).unwrap_or_default();
        assert_eq!(config.ignored, ["DL3008"]);
        assert_eq!(config.levels.get("DL3003"), Some(&Level::Error));
        assert_eq!(config.label_schema.get("created"), Some(&LabelKind::Rfc3339));
        assert!(config.strict_labels);
        assert_eq!(config.failure_threshold, Some(Level::Warning));
    }

    #[test]
    fn our_own_table_says_the_same_in_toml() {
        let text = "[scan]\nx = 1\n[lint]\nignored = [\"DL3008\"]\nfailure-threshold = \"error\"\n\
                    [lint.levels]\nDL3003 = \"error\"\n";
        let config = Config::from_toml(text).unwrap_or_default();
        assert_eq!(config.ignored, ["DL3008"]);
        assert_eq!(config.levels.get("DL3003"), Some(&Level::Error));
        assert_eq!(config.failure_threshold, Some(Level::Error));
        let error = Config::from_toml("[lint]\nignord = []\n").unwrap_err().to_string();
        assert!(error.starts_with("2:1: ") && error.contains("ignord"), "{error}");
        assert!(error.contains("`ignored`"), "{error}");
    }

    #[test]
    fn a_wrong_value_is_named_with_its_place_and_what_is_allowed() {
        let told = |text: &str| Config::from_hadolint(text).unwrap_err().to_string();
        let error = told("ignored: []\nfailure-threshold: loud\n");
        assert!(error.starts_with("2:20: ") && error.contains("`loud` is no level"), "{error}");
        let error = told("override:\n  loud: [DL3008]\n");
        assert!(error.starts_with("2:") && error.contains("`loud` is no level"), "{error}");
        let error = told("label-schema:\n  a: number\n");
        assert!(error.starts_with("2:6: ") && error.contains("number"), "{error}");
        assert!(error.contains("url"), "{error}");
        let error =
            Config::from_toml("[lint.levels]\nDL3008 = \"loud\"\n").unwrap_err().to_string();
        assert!(error.starts_with("2:") && error.contains("it is error, warning"), "{error}");
    }

    #[test]
    fn a_rule_that_there_is_not_is_known_with_the_nearest() {
        let text =
            "ignored: [DL3009, DL30088, SC1091, DS-0001]\noverride:\n  error: [StageCasing]\n";
        let config = Config::from_hadolint(text).unwrap();
        assert_eq!(
            config.unknown_rules(),
            [("DL30088", Some("DL3008")), ("StageCasing", Some("StageNameCasing"))]
        );
    }
}
