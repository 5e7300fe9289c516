//! Relative `WORKDIR`s.

use super::quotes::{bare, inner_span, is_absolute_or_unknown};
use crate::context::Context;
use crate::context::Step;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3000",
    aliases: &["DS-0009", "AVD-DS-0009", "DS009", "WorkdirRelativePath"],
    level: Level::Error,
    title: "Write WORKDIR as an absolute path",
    why: "A relative WORKDIR depends on the one before it, which may be another image's: when \
          that changes, files land elsewhere.",
    bad: "FROM scratch\nWORKDIR usr/src/app\n",
    good: "FROM scratch\nWORKDIR /usr/src/app\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3000",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Workdir).filter(|step| !step.onbuild) {
        let Some(argument) = step.instruction.arguments.text() else { continue };
        let path = bare(&argument.text);
        if path.is_empty()
            || is_absolute_or_unknown(path) && !is_relative_value(context, step, path)
        {
            continue;
        }
        let reported = findings.report(
            step.line,
            argument.span,
            format!("Use absolute WORKDIR: `{path}` depends on the folder before it"),
        );
        let absolute = folder_before(context, step).and_then(|before| joined(&before, path));
        if let (Some(absolute), Some(span)) =
            (absolute, inner_span(context.file.source.text(), argument))
        {
            reported.safe_fix(format!("write {absolute}"), vec![Edit::replace(span, absolute)]);
        }
    }
}

/// Whether a path that begins with a variable is relative with the value that the file gives it.
fn is_relative_value(context: &Context<'_>, step: Step<'_>, path: &str) -> bool {
    path.starts_with('$')
        && context.expand(path, step).is_ok_and(|value| {
            value.unset.is_empty() && !value.text.is_empty() && !is_absolute_or_unknown(&value.text)
        })
}

/// The absolute folder that holds before an instruction, where the file says it.
fn folder_before(context: &Context<'_>, step: Step<'_>) -> Option<String> {
    let mut stage = context.stages.get(step.stage?)?;
    let mut end = step.index;
    let mut relative: Vec<&str> = Vec::new();
    for _ in 0..=context.stages.len() {
        let own = context.file.instructions.get(stage.instructions.start..end)?;
        for instruction in own.iter().rev().filter(|one| one.keyword == Keyword::Workdir) {
            let path = bare(&instruction.arguments.text()?.text);
            if path.starts_with('/') {
                let mut folder = path.to_owned();
                for part in relative.iter().rev() {
                    folder = joined(&folder, part)?;
                }
                return is_plain(&folder).then_some(folder);
            }
            relative.push(path);
            if relative.len() > MAX_RELATIVE {
                return None;
            }
        }
        if stage.is_scratch() {
            let mut folder = "/".to_owned();
            for part in relative.iter().rev() {
                folder = joined(&folder, part)?;
            }
            return Some(folder);
        }
        stage = context.stages.get(stage.parent?)?;
        end = stage.instructions.end;
    }
    None
}

/// How many relative folders in a row are followed.
const MAX_RELATIVE: usize = 16;

fn is_plain(path: &str) -> bool {
    !path.contains(['$', '\\', '"', '\'', ':', '`', '%']) && !path.contains(char::is_whitespace)
}

/// The path from `folder`, without `.` and `..`; `None` where a part is not plain text.
fn joined(folder: &str, path: &str) -> Option<String> {
    if !is_plain(folder) || !is_plain(path) {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_joined_as_the_builder_joins_it() {
        assert_eq!(joined("/a/b", "../c/./d").as_deref(), Some("/a/c/d"));
        assert_eq!(joined("/", "x").as_deref(), Some("/x"));
        assert_eq!(joined("/a", "$x"), None);
    }
}
