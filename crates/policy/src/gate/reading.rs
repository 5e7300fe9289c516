//! Tables of TOML with places: what is there, what should not be, and what was likely meant.

use plimsoll_model::Timestamp;
use plimsoll_model::text::{Source, offset};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::page::{Kind, Value, length};
use super::read::PolicyError;

/// The most mistakes that are told of one file.
const MAX_ERRORS: usize = 50;

/// A value and where it stands.
pub(super) type Node<'t> = Spanned<DeValue<'t>>;

/// What is wrong with a file, found while it is read.
pub(super) struct Reading {
    source: Source,
    pub(super) errors: Vec<PolicyError>,
}

impl Reading {
    pub(super) fn new(text: &str) -> Self {
        Self { source: Source::new(text), errors: Vec::new() }
    }

    pub(super) fn line(&self, at: usize) -> u32 {
        self.source.line(offset(at))
    }

    pub(super) fn wrong(&mut self, at: usize, message: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            let place = Some(self.source.position(offset(at)));
            self.errors.push(PolicyError { place, message: message.into() });
        }
    }

    /// A key that there is not, with the one that was likely meant.
    pub(super) fn unknown<'k>(
        &mut self,
        at: usize,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        let known: Vec<&str> = known.into_iter().collect();
        let hint = match nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there is {}", listed(&known)),
        };
        self.wrong(at, format!("unknown {what} `{}`: {hint}", shown(name)));
    }

    /// The table that a value is.
    pub(super) fn table<'n, 't>(
        &mut self,
        name: &str,
        node: &'n Node<'t>,
    ) -> Option<&'n DeTable<'t>> {
        if let DeValue::Table(table) = node.get_ref() {
            return Some(table);
        }
        self.expected(node, name, "a table");
        None
    }

    /// The text that a value is; one that is empty is none.
    pub(super) fn text(&mut self, name: &str, node: &Node<'_>) -> Option<String> {
        match node.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.clone().into_owned()),
            DeValue::String(_) => {
                self.wrong(node.span().start, format!("`{name}` is empty"));
                None
            }
            _ => {
                self.expected(node, name, "a text");
                None
            }
        }
    }

    /// The value of a setting.
    pub(super) fn value(&mut self, name: &str, kind: Kind, node: &Node<'_>) -> Option<Value> {
        let value = match (kind, node.get_ref()) {
            (Kind::Flag, DeValue::Boolean(is)) => Some(Value::Flag(*is)),
            (Kind::Number, DeValue::Integer(number)) => {
                u64::from_str_radix(number.as_str(), number.radix()).ok().map(Value::Number)
            }
            (Kind::Length, DeValue::String(text)) => length(text).map(Value::Seconds),
            (Kind::Text, DeValue::String(_)) => {
                return self.text(name, node).map(Value::Text);
            }
            (Kind::Choice(words), DeValue::String(text)) => {
                let known = words.iter().find(|word| **word == *text);
                if known.is_none() {
                    self.unknown(
                        node.span().start,
                        &format!("value of `{name}`"),
                        text,
                        words.iter().copied(),
                    );
                    return None;
                }
                known.map(|word| Value::Text((*word).to_owned()))
            }
            (Kind::Texts, DeValue::Array(all)) => {
                let texts: Option<Vec<String>> = all
                    .iter()
                    .map(|one| match one.get_ref() {
                        DeValue::String(text) if !text.is_empty() => {
                            Some(text.clone().into_owned())
                        }
                        _ => None,
                    })
                    .collect();
                texts.map(Value::Texts)
            }
            _ => None,
        };
        if value.is_none() {
            self.expected(node, name, &kind.expects());
        }
        value
    }

    /// A day: a date of TOML's, or one in quotes.
    pub(super) fn day(&mut self, name: &str, node: &Node<'_>) -> Option<Timestamp> {
        let text = match node.get_ref() {
            DeValue::Datetime(time) if time.time.is_none() => time.to_string(),
            DeValue::String(text) => text.clone().into_owned(),
            _ => String::new(),
        };
        let day = (text.len() == 10).then(|| text.parse::<Timestamp>().ok()).flatten();
        // The reader of times takes the 31st of any month and counts on.
        let day = day.filter(|day| day.date() == text);
        if day.is_none() {
            self.expected(node, name, "a day, as 2026-12-31");
        }
        day
    }

    pub(super) fn expected(&mut self, node: &Node<'_>, name: &str, what: &str) {
        self.wrong(node.span().start, format!("`{name}` is {}: expected {what}", kind_of(node)));
    }
}

/// What a value is, in words.
fn kind_of(node: &Node<'_>) -> String {
    match node.get_ref() {
        DeValue::String(text) => format!("\"{}\"", shown(text)),
        DeValue::Integer(number) => format!("the number {}", shown(number.as_str())),
        DeValue::Float(_) => "a number with a fraction".into(),
        DeValue::Boolean(is) => is.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

/// A text of the file, fit for one line.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let cut: String = text.chars().take(MOST).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("{}{more}", cut.escape_debug())
}

fn listed(known: &[&str]) -> String {
    format!("`{}`", known.join("`, `"))
}

/// The known word that a mistyped one is nearest to: at most a third of it changed.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let letters = word.chars().count();
    if letters > 64 {
        return None;
    }
    let limit = letters.saturating_add(2).checked_div(3)?;
    let measured = known.into_iter().map(|one| (strsim::osa_distance(word, one), one));
    measured.filter(|(distance, _)| *distance <= limit).min().map(|(_, one)| one)
}
