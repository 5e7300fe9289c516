//! The parts of OSV's JSON that are read. What is absent, `null` or empty is the same.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

#[derive(Debug, Deserialize)]
pub(super) struct Record {
    #[serde(default)]
    pub(super) id: String,
    pub(super) schema_version: Option<String>,
    pub(super) modified: Option<String>,
    pub(super) published: Option<String>,
    pub(super) withdrawn: Option<String>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) aliases: Vec<String>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) upstream: Vec<String>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) related: Vec<String>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) summary: String,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) details: String,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) severity: Vec<SeverityRecord>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) affected: Vec<AffectedRecord>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) references: Vec<ReferenceRecord>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) database_specific: Map<String, Value>,
}

/// What a record that cannot be read is called.
#[derive(Debug, Deserialize)]
pub(super) struct OnlyId {
    pub(super) id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct AffectedRecord {
    pub(super) package: Option<PackageRecord>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) ranges: Vec<RangeRecord>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) versions: Vec<String>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) severity: Vec<SeverityRecord>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) ecosystem_specific: Map<String, Value>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) database_specific: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PackageRecord {
    pub(super) ecosystem: String,
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct RangeRecord {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) events: Vec<EventRecord>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventRecord {
    pub(super) introduced: Option<String>,
    pub(super) fixed: Option<String>,
    pub(super) last_affected: Option<String>,
    pub(super) limit: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SeverityRecord {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) score: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct ReferenceRecord {
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    pub(super) url: String,
}

impl Record {
    /// A text of the publisher's own part.
    pub(super) fn specific(&self, key: &str) -> Option<&str> {
        self.database_specific.get(key)?.as_str()
    }
}

impl AffectedRecord {
    /// A text of the ecosystem's or the publisher's own part.
    pub(super) fn specific(&self, key: &str) -> Option<&str> {
        let found = self.ecosystem_specific.get(key).or_else(|| self.database_specific.get(key));
        found?.as_str()
    }
}

fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
