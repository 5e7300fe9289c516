//! Load results and rules as JSON, in Falco's shape.
//!
//! After `result::as_json` of `rule_loader.cpp` and `describe_rule` of `falco_engine.cpp`.

use serde_json::{Value, json};

use super::{Context, Loader, Report, Rule};

impl Loader {
    /// The result of a file, as `falco -V` writes it.
    pub fn result_json(&self, report: &Report) -> Value {
        let one =
            |context: &Context, code: &str, words: &str, message: &str, meant: Option<&str>| {
                let mut entry = json!({
                    "context": self.context_json(context),
                    "code": code,
                    "codedesc": words,
                    "message": message,
                });
                if let (Some(meant), Some(entry)) = (meant, entry.as_object_mut()) {
                    entry.insert("suggestion".to_owned(), meant.into());
                }
                entry
            };
        let errors: Vec<Value> = report
            .errors
            .iter()
            .map(|it| {
                one(&it.context, it.code.name(), it.code.words(), &it.message, it.meant.as_deref())
            })
            .collect();
        let warnings: Vec<Value> = report
            .warnings
            .iter()
            .map(|it| {
                one(&it.context, it.code.name(), it.code.words(), &it.message, it.meant.as_deref())
            })
            .collect();
        json!({
            "name": report.name,
            "successful": report.is_loaded(),
            "schema_valid": report.schema.is_empty(),
            "schema_warnings": report.schema,
            "errors": errors,
            "warnings": warnings,
        })
    }

    fn context_json(&self, context: &Context) -> Value {
        let locations: Vec<Value> = context
            .locations
            .iter()
            .map(|location| {
                json!({
                    "item_type": location.item_type.name(),
                    "item_name": &*location.item_name,
                    "position": {
                        "name": &*location.name,
                        "line": location.line,
                        "column": location.column,
                        "offset": location.offset,
                    },
                })
            })
            .collect();
        let file = self.file(context.place.file).map(|(_, text)| text);
        json!({ "locations": locations, "snippet": context.snippet(file) })
    }
}

impl Rule {
    /// The rule as `falco -L -o json_output=true` describes it.
    pub fn describe(&self) -> Value {
        json!({
            "info": {
                "name": self.name,
                "condition": self.condition_text,
                "description": self.description,
                "output": self.output_text,
                "enabled": self.enabled,
                "source": self.source.name(),
                "tags": self.tags,
                "priority": if self.priority == super::Priority::Informational {
                    "Info"
                } else {
                    self.priority.name()
                },
                "capture": self.capture,
                "capture_duration": self.capture_duration,
            },
            "details": {
                "condition_compiled": self.condition.to_string(),
                "output_compiled": self.output,
                "macros": self.macros,
                "events": self.event_types,
            },
        })
    }
}
