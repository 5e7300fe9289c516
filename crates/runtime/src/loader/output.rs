//! Outputs of rules: every field that they show has to be there.
//!
//! After libsinsp's `eventformatter.cpp`: `%` begins a field or a transformer, which goes as far as
//! it makes sense.

use crate::check::check_shown;
use crate::condition::ast::{Operand, OperandKind};
use crate::condition::parse_operand;
use crate::fields::Source;

/// Fields that events have no values for any more.
pub(super) const DEPRECATED: [(&str, &str); 6] = [
    (
        "evt.dir",
        "due to the drop of enter events, 'evt.dir = <' always evaluates to true, and 'evt.dir = \
         >' always evaluates to false. The rule expression can be simplified by removing the \
         condition on 'evt.dir'",
    ),
    ("evt.latency", GONE),
    ("evt.latency.s", GONE),
    ("evt.latency.ns", GONE),
    ("evt.latency.human", GONE),
    ("evt.wait_latency", GONE),
];
const GONE: &str = "field is not available due to the drop of enter events.";

/// What is wrong with an output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OutputError {
    pub(crate) message: String,
    pub(super) meant: Option<&'static str>,
}

fn wrong(message: impl Into<String>) -> OutputError {
    OutputError { message: message.into(), meant: None }
}

/// A part of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token<'t> {
    /// Text that is shown as it is.
    Text(&'t str),
    /// A field or transformer, and how wide it is shown; 0 where it is as wide as it is.
    Field(Operand, usize),
}

/// The fields that an output shows, or why it cannot be shown.
pub(super) fn check(output: &str, source: Source) -> Result<Vec<Operand>, OutputError> {
    let tokens = tokens(output, source)?;
    let fields = tokens.into_iter().filter_map(|token| match token {
        Token::Field(operand, _) => Some(operand),
        Token::Text(_) => None,
    });
    Ok(fields.collect())
}

/// The parts of an output, or why it cannot be shown.
pub(crate) fn tokens(output: &str, source: Source) -> Result<Vec<Token<'_>>, OutputError> {
    if output.is_empty() {
        return Err(wrong("empty formatting token"));
    }
    let mut tokens = Vec::new();
    let mut rest = output;
    while let Some((before, behind)) = rest.split_once('%') {
        if !before.is_empty() {
            tokens.push(Token::Text(before));
        }
        if behind.is_empty() {
            return Err(wrong("invalid formatting syntax: formatting cannot end with a %"));
        }
        let token = behind.trim_start_matches(|one: char| one.is_ascii_digit());
        if token.is_empty() {
            return Err(wrong("invalid formatting syntax: formatting cannot end with a number"));
        }
        let width = behind.get(..behind.len().saturating_sub(token.len())).unwrap_or_default();
        let width = width.parse().unwrap_or(0).min(MAX_WIDTH);
        let (operand, length) = longest(token, source)?;
        tokens.push(Token::Field(operand, width));
        rest = token.get(length..).unwrap_or_default();
    }
    if !rest.is_empty() {
        tokens.push(Token::Text(rest));
    }
    Ok(tokens)
}

/// How wide a field may be shown.
const MAX_WIDTH: usize = 4_096;

/// The longest field or transformer that a text begins with.
fn longest(text: &str, source: Source) -> Result<(Operand, usize), OutputError> {
    let word = text.find(|one: char| one.is_whitespace() || one == '%').unwrap_or(text.len());
    let shown = text
        .find(|one: char| !(one.is_ascii_alphanumeric() || "._-[]".contains(one)))
        .map_or(text, |end| text.get(..end).unwrap_or_default());
    let unknown = || {
        let name = shown.split('[').next().unwrap_or_default();
        let message = format!("invalid formatting token {shown}");
        OutputError { message, meant: source.nearest(name) }
    };
    let parsed =
        parse_operand(text).or_else(|_| parse_operand(text.get(..word).unwrap_or_default()));
    let (operand, length) = match parsed {
        Ok(parsed) => parsed,
        // `%proc.aname[` is a field and a bracket.
        Err(_) => {
            parse_operand(shown.split('[').next().unwrap_or_default()).map_err(|_| unknown())?
        }
    };
    if check_shown(&operand, source).is_ok() {
        return Ok((operand, length));
    }
    if let OperandKind::Field { .. } = operand.kind {
        let named = text.get(..length).unwrap_or_default();
        let bare = named.split('[').next().unwrap_or_default();
        let shorter = std::iter::once(bare.len())
            .chain(bare.rmatch_indices('.').map(|(at, _)| at))
            .filter(|end| *end < length);
        for end in shorter {
            if let Ok((operand, length)) = parse_operand(bare.get(..end).unwrap_or_default())
                && check_shown(&operand, source).is_ok()
            {
                return Ok((operand, length));
            }
        }
    }
    Err(unknown())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(output: &str) -> Result<Vec<String>, String> {
        check(output, Source::Syscall)
            .map(|fields| fields.iter().map(ToString::to_string).collect())
            .map_err(|error| error.message)
    }

    #[test]
    fn fields_end_where_they_make_no_sense_any_more() {
        let shown = fields("a=%proc.name. b=%12evt.arg.flags, c=%proc.aname[2](%toupper(fd.name))");
        let expected = ["proc.name", "evt.arg.flags", "proc.aname[2]", "toupper(fd.name)"];
        assert_eq!(shown.unwrap(), expected);
        assert_eq!(fields("%proc.name.x").unwrap(), ["proc.name"]);
        assert_eq!(fields("nothing").unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_no_field_is_named() {
        assert_eq!(fields("x=%proc.nobody y").unwrap_err(), "invalid formatting token proc.nobody");
        assert!(fields("100%").is_err() && fields("%12").is_err() && fields("").is_err());
    }
}
