//! What a rule has to say about a place, and the edits that would mend it.

use std::borrow::Cow;

use plimsoll_model::text::{Edit, Fix, Level, Safety, Span};

use crate::rule::Rule;

/// What a rule says about a place.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How grave.
    pub level: Level,
    /// What is wrong here; of a Pod Security check what Kubernetes says.
    pub message: Cow<'static, str>,
    /// The exact place.
    pub span: Span,
    /// What would mend it.
    pub fix: Option<Fix>,
    /// Other places that explain it.
    pub related: Vec<(Span, Cow<'static, str>)>,
}

impl Finding {
    /// A finding without a fix.
    pub(crate) fn new(
        rule: &'static Rule,
        level: Level,
        span: Span,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { rule, level, message: message.into(), span, fix: None, related: Vec::new() }
    }
}

/// Where a rule puts what it finds.
#[derive(Debug)]
pub struct Findings<'a> {
    pub(crate) rule: &'static Rule,
    pub(crate) level: Level,
    pub(crate) found: &'a mut Vec<Finding>,
}

impl Findings<'_> {
    /// Reports a place. The answer takes a fix and other places.
    pub fn report(&mut self, span: Span, message: impl Into<Cow<'static, str>>) -> Reported<'_> {
        self.found.push(Finding::new(self.rule, self.level, span, message));
        Reported { finding: self.found.last_mut() }
    }
}

/// A finding that was just reported.
#[derive(Debug)]
pub struct Reported<'a> {
    finding: Option<&'a mut Finding>,
}

#[allow(
    clippy::return_self_not_must_use,
    reason = "the finding is kept, whether or not a call follows"
)]
impl Reported<'_> {
    /// Adds an edit that ordinary programs do not notice.
    pub fn safe_fix(self, title: impl Into<Cow<'static, str>>, edit: Option<Edit>) -> Self {
        self.fix(title.into(), Safety::Safe, edit)
    }

    /// Adds an edit that takes away what a program may need.
    pub fn unsafe_fix(self, title: impl Into<Cow<'static, str>>, edit: Option<Edit>) -> Self {
        self.fix(title.into(), Safety::Unsafe, edit)
    }

    fn fix(mut self, title: Cow<'static, str>, safety: Safety, edit: Option<Edit>) -> Self {
        if let (Some(finding), Some(edit)) = (self.finding.as_deref_mut(), edit) {
            finding.fix = Some(Fix { title, safety, edits: vec![edit] });
        }
        self
    }

    /// Adds a place that explains it.
    pub fn related(mut self, span: Span, message: impl Into<Cow<'static, str>>) -> Self {
        if let Some(finding) = self.finding.as_deref_mut() {
            finding.related.push((span, message.into()));
        }
        self
    }
}
