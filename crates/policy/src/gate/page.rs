//! What a judge says of itself: its rules and its settings.

use plimsoll_model::gate::Rule;

/// A judge, as policies and documentation know it.
#[derive(Debug)]
pub struct Page {
    /// Its name, by which its rules begin: `findings`.
    pub name: &'static str,
    /// What it judges, in one sentence without a full stop.
    pub title: &'static str,
    /// What it asks for.
    pub rules: &'static [Rule],
    /// What can be set about it, in `[gate.NAME]`.
    pub keys: &'static [Key],
}

/// A setting of a judge.
#[derive(Debug)]
pub struct Key {
    /// In kebab-case.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// What holds where it is not set.
    pub preset: Option<Preset>,
    /// What it does, in one sentence without a full stop.
    pub about: &'static str,
}

/// What the values of a setting are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Flag,
    /// A whole number from 0.
    Number,
    /// A length of time: `90m`, `24h`, `7d`.
    Length,
    /// Any text.
    Text,
    /// One of some words.
    Choice(&'static [&'static str]),
    /// A list of texts.
    Texts,
}

impl Kind {
    /// What is expected, for errors and documentation.
    pub fn expects(self) -> String {
        match self {
            Self::Flag => "true or false".into(),
            Self::Number => "a whole number".into(),
            Self::Length => "a length of time, as \"90m\", \"24h\" or \"7d\"".into(),
            Self::Text => "a text".into(),
            Self::Choice(words) => format!("one of \"{}\"", words.join("\", \"")),
            Self::Texts => "a list of texts".into(),
        }
    }
}

impl Kind {
    /// A value of the kind, for templates.
    pub fn example(self) -> String {
        match self {
            Self::Flag => "true".into(),
            Self::Number => "1".into(),
            Self::Length => "\"30d\"".into(),
            Self::Text => "\"…\"".into(),
            Self::Choice(words) => format!("\"{}\"", words.first().copied().unwrap_or_default()),
            Self::Texts => "[\"…\"]".into(),
        }
    }
}

/// The value of a setting that is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Of a flag.
    Flag(bool),
    /// Of a number.
    Number(u64),
    /// Of a length of time, in seconds.
    Seconds(u64),
    /// Of a text or a choice.
    Text(&'static str),
}

impl Preset {
    /// So many days.
    pub const fn days(count: u64) -> Self {
        Self::Seconds(count * 86_400)
    }

    /// As it is written in a policy.
    pub fn written(self) -> String {
        match self {
            Self::Flag(is) => is.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Seconds(seconds) => format!("\"{}\"", written_length(seconds)),
            Self::Text(text) => format!("\"{text}\""),
        }
    }

    fn value(self) -> Value {
        match self {
            Self::Flag(is) => Value::Flag(is),
            Self::Number(number) => Value::Number(number),
            Self::Seconds(seconds) => Value::Seconds(seconds),
            Self::Text(text) => Value::Text(text.to_owned()),
        }
    }
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Of a flag.
    Flag(bool),
    /// Of a number.
    Number(u64),
    /// Of a length of time, in seconds.
    Seconds(u64),
    /// Of a text or a choice.
    Text(String),
    /// Of a list of texts.
    Texts(Vec<String>),
}

impl Key {
    /// What holds where it is not set.
    pub(super) fn default(&self) -> Option<Value> {
        self.preset.map(Preset::value)
    }
}

/// Seconds in the largest unit that they are a whole number of.
fn written_length(seconds: u64) -> String {
    let units = [(86_400, 'd'), (3600, 'h'), (60, 'm')];
    let fitting = units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    fitting
        .map_or_else(|| format!("{seconds}s"), |(unit, word)| format!("{}{word}", seconds / unit))
}

/// The seconds of a length of time.
pub(super) fn length(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let is_number = !number.is_empty() && number.bytes().all(|one| one.is_ascii_digit());
    is_number.then(|| number.parse::<u64>().ok()?.checked_mul(unit))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_they_are_written() {
        for text in ["7d", "36h", "90m", "1s"] {
            assert_eq!(length(text).map(written_length).as_deref(), Some(text));
        }
        for text in ["", "d", "7", "+7d", "-7d", "7 d", "7w", "99999999999999999d", "7é"] {
            assert_eq!(length(text), None, "{text}");
        }
    }
}
