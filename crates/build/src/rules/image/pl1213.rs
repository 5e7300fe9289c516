//! `ADD` of a git repository at no fixed commit.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::rules::hadolint::quotes::bare;
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1213",
    aliases: &[],
    level: Level::Warning,
    title: "Name a tag or a commit where ADD fetches a git repository",
    why: "Without one, or with a branch, a build takes what was pushed last. A commit names one \
          state for ever; with `--checksum` a tag does too.",
    bad: "FROM alpine:3.20\nADD https://github.com/moby/buildkit.git /src\n",
    good: "FROM alpine:3.20\nADD https://github.com/moby/buildkit.git#v0.14.1 /src\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#adding-files-from-a-git-repository",
    check,
};

const BRANCHES: [&str; 7] = ["main", "master", "develop", "dev", "trunk", "head", "nightly"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Add) {
        let Some((_, sources)) = step.instruction.arguments.words().split_last() else { continue };
        if step.instruction.flag("checksum").is_some() {
            continue;
        }
        for source in sources {
            let Ok(url) = context.expand(bare(&source.text), step) else { continue };
            if !is_repository(&url.text) {
                continue;
            }
            let branch = match reference(&url.text) {
                // What a variable without a value names is not known.
                None if source.text.contains('#') && source.text.contains('$') => continue,
                None => "no tag or commit is named".to_owned(),
                Some(name) if is_branch(&name) => format!("`{name}` is a branch"),
                Some(_) => continue,
            };
            let message = format!("{branch}: a build takes what was pushed last");
            findings.report(step.line, source.span, message);
        }
    }
}

/// Whether ADD clones the source.
pub(super) fn is_repository(source: &str) -> bool {
    let path = source.split(['#', '?']).next().unwrap_or(source);
    let web = path.starts_with("https://") || path.starts_with("http://");
    source.starts_with("git@")
        || source.starts_with("git://")
        || source.starts_with("ssh://")
        || web && path.ends_with(".git")
}

fn reference(source: &str) -> Option<String> {
    let fragment = source.split_once('#').map(|(_, fragment)| fragment);
    let name = fragment.map(|fragment| fragment.split(':').next().unwrap_or_default());
    let query = source.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let named = query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        matches!(key, "ref" | "tag" | "branch" | "commit" | "checksum").then_some(value)
    });
    name.filter(|name| !name.is_empty()).or(named).map(str::to_owned)
}

fn is_branch(name: &str) -> bool {
    let name = name.trim_start_matches("refs/heads/").to_ascii_lowercase();
    BRANCHES.contains(&name.as_str())
}
