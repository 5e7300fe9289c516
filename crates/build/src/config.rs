//! What a project decides about linting: levels, ignored rules, trusted registries, labels.
//!
//! A `.hadolint.yaml` is read as it is; see
//! <https://github.com/hadolint/hadolint#configure>.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::finding::Level;

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

/// Why a configuration is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the lint configuration cannot be read: {0}")]
pub struct ConfigError(String);

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Hadolint {
    ignored: Option<Vec<String>>,
    #[serde(rename = "override")]
    levels: Option<BTreeMap<String, Vec<String>>>,
    #[serde(rename = "trustedRegistries", alias = "trusted-registries")]
    trusted_registries: Option<Vec<String>>,
    label_schema: Option<BTreeMap<String, LabelKind>>,
    strict_labels: bool,
    disable_ignore_pragma: bool,
    failure_threshold: Option<String>,
    no_fail: bool,
    format: Option<String>,
}

/// The table `[lint]` of a `plimsoll.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Own {
    ignored: Vec<String>,
    levels: BTreeMap<String, String>,
    trusted_registries: Vec<String>,
    label_schema: BTreeMap<String, LabelKind>,
    strict_labels: bool,
    disable_ignore_pragma: bool,
    failure_threshold: Option<String>,
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
            toml::from_str(text).map_err(|error| ConfigError(error.to_string()))?;
        let level = |name: &str| {
            name.parse().map_err(|error: crate::LevelError| ConfigError(error.to_string()))
        };
        let levels = lint.levels.into_iter().map(|(rule, name)| Ok((rule, level(&name)?)));
        Ok(Self {
            ignored: lint.ignored,
            levels: levels.collect::<Result<_, _>>()?,
            trusted_registries: lint.trusted_registries,
            label_schema: lint.label_schema,
            strict_labels: lint.strict_labels,
            disable_ignore_pragma: lint.disable_ignore_pragma,
            failure_threshold: lint.failure_threshold.as_deref().map(level).transpose()?,
            no_fail: lint.no_fail,
            today: None,
            format: lint.format,
        })
    }

    /// Reads the text of a `.hadolint.yaml`.
    pub fn from_hadolint(text: &str) -> Result<Self, ConfigError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let read: Option<Hadolint> =
            serde_saphyr::from_str(text).map_err(|error| ConfigError(error.to_string()))?;
        let read = read.unwrap_or_default();
        let level = |name: &str| {
            name.parse().map_err(|error: crate::LevelError| ConfigError(error.to_string()))
        };
        let mut levels = BTreeMap::new();
        for (name, rules) in read.levels.unwrap_or_default() {
            let level = level(&name)?;
            levels.extend(rules.into_iter().map(|rule| (rule, level)));
        }
        Ok(Self {
            ignored: read.ignored.unwrap_or_default(),
            levels,
            trusted_registries: read.trusted_registries.unwrap_or_default(),
            label_schema: read.label_schema.unwrap_or_default(),
            strict_labels: read.strict_labels,
            disable_ignore_pragma: read.disable_ignore_pragma,
            failure_threshold: read.failure_threshold.as_deref().map(level).transpose()?,
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
        let error = Config::from_toml("[lint]\nignord = []\n").unwrap_err();
        assert!(error.to_string().contains("ignord"), "{error}");
    }

    #[test]
    fn a_wrong_level_is_named() {
        let error = Config::from_hadolint("failure-threshold: loud\n").unwrap_err();
        assert!(error.to_string().contains("`loud` is no level"), "{error}");
    }
}
