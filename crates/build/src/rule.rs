//! What a rule is: its page and its check.

use crate::context::Context;
use crate::finding::{Finding, Fix, Level};
use crate::{Span, finding};
use std::borrow::Cow;

/// What a rule's `--fix` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mending {
    /// Nothing: a person has to decide.
    None,
    /// It mends what it can without changing what is built.
    Safe,
    /// It mends what it can, only where `--unsafe-fixes` allows.
    Unsafe,
}

impl Mending {
    /// In a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::None => "It is mended by hand.",
            Self::Safe => "`--fix` mends it.",
            Self::Unsafe => "`--fix --unsafe-fixes` mends it; what is built may differ.",
        }
    }
}

/// A rule: the text of its page and what finds its violations.
///
/// The examples are tested: `bad` violates the rule, `good` does not.
#[derive(Debug)]
pub struct Rule {
    /// `DL3008`, `SC2086`, `StageNameCasing`, `DS-0017`, `PL1001`.
    pub id: &'static str,
    /// The ids of the same rule in other tools and benchmarks; findings can be ignored by each.
    pub aliases: &'static [&'static str],
    /// How grave, unless the configuration says otherwise; [`Level::Ignore`] is off by default.
    pub level: Level,
    /// What to do, in one sentence without a full stop.
    pub title: &'static str,
    /// Why, in a few sentences.
    pub why: &'static str,
    /// A Dockerfile that violates it.
    pub bad: &'static str,
    /// The same, in order.
    pub good: &'static str,
    /// What `--fix` does.
    pub mending: Mending,
    /// Where the rule comes from: a URL.
    pub source: &'static str,
    /// Finds its violations.
    pub check: fn(&Context<'_>, &mut Findings<'_>),
}

impl Rule {
    /// Whether the rule is called so: by its id or an alias, in any case.
    pub fn is_called(&self, name: &str) -> bool {
        self.id.eq_ignore_ascii_case(name)
            || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    }

    /// Why, and both examples, in Markdown.
    pub fn markdown(&self) -> String {
        let (why, bad, good) = (self.why, self.bad.trim_end(), self.good.trim_end());
        format!(
            "{why}\n\nInstead of\n```dockerfile\n{bad}\n```\nwrite\n```dockerfile\n{good}\n```\n"
        )
    }
}

/// Where a rule puts what it finds.
#[derive(Debug)]
pub struct Findings<'a> {
    pub(crate) rule: &'static Rule,
    pub(crate) level: Level,
    /// How many there were before this rule.
    pub(crate) before: usize,
    pub(crate) found: &'a mut Vec<Finding>,
}

/// How many findings of one rule are kept for a file.
const MAX_FINDINGS: usize = 10_000;

impl Findings<'_> {
    /// Reports a place; `line` is that of the instruction. The answer takes a fix and other places.
    pub fn report(
        &mut self,
        line: u32,
        span: Span,
        message: impl Into<Cow<'static, str>>,
    ) -> Reported<'_> {
        if self.found.len().saturating_sub(self.before) >= MAX_FINDINGS {
            return Reported { finding: None };
        }
        self.found.push(Finding {
            rule: self.rule,
            level: self.level,
            message: message.into(),
            span,
            line,
            fix: None,
            related: Vec::new(),
        });
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
    /// Adds edits that mend it without changing what is built.
    pub fn safe_fix(self, title: impl Into<Cow<'static, str>>, edits: Vec<finding::Edit>) -> Self {
        self.fix(Fix { title: title.into(), safety: finding::Safety::Safe, edits })
    }

    /// Adds edits that mend it and may change what is built.
    pub fn unsafe_fix(
        self,
        title: impl Into<Cow<'static, str>>,
        edits: Vec<finding::Edit>,
    ) -> Self {
        self.fix(Fix { title: title.into(), safety: finding::Safety::Unsafe, edits })
    }

    fn fix(mut self, fix: Fix) -> Self {
        if let Some(finding) = self.finding.as_deref_mut().filter(|_| !fix.edits.is_empty()) {
            finding.fix = Some(fix);
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
