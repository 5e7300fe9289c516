//! Whose behaviour a profile is made of.

use crate::engine::{Engine, Matching};
use crate::event::Event;
use crate::loader::{Loader, Options};

/// A condition that the events of an observed run meet.
pub struct Selection {
    text: Option<String>,
    engine: Engine,
    matched: Vec<usize>,
}

impl Selection {
    /// By a condition in Falco's language, such as `container.name = web`; without one all events.
    /// The error is Falco's.
    pub fn new(condition: Option<&str>) -> Result<Self, String> {
        let mut loader = Loader::new(Options::default());
        if let Some(condition) = condition {
            let quoted = serde_json::Value::from(condition).to_string();
            let rule = format!(
                "- rule: selection\n  desc: s\n  output: s\n  priority: INFO\n  condition: {quoted}\n"
            );
            let report = loader.load("selection", &rule);
            if let Some(error) = report.errors.first() {
                return Err(error.message.clone());
            }
        }
        let engine = Engine::new(&loader.definitions().rules, Matching::First);
        Ok(Self { text: condition.map(str::to_owned), engine, matched: Vec::new() })
    }

    /// The condition.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Whether an event meets it.
    pub fn has(&mut self, event: &dyn Event) -> bool {
        if self.text.is_none() {
            return true;
        }
        self.engine.judge(event, &mut self.matched);
        !self.matched.is_empty()
    }
}
