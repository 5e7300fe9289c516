//! What `rm -r` deletes, and whether a system can do without it.

use crate::shell::{Part, Word};

use super::tree::{Call, Tree};

/// Whether the command is told to delete directories.
pub(super) fn deletes_trees(tree: &Tree<'_>, call: &Call<'_>) -> bool {
    tree.arguments(call).any(|(_, text)| {
        text == "--recursive"
            || text
                .strip_prefix('-')
                .is_some_and(|letters| !letters.starts_with('-') && letters.contains(['r', 'R']))
    })
}

/// Whether a path is a directory that a system needs.
pub(super) fn is_of_system(path: &str) -> bool {
    const NAMES: [&str; 21] = [
        "",
        "bin",
        "boot",
        "dev",
        "etc",
        "home",
        "lib",
        "lib64",
        "media",
        "mnt",
        "opt",
        "proc",
        "run",
        "sbin",
        "srv",
        "sys",
        "usr",
        "usr/bin",
        "usr/lib",
        "usr/share",
        "var",
    ];
    path.strip_prefix('/').is_some_and(|rest| {
        let rest = rest.trim_end_matches('/');
        NAMES[..].contains(&rest) && !matches!(rest, "run" | "srv" | "opt" | "mnt" | "media")
    })
}

/// Whether a path, or a pattern for all that is in it, is a directory that a system needs.
pub(super) fn is_of_system_or_root(path: &str) -> bool {
    is_of_system(path.strip_suffix('*').unwrap_or(path))
}

/// The word with nothing in the place of its variables; `None` where it has none that could be
/// empty, and no pattern.
pub(super) fn without_variables(tree: &Tree<'_>, word: &Word) -> Option<String> {
    let mut text = String::new();
    let mut expands = false;
    for part in &word.parts {
        expands |= push(tree, part, &mut text)?;
    }
    expands.then_some(text)
}

/// Adds what is left of a part, and says whether it is one that could be empty.
fn push(tree: &Tree<'_>, part: &Part, text: &mut String) -> Option<bool> {
    match part {
        Part::Literal { span } => {
            text.push_str(tree.of(*span));
            Some(false)
        }
        Part::Glob { span, char: '*', .. } => {
            text.push_str(tree.of(*span));
            Some(true)
        }
        Part::SingleQuoted { span } => {
            text.push_str(tree.of(*span).trim_matches('\''));
            Some(false)
        }
        Part::DoubleQuoted { parts, .. } => {
            let mut expands = false;
            for part in parts {
                expands |= push(tree, part, text)?;
            }
            Some(expands)
        }
        Part::Parameter(one) if one.operator.is_none() => Some(true),
        Part::CommandSubstitution { .. } => Some(true),
        _ => None,
    }
}
