//! Edits into a new text: those that can stand together are made, the file is judged again, until
//! nothing is left to mend.

use plimsoll_model::text::{Safety, Source, apply, compatible};

use crate::config::Config;
use crate::estate::Estate;
use crate::lint::lint;
use crate::manifest::Manifest;

/// How often a file is judged again. What one round puts in, the next ones add to, a field each.
const MAX_ROUNDS: u32 = 24;

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
/// A round after which the file reads worse than before is taken back.
pub fn fix(text: &str, estate: &Estate, config: &Config, most: Safety) -> Fixed {
    let mut manifest = Manifest::parse(Source::new(text));
    let mark = manifest.source.byte_order_mark();
    let mut all = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let found = lint(&manifest, estate, config);
        let mends =
            |finding: &&crate::Finding| finding.fix.as_ref().is_some_and(|fix| fix.safety <= most);
        let found: Vec<_> = found.iter().filter(mends).collect();
        let (edits, made) = compatible(found.iter().filter_map(|finding| finding.fix.as_ref()));
        let after = apply(manifest.source.text(), &edits);
        if after == manifest.source.text() {
            break;
        }
        let parsed = Manifest::parse(Source::new(after));
        if parsed.problems.len() > manifest.problems.len()
            || parsed.documents.len() != manifest.documents.len()
        {
            break;
        }
        let done = found.iter().zip(made).filter(|(_, made)| *made);
        all.extend(done.filter_map(|(finding, _)| {
            let title = finding.fix.as_ref()?.title.clone().into_owned();
            Some((finding.rule.id, manifest.source.line(finding.span.start), title))
        }));
        manifest = parsed;
    }
    if all.is_empty() {
        return Fixed { text: text.to_owned(), made: all };
    }
    Fixed { text: format!("{mark}{}", manifest.source.text()), made: all }
}
