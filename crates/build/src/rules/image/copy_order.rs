//! `COPY . .` behind the install, and before it only what the install reads.

use super::whole_context;
use crate::Span;
use crate::context::{Commands, Context, Step};
use crate::finding::Edit;
use crate::script::Form;
use crate::shell::Invocation;
use crate::syntax::{Arguments, Keyword};

/// What each package manager reads: `*` because a lock file may be missing.
const LISTS: &[(&[&str], &[&str])] = &[
    (&["npm"], &["package*.json"]),
    (&["yarn"], &["package.json", "yarn.lock*"]),
    (&["pnpm"], &["package.json", "pnpm-lock.yaml*"]),
    (&["bun"], &["package.json", "bun.lock*"]),
    (&["go"], &["go.mod", "go.sum*"]),
    (&["composer"], &["composer.json", "composer.lock*"]),
    (&["bundle"], &["Gemfile", "Gemfile.lock*"]),
    (&["pipenv"], &["Pipfile", "Pipfile.lock*"]),
    (&["mvn"], &["pom.xml"]),
];

/// Programs that may stand in the `RUN` of an install and read nothing of the source.
const BESIDE: &[&str] = &["rm", "echo", "set", "true", "mkdir"];

/// The edits that copy the lists first and the rest behind the install; `None` where more than
/// that would move.
pub(super) fn mend(
    context: &Context<'_>,
    copy: Step<'_>,
    install: Commands<'_>,
    installs: fn(&Invocation<'_>) -> bool,
) -> Option<Vec<Edit>> {
    let file = context.file;
    let run = context.instruction_of(install.text)?;
    let between = file.instructions.get(copy.index.saturating_add(1)..install.text.instruction)?;
    let is_still =
        |keyword| matches!(keyword, Keyword::Env | Keyword::Arg | Keyword::Label | Keyword::Expose);
    if !between.iter().all(|one| is_still(one.keyword)) || install.text.form != Form::Shell {
        return None;
    }
    let Arguments::Words(words) = &copy.instruction.arguments else { return None };
    let [_, target] = words.as_slice() else { return None };
    whole_context::source(copy.instruction)?;
    let is_here = matches!(target.text.as_str(), "." | "./")
        || is_working_folder(context, copy, &target.text);
    let mut lists: Vec<String> = Vec::new();
    for program in install.invocations {
        let program = program.through_wrappers();
        let name = program.program();
        if installs(&program) {
            for list in lists_of(&program)? {
                if !lists.contains(&list) {
                    lists.push(list);
                }
            }
        } else if !BESIDE.contains(&name) && !cleans(&program) {
            return None;
        }
    }
    if lists.is_empty() || !is_here {
        return None;
    }
    let folder = match target.text.as_str() {
        "." | "./" => "./".to_owned(),
        other => format!("{}/", other.trim_end_matches('/')),
    };
    let mut first = copy.instruction.lines.0;
    for comment in file.comments.get(copy.instruction.comments.clone())?.iter().rev() {
        if comment.line.saturating_add(1) != first {
            break;
        }
        first = comment.line;
    }
    let moved = Span::new(file.source.line_start(first), copy.instruction.span.end);
    let flags = copy.instruction.flags.iter();
    let flags = flags.fold(String::new(), |all, flag| all + &flag.text + " ");
    let lines: Vec<String> = by_folder(&lists)
        .into_iter()
        .map(|(inner, names)| {
            format!("{} {flags}{names} {folder}{inner}", copy.instruction.name.text)
        })
        .collect();
    Some(vec![
        Edit::replace(moved, lines.join("\n")),
        Edit::insert(run.span.end, format!("\n{}", file.source.slice(moved))),
    ])
}

/// The lists with the folder that they are in, so that each stays where the install looks for it.
fn by_folder(lists: &[String]) -> Vec<(String, String)> {
    let mut folders: Vec<(String, String)> = Vec::new();
    for list in lists {
        let folder =
            list.rsplit_once('/').map_or_else(String::new, |(folder, _)| format!("{folder}/"));
        match folders.iter_mut().find(|(known, _)| *known == folder) {
            Some((_, names)) => {
                names.push(' ');
                names.push_str(list);
            }
            None => folders.push((folder, list.clone())),
        }
    }
    folders
}

fn lists_of(program: &Invocation<'_>) -> Option<Vec<String>> {
    let name = program.program();
    if matches!(name, "pip" | "pip3" | "python" | "python3") {
        let files = program.values_of(&["r", "requirement", "c", "constraint"]);
        let plain = |text: &str| {
            let odd = ['$', '`', '*', ':', '"', '\''];
            !text.starts_with(['/', '~']) && !text.contains(odd) && !text.contains("..")
        };
        // `pip install . -r x` builds the project itself.
        let project = program.operands_after(&["r", "requirement", "c", "constraint"]);
        let builds = project.iter().any(|one| one.text.starts_with(['.', '/']))
            || program.has_flag(&["e", "editable"]);
        if builds || !files.iter().all(|file| plain(file.text)) {
            return None;
        }
        let names = files.iter().map(|file| file.text.trim_start_matches("./").to_owned());
        return Some(names.collect());
    }
    let elsewhere = program.has_flag(&["prefix", "C", "cwd", "f", "file", "workspace", "w"]);
    let (_, lists) =
        LISTS.iter().find(|(names, _)| names.contains(&name)).filter(|_| !elsewhere)?;
    Some(lists.iter().map(|list| (*list).to_owned()).collect())
}

/// `npm cache clean --force`, `pip install --upgrade pip`.
fn cleans(program: &Invocation<'_>) -> bool {
    let words: Vec<&str> = program.operands().into_iter().map(|one| one.text.as_ref()).collect();
    match (program.program(), words.as_slice()) {
        ("npm" | "yarn" | "go", [verb, ..]) => matches!(*verb, "cache" | "clean"),
        ("pip" | "pip3", ["install", rest @ ..]) => {
            rest.iter().all(|name| ["pip", "setuptools", "wheel"].contains(name))
        }
        _ => false,
    }
}

/// Whether a path is that of the last `WORKDIR` before.
fn is_working_folder(context: &Context<'_>, copy: Step<'_>, path: &str) -> bool {
    let before = context
        .steps_of(Keyword::Workdir)
        .filter(|step| step.stage == copy.stage && step.index < copy.index);
    let last = before.last().and_then(|step| step.instruction.arguments.text());
    last.is_some_and(|folder| {
        folder.text.starts_with('/')
            && folder.text.trim_end_matches('/') == path.trim_end_matches('/')
    })
}
