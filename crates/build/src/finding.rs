//! What a rule has to say about a place.

use std::borrow::Cow;

pub use plimsoll_model::text::{Edit, Fix, Level, LevelError, Safety};

use crate::Span;
use crate::rule::Rule;

/// What a rule says about a place.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How grave, after the configuration's word.
    pub level: Level,
    /// What is wrong here.
    pub message: Cow<'static, str>,
    /// The exact place.
    pub span: Span,
    /// The first line of the instruction: what other linters report, and what ignore comments
    /// are matched by.
    pub line: u32,
    /// What would mend it.
    pub fix: Option<Fix>,
    /// Other places that explain it.
    pub related: Vec<(Span, Cow<'static, str>)>,
}
