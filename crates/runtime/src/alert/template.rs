//! Texts with fields in them, such as the output of a rule.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value as JsonValue;

use super::shown;
use crate::condition::ast::{Argument, Operand, OperandKind};
use crate::engine::operand::{self, Reading, Side, Sides};
use crate::event::{Arena, Event, Values};
use crate::fields::{Kind, Source};
use crate::loader::output::{Token, tokens};

/// A text with fields in it.
#[derive(Debug)]
pub struct Template {
    parts: Vec<Part>,
    sides: Sides,
    /// The fields, those within transformers too: their names and places.
    fields: Vec<(String, u32)>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Field(u32, usize),
}

impl Template {
    /// Reads a text; the error says what in it is no field.
    pub fn new(text: &str, source: Source) -> Result<Self, String> {
        let mut own = Self { parts: Vec::new(), sides: Sides::default(), fields: Vec::new() };
        if text.is_empty() {
            return Ok(own);
        }
        for token in tokens(text, source).map_err(|error| error.message)? {
            match token {
                Token::Text(text) => own.parts.push(Part::Text(text.to_owned())),
                Token::Field(operand, width) => {
                    let unknown = || format!("`{operand}` cannot be shown");
                    let id = own.sides.add(&operand, source).ok_or_else(unknown)?;
                    own.parts.push(Part::Field(id, width));
                    own.collect(&operand, source);
                }
            }
        }
        Ok(own)
    }

    /// Notes the fields that are shown; a transformer is none.
    fn collect(&mut self, operand: &Operand, source: Source) {
        match &operand.kind {
            OperandKind::Field { .. } => {
                if let Some(id) = self.sides.add(operand, source) {
                    self.fields.push((operand.to_string(), id));
                }
            }
            OperandKind::Transformed { values, .. } => {
                for value in values {
                    self.collect_argument(value, source);
                }
            }
        }
    }

    fn collect_argument(&mut self, argument: &Argument, source: Source) {
        match argument {
            Argument::Operand(operand) => self.collect(operand, source),
            Argument::List(values) => {
                for value in values {
                    self.collect_argument(value, source);
                }
            }
            Argument::Value(_) => {}
        }
    }

    fn values<'e>(&'e self, id: u32, reading: Reading<'e>) -> Values<'e> {
        match self.sides.get(id) {
            Some(side) => operand::values(side, reading, |other| self.values(other, reading)),
            None => Values::Absent,
        }
    }

    /// The text with the event's values in it; `<NA>` for those that it lacks.
    pub fn text(&self, event: &dyn Event, host: &str, arena: &Arena) -> String {
        let reading = Reading { event, arena, host: Some(host) };
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(own) => text.push_str(own),
                Part::Field(id, width) => {
                    let (kind, list, name) = self.about(*id);
                    let shown = shown::text(&self.values(*id, reading), kind, list, name);
                    if *width == 0 {
                        text.push_str(&shown);
                    } else {
                        let cut: String = shown.chars().take(*width).collect();
                        let _ = write!(text, "{cut:<width$}");
                    }
                }
            }
        }
        text
    }

    /// The fields with their values, by name.
    pub fn fields(
        &self,
        event: &dyn Event,
        host: &str,
        arena: &Arena,
    ) -> BTreeMap<String, JsonValue> {
        let reading = Reading { event, arena, host: Some(host) };
        self.fields
            .iter()
            .map(|(shown, id)| {
                let (kind, list, name) = self.about(*id);
                let values = self.values(*id, reading);
                (shown.clone(), shown::json(&values, kind, list, name, event.time()))
            })
            .collect()
    }

    fn about(&self, id: u32) -> (Kind, bool, &'static str) {
        self.sides.get(id).map_or((Kind::Text, false, ""), Side::about)
    }
}
