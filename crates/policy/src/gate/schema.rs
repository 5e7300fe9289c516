//! The JSON schema of a policy, made of the pages of all judges, for editors that complete TOML.
//!
//! <https://json-schema.org/draft/2020-12/schema>

use plimsoll_model::gate::Effect;
use serde_json::{Map, Value, json};

use super::page::{Key, Kind, Page, Preset};

/// The schema of `plimsoll.toml` as far as it is the gate's.
pub fn schema(pages: &[&'static Page]) -> Value {
    let mut gate = Map::new();
    let mut rules = Map::new();
    let effects = Effect::ALL.map(|(_, name)| name);
    for page in pages {
        let keys: Map<String, Value> =
            page.keys.iter().map(|key| (key.name.to_owned(), of_key(key))).collect();
        let table = json!({
            "type": "object",
            "title": page.title,
            "additionalProperties": false,
            "properties": keys,
        });
        gate.insert(page.name.to_owned(), table);
        let mut own = Map::new();
        for rule in page.rules {
            let effect = json!({
                "enum": effects,
                "default": rule.effect.name(),
                "description": format!("{}. {}", rule.title, rule.why),
            });
            let name = rule.id.split_once('.').map_or(rule.id, |(_, name)| name);
            own.insert(name.to_owned(), effect.clone());
            rules.insert(rule.id.to_owned(), effect);
        }
        let own = json!({ "type": "object", "additionalProperties": false, "properties": own });
        rules.insert(page.name.to_owned(), own);
    }
    gate.insert(
        "rules".into(),
        json!({
            "type": "object",
            "title": "What a violation of each rule comes to",
            "additionalProperties": false,
            "properties": rules,
        }),
    );
    gate.insert("exceptions".into(), json!({ "type": "array", "items": exception() }));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://plimsoll.dev/schema/plimsoll-toml-v1.schema.json",
        "title": "plimsoll.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "gate": { "type": "object", "additionalProperties": false, "properties": gate },
            "lint": { "type": "object" },
        },
    })
}

fn of_key(key: &Key) -> Value {
    let mut schema = match key.kind {
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Number => json!({ "type": "integer", "minimum": 0 }),
        Kind::Length => json!({ "type": "string", "pattern": "^[0-9]+[smhd]$" }),
        Kind::Text => json!({ "type": "string", "minLength": 1 }),
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string", "minLength": 1 } }),
    };
    let default = key.preset.map(|preset| match preset {
        Preset::Flag(is) => json!(is),
        Preset::Number(number) => json!(number),
        Preset::Text(text) => json!(text),
        Preset::Seconds(_) => json!(preset.written().trim_matches('"')),
    });
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("description".into(), json!(key.about));
        fields.extend(default.map(|value| ("default".to_owned(), value)));
    }
    schema
}

fn exception() -> Value {
    let text = |about: &str| json!({ "type": "string", "minLength": 1, "description": about });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["rule", "owner", "reason", "expires"],
        "properties": {
            "rule": text("The rule, or `judge.*` for all of a judge"),
            "id": text("The violation: `CVE-2024-3094`, `DL3007`; without it all"),
            "subject": text("The images or folders, with `*` for any characters; without it all"),
            "path": text("The files, with `*` for any characters; without it all"),
            "owner": text("Who answers for it"),
            "reason": text("Why it is made"),
            "expires": {
                "description": "The last day on which it holds, in UTC",
                "type": "string",
                "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            },
        },
    })
}
