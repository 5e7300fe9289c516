//! How two documents differ, in classes: the path of a field without indexes, and how it differs there.
//!
//! Elements of a list are paired by what they are known by, so that order is no difference; what has no such
//! name is paired by its place. `null` is the same as not there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

/// Names an element of a list.
type Name = fn(&Value) -> String;

/// What is compared, and how.
#[derive(Default)]
pub(super) struct Comparison {
    /// By what the elements of a list, given by its path, are known.
    pub(super) known_by: &'static [(&'static str, Name)],
    /// The kind of an element, which stands in the path: `artifacts[deb].licenses`.
    pub(super) kinds: &'static [(&'static str, Name)],
    /// What is of one run alone: times, versions of the programs, ids.
    pub(super) left_out: &'static [&'static str],
    /// Fields of few words, whose values are part of the class.
    pub(super) told: &'static [&'static str],
}

/// One way to differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class {
    /// Where, as `artifacts[deb].cpes[]`.
    pub(super) path: String,
    pub(super) how: How,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    OnlyThere,
    OnlyHere,
    Other,
    /// The two values.
    Told(String, String),
}

impl fmt::Display for How {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnlyThere => out.write_str("only there"),
            Self::OnlyHere => out.write_str("only here"),
            Self::Other => out.write_str("another value"),
            Self::Told(theirs, ours) => write!(out, "`{theirs}`, here `{ours}`"),
        }
    }
}

/// The classes that were met, each with an example.
#[derive(Default)]
pub(super) struct Differences(pub(super) BTreeMap<Class, String>);

impl Differences {
    /// Adds what differs between two documents.
    pub(super) fn compare(&mut self, how: &Comparison, input: &str, theirs: &Value, ours: &Value) {
        let place = Place { shown: String::new(), plain: String::new() };
        Walk { how, input, found: &mut self.0 }.values(&place, theirs, ours);
    }
}

/// Where in both documents.
#[derive(Clone)]
struct Place {
    /// With kinds.
    shown: String,
    /// Without.
    plain: String,
}

impl Place {
    fn field(&self, name: &str) -> Self {
        let join = |path: &str| {
            if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
        };
        Self { shown: join(&self.shown), plain: join(&self.plain) }
    }

    fn element(&self, kind: &str) -> Self {
        Self { shown: format!("{}[{kind}]", self.shown), plain: format!("{}[]", self.plain) }
    }
}

struct Walk<'a> {
    how: &'a Comparison,
    input: &'a str,
    found: &'a mut BTreeMap<Class, String>,
}

/// A value in few words.
fn short(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().take(160).collect()
}

impl Walk<'_> {
    fn tell(&mut self, place: &Place, how: How, example: &str) {
        let class = Class { path: place.shown.clone(), how };
        self.found.entry(class).or_insert_with(|| format!("{}: {example}", self.input));
    }

    fn values(&mut self, place: &Place, theirs: &Value, ours: &Value) {
        if self.how.left_out.contains(&place.plain.as_str()) || is_same(theirs, ours) {
            return;
        }
        match (theirs, ours) {
            (Value::Object(there), Value::Object(here)) => {
                let names: BTreeSet<&String> = there.keys().chain(here.keys()).collect();
                for name in names {
                    let of = |all: &serde_json::Map<String, Value>| all.get(name).cloned();
                    let (one, other) = (of(there), of(here));
                    let values = (one.unwrap_or_default(), other.unwrap_or_default());
                    self.values(&place.field(name), &values.0, &values.1);
                }
            }
            (Value::Array(there), Value::Array(here)) => self.lists(place, there, here),
            (_, Value::Null) => self.one(place, theirs, true),
            (Value::Null, _) => self.one(place, ours, false),
            _ => {
                let is_told = self.how.told.contains(&place.plain.as_str());
                let how = if is_told { How::Told(short(theirs), short(ours)) } else { How::Other };
                self.tell(place, how, &format!("`{}`, here `{}`", short(theirs), short(ours)));
            }
        }
    }

    /// What only one of both has.
    fn one(&mut self, place: &Place, value: &Value, is_there: bool) {
        let how = if is_there { How::OnlyThere } else { How::OnlyHere };
        self.tell(place, how, &short(value));
    }

    fn lists(&mut self, place: &Place, there: &[Value], here: &[Value]) {
        let of = |all: &[(&'static str, Name)]| {
            all.iter().find(|(path, _)| *path == place.plain).map(|(_, name)| *name)
        };
        let kind = of(self.how.kinds).unwrap_or(|_| String::new());
        let known = of(self.how.known_by);
        let names = |all: &[Value]| {
            let mut named: BTreeMap<String, Vec<Value>> = BTreeMap::new();
            for (index, value) in all.iter().enumerate() {
                let name = match known {
                    Some(name) => name(value),
                    None if value.is_object() || value.is_array() => index.to_string(),
                    None => value.to_string(),
                };
                named.entry(name).or_default().push(value.clone());
            }
            named
        };
        let (there, here) = (names(there), names(here));
        let all: BTreeSet<&String> = there.keys().chain(here.keys()).collect();
        for name in all {
            let empty = Vec::new();
            let (one, other) =
                (there.get(name).unwrap_or(&empty), here.get(name).unwrap_or(&empty));
            for index in 0..one.len().max(other.len()) {
                match (one.get(index), other.get(index)) {
                    (Some(theirs), Some(ours)) => {
                        self.values(&place.element(&kind(theirs)), theirs, ours);
                    }
                    (Some(theirs), None) => {
                        self.one(&place.element(&kind(theirs)), theirs, true);
                    }
                    (None, Some(ours)) => self.one(&place.element(&kind(ours)), ours, false),
                    (None, None) => {}
                }
            }
        }
    }
}

/// Equal, numbers by what they amount to.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() < 1e-9,
        _ => one == other,
    }
}

#[test]
fn classes_have_kinds_and_not_indexes() {
    use serde_json::json;
    let how = Comparison {
        known_by: &[("all[]", short), ("all", |it| it["name"].to_string())],
        kinds: &[("all", |it| short(&it["type"]))],
        left_out: &["at"],
        told: &["all[].word"],
    };
    let theirs = json!({"at": 1, "n": 1.0, "all": [
        {"type": "a", "name": "x", "word": "big", "tags": ["1", "2"]}, {"type": "b", "name": "y"},
    ]});
    let ours = json!({"at": 2, "n": 1, "all": [
        {"type": "b", "name": "y", "more": [], "not": null}, {"type": "a", "name": "x", "word": "Big", "tags": ["2"]},
    ]});
    let mut found = Differences::default();
    found.compare(&how, "test", &theirs, &ours);
    let shown: Vec<String> =
        found.0.keys().map(|class| format!("{} | {}", class.path, class.how)).collect();
    let expected = [
        "all[a].tags[] | only there",
        "all[a].word | `big`, here `Big`",
        "all[b].more | only here",
    ];
    assert_eq!(shown, expected);
}
