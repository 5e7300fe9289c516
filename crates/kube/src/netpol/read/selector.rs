//! Reads label selectors.
//!
//! <https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/validation/validation.go>

use std::collections::BTreeSet;

use plimsoll_model::text::Span;

use super::super::refused::Wrong;
use super::super::selector::{Requirement, Selector, Test};
use super::{MAX_NAMED, Reader};
use crate::manifest::{Node, Value};

impl Reader<'_> {
    pub(super) fn selector(&mut self, node: &Node) -> Selector {
        let mut selector = Selector::default();
        let Some(fields) = self.fields(node, &["matchLabels", "matchExpressions"]) else {
            return selector;
        };
        let labels = self.field(fields, "matchLabels", Self::match_labels);
        selector.requirements.extend(labels.into_iter().flatten());
        let expressions = self
            .field(fields, "matchExpressions", |reader, node| reader.items(node, Self::expression));
        selector.requirements.extend(expressions.into_iter().flatten());
        selector
    }

    fn match_labels(&mut self, node: &Node) -> Vec<Requirement> {
        let Value::Mapping(mapping) = &node.value else {
            self.refuse_type(node, "a mapping");
            return Vec::new();
        };
        let mut found = Vec::with_capacity(mapping.fields.len());
        for (index, field) in mapping.fields.iter().enumerate() {
            let later = mapping.fields.get(index.saturating_add(1)..).unwrap_or_default();
            // Of two labels of one key the last counts, as the API server's reader has it.
            if later.len() < MAX_NAMED && later.iter().any(|other| other.name == field.name) {
                continue;
            }
            self.within(&format!("[{}]", field.name), |reader| {
                reader.key(&field.name, field.name_span);
                if let Some(value) = reader.value(&field.value) {
                    let test = Test::In(BTreeSet::from([value]));
                    found.push(Requirement { key: field.name.to_string(), test });
                }
            });
        }
        found
    }

    fn expression(&mut self, node: &Node) -> Option<Requirement> {
        let fields = self.fields(node, &["key", "operator", "values"])?;
        for name in ["key", "operator"] {
            if fields.get(name).is_none() {
                self.within(name, |reader| reader.refuse(node.span, Wrong::Missing));
            }
        }
        let key = self.field(fields, "key", |reader, node| {
            let key = reader.text(node)?;
            reader.key(key, node.span);
            Some(key.to_owned())
        });
        let values = self.field(fields, "values", |reader, node| {
            reader.items(node, Self::value).into_iter().collect::<BTreeSet<String>>()
        });
        let values = values.unwrap_or_default();
        let operator = self.field(fields, "operator", |reader, node| {
            let text = reader.text(node)?;
            let known = ["In", "NotIn", "Exists", "DoesNotExist"];
            let operator = known.into_iter().find(|known| *known == text);
            if operator.is_none() {
                let wanted = "`In`, `NotIn`, `Exists` or `DoesNotExist`";
                reader.refuse(node.span, Wrong::Word { wanted, found: text.to_owned() });
            }
            operator
        });
        let (key, operator) = (key??, operator??);
        let is_list = matches!(operator, "In" | "NotIn");
        if is_list == values.is_empty() {
            let wrong = if is_list { Wrong::NoValues(operator) } else { Wrong::Values(operator) };
            let span = fields.get("values").map_or(node.span, |node| node.span);
            self.within("values", |reader| reader.refuse(span, wrong));
        }
        let test = match operator {
            "In" => Test::In(values),
            "NotIn" => Test::NotIn(values),
            "Exists" => Test::Exists,
            _ => Test::DoesNotExist,
        };
        Some(Requirement { key, test })
    }

    fn key(&mut self, key: &str, span: Span) {
        let (prefix, name) = key.split_once('/').map_or((None, key), |(one, two)| (Some(one), two));
        let is_domain = |text: &str| {
            let is_part = |part: &str| {
                !part.is_empty()
                    && !part.starts_with('-')
                    && !part.ends_with('-')
                    && part.bytes().all(|one| matches!(one, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            };
            text.len() <= 253 && text.split('.').all(is_part)
        };
        if name.is_empty() || !is_label(name) || !prefix.is_none_or(is_domain) {
            self.refuse(span, Wrong::LabelKey(key.to_owned()));
        }
    }

    fn value(&mut self, node: &Node) -> Option<String> {
        let value = self.text(node)?;
        if !is_label(value) {
            self.refuse(node.span, Wrong::LabelValue(value.to_owned()));
        }
        Some(value.to_owned())
    }
}

/// Whether it can be the value of a label, or the name in its key: begins and ends with a letter
/// or digit. Empty is one too.
fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    text.len() <= 63
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|one| one.is_ascii_alphanumeric() || b"-_.".contains(one))
}
