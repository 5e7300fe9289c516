//! What is wrong with a policy file, and where.

use plimsoll_model::text::Position;
use serde_saphyr::{Location, Spanned};

/// What is wrong with a policy file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{}: {message}", place.line, place.column)]
pub struct PolicyError {
    /// The place; lines and columns are counted from 1.
    pub place: Position,
    /// What is wrong, and what to do.
    pub message: String,
}

impl PolicyError {
    pub(super) fn at(location: Location, message: impl Into<String>) -> Self {
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX).max(1);
        let place = Position { line: small(location.line()), column: small(location.column()) };
        Self { place, message: message.into() }
    }

    pub(super) fn of<T>(at: &Spanned<T>, message: impl Into<String>) -> Self {
        Self::at(at.referenced, message)
    }

    /// What the reader of YAML complains of, with the word that was meant where one is near.
    pub(super) fn yaml(error: &serde_saphyr::Error) -> Self {
        let first = Position { line: 1, column: 1 };
        let plain = error.without_snippet();
        let mut message = plain.to_string();
        if let serde_saphyr::Error::SerdeUnknownField { field, expected, .. } = plain {
            message = format!("unknown field `{field}`: {}", meant(field, expected));
        }
        let Some(location) = error.location() else { return Self { place: first, message } };
        let place = Self::at(location, "").place;
        let suffix = format!(" at line {}, column {}", place.line, place.column);
        Self { place, message: message.strip_suffix(&suffix).unwrap_or(&message).to_owned() }
    }
}

/// `did you mean …?`, or what there is.
pub(super) fn meant(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("expected one of {}", known.join(", ")),
    }
}

fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    // A long word is no typing error, and comparing it would take its length squared.
    if word.len() > 64 {
        return None;
    }
    let allowed = word.len().checked_div(3)?.clamp(1, 3);
    let lower = word.to_lowercase();
    known
        .iter()
        .map(|known| (strsim::osa_distance(&lower, &known.to_lowercase()), *known))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}
