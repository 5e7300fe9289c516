//! An explanation for reading.

use super::{Explanation, Reason};

/// How much is shown of a condition or a command line.
const WIDTH: usize = 88;
/// How deep parts are indented.
const DEEPEST: usize = 20;

impl Explanation {
    /// Lines to stand below the alert, indented.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec!["  because".to_owned()];
        for reason in &self.conditions {
            reason.add(2, &mut lines);
        }
        if !self.ancestry.is_empty() {
            lines.push("  processes".to_owned());
        }
        for (depth, process) in self.ancestry.iter().rev().enumerate() {
            let lead = match depth {
                0 => String::new(),
                _ => format!("{}└─ ", "   ".repeat(depth.saturating_sub(1))),
            };
            let command = cut(&process.command);
            let command = if command == process.name { String::new() } else { command };
            let line = format!("    {lead}{} ({})  {command}", process.name, process.pid);
            lines.push(line.trim_end().to_owned());
        }
        if !self.container.is_empty() {
            lines.push("  container".to_owned());
        }
        for (name, value) in &self.container {
            lines.push(format!("    {name}={}", cut(value)));
        }
        if let Some(origin) = &self.origin {
            lines.push("  origin".to_owned());
            let shown = origin.lines();
            lines.extend(shown.iter().map(|(name, value)| format!("    {name}={}", cut(value))));
        }
        lines
    }
}

impl Reason {
    fn add(&self, depth: usize, lines: &mut Vec<String>) {
        let indent = "  ".repeat(depth.min(DEEPEST));
        let is_negated = self.condition.starts_with("not ");
        let name = match (&self.macro_name, is_negated) {
            (Some(name), true) => Some(format!("not {name}")),
            (Some(name), false) => Some(name.clone()),
            (None, _) => None,
        };
        if !self.because.is_empty() {
            let below = match name.or_else(|| is_negated.then(|| cut(&self.condition))) {
                Some(name) => {
                    lines.push(format!("{indent}{name}, as"));
                    depth.saturating_add(1)
                }
                None => depth,
            };
            self.because.iter().for_each(|reason| reason.add(below, lines));
            return;
        }
        let shown = match (name, self.holds) {
            (Some(name), _) if is_negated => name,
            (Some(name), _) => format!("{name}: {}", cut(&self.condition)),
            (None, _) => cut(&self.condition),
        };
        let shown = if self.holds { shown } else { format!("{shown} does not hold") };
        let values: Vec<String> =
            self.values.iter().map(|(name, value)| format!("{name}={}", cut(value))).collect();
        lines.push(format!("{indent}{shown}  [{}]", values.join(" ")));
    }
}

/// A text in one line of what a terminal may see.
fn cut(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '.' } else { c };
    let mut short: String = text.chars().take(WIDTH).map(shown).collect();
    if text.chars().nth(WIDTH).is_some() {
        short.push('…');
    }
    short
}
