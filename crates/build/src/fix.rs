//! Edits into a new text: those that can stand together are made, the file is judged again, until
//! nothing is left to mend.

use plimsoll_model::text::{apply, compatible};

use crate::Source;
use crate::config::Config;
use crate::environment::Environment;
use crate::finding::{Edit, Finding, Fix, Safety};
use crate::lint::lint_all;
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
        let (edits, made) = round(&found, most);
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

/// The edits that can be made in one round, sorted.
fn round(found: &[Finding], most: Safety) -> (Vec<Edit>, Vec<(&'static str, u32, String)>) {
    let mendable: Vec<(&Finding, &Fix)> = found
        .iter()
        .filter_map(|finding| Some((finding, finding.fix.as_ref()?)))
        .filter(|(_, fix)| fix.safety <= most)
        .collect();
    let (edits, made) = compatible(mendable.iter().map(|(_, fix)| *fix));
    let made =
        mendable.iter().zip(made).filter(|(_, made)| *made).map(|((finding, fix), _)| {
            (finding.rule.id, finding.line, fix.title.clone().into_owned())
        });
    (edits, made.collect())
}
