//! Edits into a new text: those that can stand together are made, the file is judged again, until
//! nothing is left to mend.

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
    let mut made = Vec::new();
    for finding in found {
        let Some(fix) = finding.fix.as_ref().filter(|fix| fix.safety <= most) else { continue };
        let free = fix.edits.iter().all(|edit| {
            !taken.iter().any(|other| {
                edit == other
                    || edit.span.start < other.span.end && other.span.start < edit.span.end
                    || edit.span.start == other.span.start
            })
        });
        if free {
            taken.extend(fix.edits.iter().cloned());
            made.push((finding.rule.id, finding.line, fix.title.clone().into_owned()));
        }
    }
    taken.sort();
    (taken, made)
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
