//! Comments that ignore findings: hadolint's, the builder's, ShellCheck's and our own.
//!
//! - `# hadolint ignore=DL3008,SC2086` before an instruction, or within one for its next line
//! - `# hadolint global ignore=DL3008` anywhere
//! - `# check=skip=StageNameCasing` as a directive
//! - `# shellcheck disable=SC2086` before an instruction or within it
//! - `# plimsoll ignore=DL3008 until=2027-01-31 reason=text` where hadolint's may stand

use crate::config::Config;
use crate::finding::Finding;
use crate::syntax::Dockerfile;

#[derive(Debug)]
struct Ignore {
    rules: Vec<String>,
    /// The lines that it holds for: of instructions' starts or of a command within one.
    lines: (u32, u32),
    /// Only findings whose own place is in the lines.
    exact: bool,
}

/// All ignore comments of a file.
#[derive(Debug, Default)]
pub(crate) struct Ignores {
    ignores: Vec<Ignore>,
    everywhere: Vec<String>,
}

impl Ignores {
    pub(crate) fn new(file: &Dockerfile, config: &Config) -> Self {
        let mut ignores = Self::default();
        if config.disable_ignore_pragma {
            return ignores;
        }
        for directive in file.directives.iter().filter(|one| one.name == "check") {
            let parts = directive.value.split(';');
            let skipped = parts.filter_map(|part| part.trim().strip_prefix("skip="));
            ignores.everywhere.extend(skipped.flat_map(names));
        }
        for comment in &file.comments {
            let Some((everywhere, rules)) = pragma(&comment.text) else { continue };
            if everywhere {
                ignores.everywhere.extend(rules);
                continue;
            }
            let within = file
                .instructions
                .iter()
                .find(|one| one.lines.0 < comment.line && comment.line <= one.lines.1);
            let next = file.instructions.iter().find(|one| one.lines.0 > comment.line);
            let lines = match (within, next) {
                (Some(_), _) => (comment.line, comment.line.saturating_add(1)),
                (None, Some(next)) => (next.lines.0, next.lines.0),
                (None, None) => continue,
            };
            ignores.ignores.push(Ignore { rules, lines, exact: within.is_some() });
        }
        ignores
    }

    pub(crate) fn covers(&self, finding: &Finding, file: &Dockerfile) -> bool {
        let called = |rules: &[String]| rules.iter().any(|name| finding.rule.is_called(name));
        called(&self.everywhere)
            || self.ignores.iter().any(|ignore| {
                let line =
                    if ignore.exact { file.source.line(finding.span.start) } else { finding.line };
                (ignore.lines.0..=ignore.lines.1).contains(&line) && called(&ignore.rules)
            })
    }
}

fn names(text: &str) -> Vec<String> {
    let names = text.split([',', ' ', '\t']).map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// Whether the comment holds for the whole file, and the rules that it names.
fn pragma(comment: &str) -> Option<(bool, Vec<String>)> {
    if let Some(rest) = comment.strip_prefix("shellcheck ") {
        let list = rest.trim_start().strip_prefix("disable=")?;
        return Some((false, names(list.split(' ').next()?)));
    }
    let rest = comment.strip_prefix("hadolint ").or_else(|| comment.strip_prefix("plimsoll "))?;
    let rest = rest.trim_start();
    let (everywhere, rest) = match rest.strip_prefix("global") {
        Some(rest) => (true, rest.trim_start()),
        None => (false, rest),
    };
    let list = rest.strip_prefix("ignore")?.trim_start().strip_prefix('=')?;
    Some((everywhere, names(list)))
}
