//! Why a rule holds for an event: what of its condition held, with the values that were compared,
//! and what stands around the event.
//!
//! A condition is taken apart when its rule holds for the first time, so that rules which never
//! hold cost nothing.

mod around;
mod origin;
mod reason;
mod text;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde_json::{Value as JsonValue, json};

use crate::event::{Arena, Event};
use crate::loader::{Macro, Rule};
use around::Around;
pub use origin::Origin;
use reason::Compiled;

/// Why a rule holds for an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What of the condition made it hold.
    pub conditions: Vec<Reason>,
    /// The process that made the call and those that it comes from, the nearest first.
    pub ancestry: Vec<Process>,
    /// What is known of the container that it is in: fields and their values.
    pub container: Vec<(&'static str, String)>,
    /// Where the process's program comes from, where somebody knows its image.
    pub origin: Option<Origin>,
}

/// A part of a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// In Falco's normal form.
    pub condition: String,
    /// The macro that it stands for.
    pub macro_name: Option<String>,
    /// Whether it held. What did not is told where a `not` is before it.
    pub holds: bool,
    /// The fields that it reads, as texts.
    pub values: Vec<(String, String)>,
    /// What of it made it hold.
    pub because: Vec<Self>,
}

/// A process of an ancestry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: String,
    /// Its name.
    pub name: String,
    /// The file that it runs, where that is known.
    pub exe: String,
    /// Its command line.
    pub command: String,
}

/// Explains the alerts of some rules.
pub struct Explainer<'r> {
    rules: Vec<(&'r Rule, OnceCell<Compiled>)>,
    macros: BTreeMap<&'r str, String>,
    around: Option<Around>,
}

impl<'r> Explainer<'r> {
    /// For rules, whose places here are their numbers, and the macros that they are made of.
    pub fn new(rules: impl IntoIterator<Item = &'r Rule>, macros: &'r [Macro]) -> Self {
        let rules = rules.into_iter().map(|rule| (rule, OnceCell::new())).collect();
        let named = |it: &'r Macro| (it.name.as_str(), it.condition.to_string());
        Self { rules, macros: macros.iter().map(named).collect(), around: None }
    }

    /// Why a rule holds for an event; none of a rule that there is not.
    pub fn explain(
        &mut self,
        rule: usize,
        event: &dyn Event,
        host: &str,
        arena: &Arena,
    ) -> Option<Explanation> {
        let (rule, cell) = self.rules.get_mut(rule)?;
        if cell.get().is_none() {
            let _ = cell.set(Compiled::new(rule, &self.macros));
        }
        let conditions = cell.get_mut()?.reasons(event, host, arena);
        let around = self.around.get_or_insert_with(Around::new);
        let (ancestry, container) = around.of(event, host, arena);
        Some(Explanation { conditions, ancestry, container, origin: None })
    }
}

impl Explanation {
    /// As an object of JSON.
    pub fn json(&self) -> JsonValue {
        let process = |it: &Process| {
            json!({"pid": it.pid.parse::<i64>().ok(), "name": it.name, "exe": it.exe,
                "command": it.command})
        };
        let container: serde_json::Map<_, _> =
            self.container.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let mut object = json!({
            "conditions": self.conditions.iter().map(Reason::json).collect::<Vec<_>>(),
            "ancestry": self.ancestry.iter().map(process).collect::<Vec<_>>(),
            "container": container,
        });
        if let (Some(origin), Some(object)) = (&self.origin, object.as_object_mut()) {
            object.insert("origin".to_owned(), origin.json());
        }
        object
    }
}

impl Reason {
    fn json(&self) -> JsonValue {
        let values: serde_json::Map<_, _> =
            self.values.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let mut object = json!({"condition": self.condition, "holds": self.holds});
        if let Some(object) = object.as_object_mut() {
            if let Some(name) = &self.macro_name {
                object.insert("macro".to_owned(), json!(name));
            }
            if !values.is_empty() {
                object.insert("values".to_owned(), values.into());
            }
            if !self.because.is_empty() {
                let because: Vec<_> = self.because.iter().map(Self::json).collect();
                object.insert("because".to_owned(), because.into());
            }
        }
        object
    }
}
