//! Edits into a new text: those that can stand together are made, the file is judged again, until
//! nothing is left to mend.

use std::collections::BTreeMap;

use crate::Span;
use crate::config::Config;
use crate::environment::Environment;
use crate::finding::{Edit, Finding, Safety};
use crate::lint::lint_all;
use crate::source::Source;
use crate::syntax::Dockerfile;

/// How often a file is judged again; each round mends what the one before made way for.
const MAX_ROUNDS: u32 = 12;

/// A mended file.
#[derive(Debug, Clone, Default)]
pub struct Fixed {
    /// The new text.
    pub text: String,
    /// What was mended: the rule's id, the line in the text before that round, the edits' title.
    pub made: Vec<(&'static str, u32, String)>,
}

/// Mends what can be mended.
///
/// A round whose outcome the builder could not read where it could before is taken back.
pub fn fix(text: &str, config: &Config, environment: &Environment, most: Safety) -> Fixed {
    let mut file = Dockerfile::parse(Source::new(text));
    let mark = file.source.byte_order_mark();
    let mut all = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let found = lint_all(&file, config, environment).findings;
        let (edits, made) = compatible(&found, most);
        let after = apply(file.source.text(), &edits);
        if after == file.source.text() {
            break;
        }
        let parsed = Dockerfile::parse(Source::new(after));
        if parsed.problems.len() > file.problems.len() {
            break;
        }
        file = parsed;
        all.extend(made);
    }
    if all.is_empty() {
        return Fixed { text: text.to_owned(), made: all };
    }
    Fixed { text: format!("{mark}{}", file.source.text()), made: all }
}

/// The edits that can be made in one round, sorted: a fix that overlaps one already taken waits.
fn compatible(found: &[Finding], most: Safety) -> (Vec<Edit>, Vec<(&'static str, u32, String)>) {
    let mut taken: Vec<Edit> = Vec::new();
    let mut places = Places::default();
    let mut made = Vec::new();
    for finding in found {
        let Some(fix) = finding.fix.as_ref().filter(|fix| fix.safety <= most) else { continue };
        if fix.edits.iter().all(|edit| places.are_free(edit.span)) {
            fix.edits.iter().for_each(|edit| places.take(edit.span));
            taken.extend(fix.edits.iter().cloned());
            made.push((finding.rule.id, finding.line, fix.title.clone().into_owned()));
        }
    }
    taken.sort();
    (taken, made)
}

/// The spans that edits were taken for: their ends by their starts. They do not overlap.
#[derive(Default)]
struct Places(BTreeMap<u32, u32>);

impl Places {
    /// Whether nothing was taken that overlaps a span or begins where it begins.
    fn are_free(&self, span: Span) -> bool {
        let before = self.0.range(..span.start).next_back();
        let reaches_in = before.is_some_and(|(_, end)| *end > span.start);
        let end = span.end.max(span.start.saturating_add(1));
        !reaches_in && self.0.range(span.start..end).next().is_none()
    }

    fn take(&mut self, span: Span) {
        let end = self.0.entry(span.start).or_default();
        *end = span.end.max(*end);
    }
}

/// Makes edits that do not overlap and are sorted.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut after = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        after.push_str(text.get(at..edit.span.start as usize).unwrap_or_default());
        after.push_str(&edit.text);
        at = edit.span.end as usize;
    }
    after.push_str(text.get(at..).unwrap_or_default());
    after
}
