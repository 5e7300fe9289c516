//! A check of the standards, and what it forbids.

use std::borrow::Cow;

use plimsoll_model::text::{Edit, Fix, Safety, Span};

use super::policy::Profile;
use crate::pod::Pod;
use crate::rule::Rule;

/// A check.
#[derive(Debug)]
pub struct Check {
    /// Its page; the id is Kubernetes'.
    pub rule: Rule,
    /// The least profile that has it: baseline or restricted.
    pub profile: Profile,
    /// How it judges, by version; sorted.
    pub revisions: &'static [Revision],
}

/// How a check judges from a version on.
#[derive(Debug)]
pub struct Revision {
    /// The first minor version of Kubernetes 1 that judges so.
    pub since: u32,
    /// Ids of baseline checks that this one stands for in the restricted profile.
    pub overrides: &'static [&'static str],
    /// Judges a pod: `None` allows it.
    pub check: fn(&Pod<'_>) -> Option<Forbidden>,
}

impl Revision {
    /// One that overrides nothing.
    pub(super) const fn since(since: u32, check: fn(&Pod<'_>) -> Option<Forbidden>) -> Self {
        Self { since, overrides: &[], check }
    }
}

/// Why a check forbids a pod.
#[derive(Debug, Clone)]
pub struct Forbidden {
    /// Kubernetes' reason: `host namespaces`.
    pub reason: Cow<'static, str>,
    /// Kubernetes' detail: `hostNetwork=true`.
    pub detail: String,
    /// The places, never none.
    pub offences: Vec<Offence>,
    /// What would mend all of them, where that is known.
    pub fix: Option<Fix>,
}

/// A place that is forbidden.
#[derive(Debug, Clone)]
pub struct Offence {
    /// The value; where it is missing, what it is missing from.
    pub span: Span,
    /// What would mend it.
    pub edit: Option<Edit>,
}

impl Offence {
    /// A place that only a person can mend.
    pub(super) fn at(span: Span) -> Self {
        Self { span, edit: None }
    }

    /// A place and what would mend it.
    pub(super) fn mended(span: Span, edit: Option<Edit>) -> Self {
        Self { span, edit }
    }
}

impl Forbidden {
    /// What Kubernetes says, and where that is.
    pub(super) fn new(
        reason: impl Into<Cow<'static, str>>,
        detail: String,
        offences: Vec<Offence>,
    ) -> Self {
        Self { reason: reason.into(), detail, offences, fix: None }
    }

    /// The same with the offences' edits as one fix.
    pub(super) fn fix(mut self, title: impl Into<Cow<'static, str>>, safety: Safety) -> Self {
        let mut edits: Vec<Edit> =
            self.offences.iter().filter_map(|offence| offence.edit.clone()).collect();
        edits.sort();
        // Containers that share an anchor are mended in one place.
        edits.dedup();
        if !edits.is_empty() {
            self.fix = Some(Fix { title: title.into(), safety, edits });
        }
        self
    }

    /// As the API server writes it: the reason, and the detail in parentheses.
    pub fn message(&self) -> String {
        if self.detail.is_empty() {
            self.reason.to_string()
        } else {
            format!("{} ({})", self.reason, self.detail)
        }
    }
}
