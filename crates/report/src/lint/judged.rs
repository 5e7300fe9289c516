//! A file of any kind and what was found in it, as the formats see them.
//!
//! A kind of file gives its findings in these shapes (`dockerfile.rs`, `manifest.rs`) and knows no
//! other kind; a format knows these shapes alone.

use std::fmt;

use plimsoll_model::text::{Edit, Level, Position, Safety, Source, Span};

/// A file and what was found in it.
pub struct Judged<'a> {
    /// As the user named it; `-` for stdin.
    pub path: &'a str,
    /// Its text.
    pub source: &'a Source,
    /// What counts, in the order in which it is shown.
    pub findings: Vec<Finding<'a>>,
    /// The places of secrets in the text, in order and each within a line: they are never shown.
    /// `None` for kinds of files that are not looked through for any.
    pub secrets: Option<Box<dyn Fn() -> Vec<Span> + 'a>>,
    /// What of it was read: see the format `syntax`. `None` for kinds that have no such text.
    pub syntax: Option<Box<dyn Fn() -> String + 'a>>,
}

impl fmt::Debug for Judged<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = out.debug_struct("Judged");
        shown.field("path", &self.path).field("findings", &self.findings).finish_non_exhaustive()
    }
}

impl Judged<'_> {
    /// The exact place of a finding: its first character and the one behind its last.
    pub(super) fn place(&self, finding: &Finding<'_>) -> (Position, Position) {
        (self.source.position(finding.span.start), self.source.position(finding.span.end))
    }
}

/// What a rule says about a place.
#[derive(Debug, Clone)]
pub struct Finding<'a> {
    /// The rule.
    pub rule: Rule<'a>,
    /// How grave.
    pub level: Level,
    /// What is wrong here.
    pub message: &'a str,
    /// The exact place.
    pub span: Span,
    /// The line that formats without a column show.
    pub line: u32,
    /// What would mend it.
    pub fix: Option<Fix<'a>>,
    /// Other places that explain it.
    pub related: Vec<(Span, &'a str)>,
}

/// The page of a rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its ids in other tools.
    pub aliases: &'a [&'a str],
    /// How grave it is by default.
    pub level: Level,
    /// What to do, in one sentence.
    pub title: &'a str,
    /// Why.
    pub why: &'a str,
    /// A file that violates it.
    pub bad: &'a str,
    /// The same, in order.
    pub good: &'a str,
    /// Where it comes from: a URL.
    pub source: &'a str,
    /// The language of the examples, as Markdown names it.
    pub language: &'static str,
}

impl Rule<'_> {
    /// Its page, for a terminal; `mending` says what `--fix` does.
    pub fn page(&self, mending: &str) -> String {
        let indent =
            |text: &str| text.lines().fold(String::new(), |all, line| all + "    " + line + "\n");
        let aliases = if self.aliases.is_empty() {
            String::new()
        } else {
            format!("Also called {}.\n", self.aliases.join(", "))
        };
        format!(
            "{} ({}): {}.\n\n{}\n\nInstead of\n\n{}\nwrite\n\n{}\n{mending}\n{aliases}See {}\n",
            self.id,
            self.level,
            self.title,
            self.why,
            indent(self.bad),
            indent(self.good),
            self.source,
        )
    }
}

/// Edits that mend a finding.
#[derive(Debug, Clone)]
pub struct Fix<'a> {
    /// What they do, as a command.
    pub title: &'a str,
    /// Whether they can change what the file brings about.
    pub safety: Safety,
    /// The edits.
    pub edits: &'a [Edit],
}
