//! What is told of an event that breaks a rule, in Falco's words.
//!
//! After `formats.cpp` of falcosecurity/falco and `eventformatter.cpp` of libsinsp.

mod shown;
mod template;

use std::collections::BTreeMap;

use serde_json::Value as JsonValue;

use crate::event::{Arena, Event, iso_time};
use crate::fields::Source;
use crate::loader::{Priority, Rule};
use crate::why::Explanation;

pub use template::Template;

/// How alerts are written; the defaults are those of `falco.yaml`.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of falco.yaml")]
pub struct Style {
    /// As JSON and not as text: `json_output`.
    pub json: bool,
    /// With `output` in it: `json_include_output_property`.
    pub output: bool,
    /// With `message`, which is the output without time and priority.
    pub message: bool,
    /// With `output_fields`.
    pub fields: bool,
    /// With `tags`.
    pub tags: bool,
    /// Times by date and not by the clock of the machine's zone: `time_format_iso_8601`.
    pub iso_time: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            json: false,
            output: true,
            message: false,
            fields: true,
            tags: true,
            iso_time: false,
        }
    }
}

/// Fields that are added to the alerts of some rules: `append_output` of `falco.yaml`.
#[derive(Debug, Clone, Default)]
pub struct AddedField {
    /// The name that it has in `output_fields`.
    pub name: String,
    /// What it shows.
    pub format: String,
    /// Whether it is the field itself, of its type, and not a text.
    pub is_raw: bool,
}

/// An alert, ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// The name of the rule.
    pub rule: String,
    /// Where the event came from.
    pub source: Source,
    /// How grave it is.
    pub priority: Priority,
    /// The rule's tags.
    pub tags: Vec<String>,
    /// When the event was, in nanoseconds since 1970.
    pub time: u64,
    /// The machine.
    pub host: String,
    /// Time, priority and message in one line.
    pub output: String,
    /// What the rule says of the event.
    pub message: String,
    /// The fields of the message.
    pub fields: BTreeMap<String, JsonValue>,
    /// Why the rule holds, where that is asked for.
    pub explanation: Option<Box<Explanation>>,
}

/// Writes the alerts of one rule.
#[derive(Debug)]
pub struct Formatter {
    time: Template,
    message: Template,
    added: Vec<(String, Template, bool)>,
    rule: String,
    source: Source,
    priority: Priority,
    tags: Vec<String>,
}

impl Formatter {
    /// For a rule; the error says which text cannot be shown.
    pub fn new(rule: &Rule, style: &Style, added: &[AddedField]) -> Result<Self, String> {
        let time = if style.iso_time { "%evt.time.iso8601" } else { "%evt.time" };
        let template = |text: &str| {
            let text = text.strip_prefix('*').unwrap_or(text);
            Template::new(text, rule.source).map_err(|why| format!("{why} in `{text}`"))
        };
        let added: Result<Vec<_>, String> = added
            .iter()
            .map(|field| Ok((field.name.clone(), template(&field.format)?, field.is_raw)))
            .collect();
        Ok(Self {
            time: template(time)?,
            message: template(&rule.output)?,
            added: added?,
            rule: rule.name.clone(),
            source: rule.source,
            priority: rule.priority,
            tags: rule.tags.iter().cloned().collect(),
        })
    }

    /// The alert for an event.
    pub fn alert(&self, event: &dyn Event, host: &str, arena: &Arena) -> Alert {
        let message = self.message.text(event, host, arena);
        let time = self.time.text(event, host, arena);
        let output = format!("{time}: {} {message}", self.priority.name());
        let mut fields = self.message.fields(event, host, arena);
        fields.append(&mut self.time.fields(event, host, arena));
        for (name, template, is_raw) in &self.added {
            let value = if *is_raw {
                let raw = template.fields(event, host, arena).into_values().next();
                raw.unwrap_or(JsonValue::Null)
            } else {
                template.text(event, host, arena).into()
            };
            fields.insert(name.clone(), value);
        }
        Alert {
            rule: self.rule.clone(),
            source: self.source,
            priority: self.priority,
            tags: self.tags.clone(),
            time: event.time(),
            host: host.to_owned(),
            output,
            message,
            fields,
            explanation: None,
        }
    }
}

impl Alert {
    /// The alert in one line without its end.
    pub fn line(&self, style: &Style) -> String {
        if style.json { self.json(style).to_string() } else { self.text() }
    }

    /// The line that Falco prints: what no terminal should see is escaped as in JSON.
    pub fn text(&self) -> String {
        let quoted = JsonValue::from(self.output.as_str()).to_string();
        let inner = quoted.get(1..quoted.len().saturating_sub(1));
        inner.unwrap_or_default().to_owned()
    }

    /// The object that Falco writes, its keys in their order.
    pub fn json(&self, style: &Style) -> JsonValue {
        let mut object = BTreeMap::from([
            ("hostname", JsonValue::from(self.host.as_str())),
            ("priority", self.priority.name().into()),
            ("rule", self.rule.as_str().into()),
            ("source", self.source.name().into()),
            ("time", iso_time(self.time).into()),
        ]);
        if style.output {
            object.insert("output", self.output.as_str().into());
        }
        if style.message {
            object.insert("message", self.message.as_str().into());
        }
        if style.tags {
            object.insert("tags", self.tags.clone().into());
        }
        if style.fields {
            let fields = self.fields.iter().map(|(name, value)| (name.clone(), value.clone()));
            object.insert("output_fields", JsonValue::Object(fields.collect()));
        }
        if let Some(explanation) = &self.explanation {
            object.insert("explanation", explanation.json());
        }
        let object = object.into_iter().map(|(name, value)| (name.to_owned(), value));
        JsonValue::Object(object.collect())
    }
}
