//! What languages share whose builds leave a program that runs by itself.

use crate::syntax::Keyword;

use super::Declined;
use super::paths::{absolute, file_name};
use super::plan::Plan;
use super::recipe::Recipe;

/// Where the program goes in the last stage.
pub(super) fn installed(program: &str) -> String {
    format!("/usr/local/bin/{}", file_name(program))
}

/// The words that the image runs, each with the step that it stands in.
pub(super) fn command(recipe: &Recipe<'_>) -> Result<Vec<(usize, String)>, Declined> {
    recipe.command().ok_or_else(|| {
        let line = [Keyword::Entrypoint, Keyword::Cmd]
            .into_iter()
            .find_map(|keyword| recipe.of(keyword).last())
            .map(|(_, step)| step.instruction.lines.0);
        Declined::CannotPart(match line {
            Some(line) => format!(
                "line {line} runs more than one program: what the last stage has to hold is not \
                 known"
            ),
            None => "there is no CMD or ENTRYPOINT: what the last stage has to run is not known"
                .to_owned(),
        })
    })
}

/// Lets the commands run `program` in the place of their first `replaced` words, and copies the
/// files that the other words name.
pub(super) fn run_program(
    plan: &mut Plan,
    recipe: &Recipe<'_>,
    words: &[(usize, String)],
    replaced: usize,
    program: &[String],
) {
    let Some((first, _)) = words.first() else { return };
    let mut steps: Vec<usize> = words.iter().map(|(step, _)| *step).collect();
    steps.dedup();
    for step in steps {
        let own = words.iter().enumerate().filter(|(at, (of, _))| *of == step && *at >= replaced);
        let mut line: Vec<String> = own.map(|(_, (_, word))| word.clone()).collect();
        if step == *first {
            line.splice(0..0, program.iter().cloned());
        }
        plan.commands.push((step, line));
    }
    let folder = recipe.last_folder();
    let stage = stage_name(recipe, plan);
    for (_, word) in words.iter().skip(replaced) {
        let path = word.split_once('=').map_or(word.as_str(), |(_, value)| value);
        let is_file = !path.starts_with('-')
            && !path.contains([':', '$', '*'])
            && (path.starts_with("./")
                || [".json", ".yaml", ".yml", ".toml", ".conf", ".ini", ".env", ".xml"]
                    .iter()
                    .any(|end| path.ends_with(end)));
        if is_file {
            let path = absolute(folder, path);
            plan.copies.push(format!("COPY --from={stage} {path} {path}"));
        }
    }
}

/// What the first stage is called.
pub(super) fn stage_name(recipe: &Recipe<'_>, plan: &Plan) -> String {
    let own = recipe.stage.name.as_ref().map(|name| name.text.clone());
    own.unwrap_or_else(|| plan.build_name.to_owned())
}

/// The bases of a program that is linked to the C library of the image it is built in, where
/// packages of the distribution are needed or not.
pub(super) fn linked_bases(recipe: &Recipe<'_>, plan: &Plan, distroless: &str) -> Vec<String> {
    if recipe.is_alpine() {
        let release = recipe
            .tag_words()
            .into_iter()
            .find_map(|word| word.strip_prefix("alpine"))
            .filter(|release| !release.is_empty())
            .map_or_else(|| DEFAULT_ALPINE.to_owned(), |release| format!("alpine:{release}"));
        return vec![release];
    }
    // A program runs with a C library that is newer than the one it was built with, not older.
    let debian = match recipe.codename() {
        Some(codename) => format!("debian:{codename}-slim"),
        None => "debian:trixie-slim".to_owned(),
    };
    let mut bases = vec![distroless.to_owned(), debian];
    if !plan.packages.is_empty() {
        bases.remove(0);
    }
    bases
}

/// The release of Alpine that is taken where the tag names none.
pub(super) const DEFAULT_ALPINE: &str = "alpine:3.22";
/// Of a program that needs no library.
pub(super) const STATIC: &str = "gcr.io/distroless/static-debian13:nonroot";
