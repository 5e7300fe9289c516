//! Which alerts a response is for.

use plimsoll_runtime::alert::Alert;
use plimsoll_runtime::loader::Priority;
use serde::Deserialize;
use serde_json::Value;

use crate::target::Target;

/// As it is written: each key narrows, and of a list one entry has to hold.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MatchText {
    rules: Vec<String>,
    /// Each entry: tags between commas, all of which the rule has.
    tags: Vec<String>,
    /// `Critical`, `>=Warning`.
    priority: Option<String>,
    /// Each entry: `FIELD=VALUE` and `FIELD!=VALUE` between commas, all of which hold.
    output_fields: Vec<String>,
}

/// Ready to be asked.
#[derive(Debug)]
pub(crate) struct Match {
    rules: Vec<String>,
    tags: Vec<Vec<String>>,
    priority: Option<(Compared, Priority)>,
    fields: Vec<Vec<Compare>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared {
    Same,
    AtLeast,
    Above,
    AtMost,
    Below,
}

#[derive(Debug)]
struct Compare {
    field: String,
    is: bool,
    value: String,
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

impl Match {
    pub(crate) fn new(text: &MatchText) -> Result<Self, String> {
        let priority = text.priority.as_deref().map(priority).transpose()?;
        let fields: Result<Vec<Vec<Compare>>, String> =
            text.output_fields.iter().map(|line| parts(line).map(compare).collect()).collect();
        let own = Self {
            rules: text.rules.clone(),
            tags: text.tags.iter().map(|line| parts(line).map(str::to_owned).collect()).collect(),
            priority,
            fields: fields?,
        };
        if own.tags.iter().any(Vec::is_empty) || own.fields.iter().any(Vec::is_empty) {
            return Err("an entry of `match` is empty and would hold for every alert".to_owned());
        }
        if own.rules.is_empty()
            && own.tags.is_empty()
            && own.priority.is_none()
            && own.fields.is_empty()
        {
            return Err(
                "`match` is empty and would hold for every alert; `priority: '>=debug'` says so"
                    .to_owned(),
            );
        }
        Ok(own)
    }

    pub(crate) fn rules(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(String::as_str)
    }

    /// Whether alerts of a rule are meant, whatever their fields are.
    pub(crate) fn is_of_rule(&self, name: &str, priority: Priority, tags: &[String]) -> bool {
        let tagged = |wanted: &Vec<String>| wanted.iter().all(|tag| tags.contains(tag));
        (self.rules.is_empty() || self.rules.iter().any(|rule| rule == name))
            && (self.tags.is_empty() || self.tags.iter().any(tagged))
            && self.priority.is_none_or(|(how, wanted)| how.holds(priority, wanted))
    }

    /// Whether it looks at what an event has.
    pub(crate) fn looks_at_fields(&self) -> bool {
        !self.fields.is_empty()
    }

    /// Whether an alert is meant.
    pub(crate) fn holds(&self, alert: &Alert, target: &Target) -> bool {
        let fits = |all: &Vec<Compare>| all.iter().all(|one| one.holds(alert, target));
        self.is_of_rule(&alert.rule, alert.priority, &alert.tags)
            && (self.fields.is_empty() || self.fields.iter().any(fits))
    }
}

impl Compared {
    /// Priorities stand from the gravest down.
    fn holds(self, own: Priority, wanted: Priority) -> bool {
        match self {
            Self::Same => own == wanted,
            Self::AtLeast => own <= wanted,
            Self::Above => own < wanted,
            Self::AtMost => own >= wanted,
            Self::Below => own > wanted,
        }
    }
}

fn priority(text: &str) -> Result<(Compared, Priority), String> {
    let text = text.trim();
    let signs = [
        (">=", Compared::AtLeast),
        (">", Compared::Above),
        ("<=", Compared::AtMost),
        ("<", Compared::Below),
        ("=", Compared::Same),
    ];
    let (how, name) = signs
        .into_iter()
        .find_map(|(sign, how)| Some((how, text.strip_prefix(sign)?)))
        .unwrap_or((Compared::Same, text));
    let name = name.trim();
    Priority::named(name).map(|it| (how, it)).ok_or_else(|| format!("`{name}` is no priority"))
}

fn compare(text: &str) -> Result<Compare, String> {
    let (field, value) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` is neither `FIELD=VALUE` nor `FIELD!=VALUE`"))?;
    let (field, is) = field.strip_suffix('!').map_or((field, true), |field| (field, false));
    Ok(Compare { field: field.trim().to_owned(), is, value: value.trim().to_owned() })
}

impl Compare {
    fn holds(&self, alert: &Alert, target: &Target) -> bool {
        let own = match alert.fields.get(&self.field) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Null) | None => target.field(&self.field).map(str::to_owned),
            Some(other) => Some(other.to_string()),
        };
        // What is not known is not known to be anything: it is safe from either.
        own.is_some_and(|own| (own == self.value) == self.is)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use plimsoll_runtime::fields::Source;

    use super::*;

    fn alert() -> Alert {
        Alert {
            rule: "Shell".to_owned(),
            source: Source::Syscall,
            priority: Priority::Warning,
            tags: vec!["k8s".to_owned(), "shell".to_owned()],
            time: 0,
            host: String::new(),
            output: String::new(),
            message: String::new(),
            fields: BTreeMap::from([("k8s.ns.name".to_owned(), "web".into())]),
            explanation: None,
        }
    }

    fn holds(yaml: &str) -> bool {
        let text: MatchText = serde_saphyr::from_str(yaml).unwrap();
        Match::new(&text).unwrap().holds(&alert(), &Target::default())
    }

    #[test]
    fn every_key_narrows_and_of_a_list_one_entry_holds() {
        assert!(holds("{rules: [Other, Shell]}"));
        assert!(!holds("{rules: [Other]}"));
        assert!(holds("{tags: ['k8s, shell']}"));
        assert!(!holds("{tags: ['k8s, other']}"));
        assert!(!holds("{rules: [Shell], tags: [other]}"));
        for (priority, meant) in [
            (">=notice", true),
            (">=error", false),
            ("Warning", true),
            ("<Warning", false),
            ("<=error", true),
        ] {
            assert_eq!(holds(&format!("{{priority: '{priority}'}}")), meant, "{priority}");
        }
        assert!(holds("{output_fields: [k8s.ns.name=web]}"));
        assert!(holds("{output_fields: ['k8s.ns.name!=kube-system, k8s.ns.name!=falco']}"));
        assert!(!holds("{output_fields: [k8s.ns.name!=web]}"));
        assert!(!holds("{output_fields: [k8s.pod.name!=web]}"), "nobody knows the pod");
    }
}
