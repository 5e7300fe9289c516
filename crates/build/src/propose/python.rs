//! Python: packages are installed into a virtual environment on the full image; the slim one gets
//! the environment.

use crate::shell::Invocation;
use crate::syntax::Keyword;

use super::compiled::stage_name;
use super::paths::{absolute, file_name};
use super::plan::{Place, Plan};
use super::recipe::{Recipe, Work};
use super::{Declined, Language};

pub(super) const LANGUAGE: Language = Language { name: "Python", is, plan };

/// Where the environment is.
const ENVIRONMENT: &str = "/opt/venv";

fn is(recipe: &Recipe<'_>) -> bool {
    recipe.name.repository == "python" && recipe.find(installs).is_some()
}

/// `pip install`, `python -m pip install`, `poetry install`, `uv pip install`.
fn installs(program: &Invocation<'_>) -> bool {
    let words: Vec<&str> = program.args().iter().map(|arg| &*arg.text).collect();
    match program.program() {
        "pip" | "pip3" | "poetry" | "pipenv" => words.contains(&"install"),
        "python" | "python3" => words.starts_with(&["-m", "pip"]) && words.contains(&"install"),
        "uv" => words.starts_with(&["pip", "install"]),
        _ => false,
    }
}

fn plan(recipe: &Recipe<'_>) -> Result<Plan, Declined> {
    let all: Vec<_> = recipe.programs().filter(|(_, program)| installs(program)).collect();
    let (Some((first, _)), Some((last, _))) = (all.first(), all.last()) else {
        return Err(Declined::CannotPart("no RUN installs packages".to_owned()));
    };
    for (index, program) in &all {
        let line = recipe.steps.get(*index).map_or(0, |step| step.instruction.lines.0);
        let elsewhere = ["user", "target", "prefix", "root", "system", "t"];
        if program.has_flag(&elsewhere) {
            return Err(Declined::CannotPart(format!(
                "line {line}: packages are installed into a place of their own already"
            )));
        }
    }
    if recipe.steps.iter().any(|step| step.instruction.arguments_text.text().contains("venv")) {
        return Err(Declined::CannotPart(
            "the file makes a virtual environment of its own: copy that one into a second stage"
                .to_owned(),
        ));
    }
    let mut plan = Plan::new(recipe, true);
    let words = recipe.tag_words();
    let is_small = words.iter().any(|word| *word == "slim" || word.starts_with("alpine"));
    let needs_tools = recipe.steps.iter().any(|step| match &step.work {
        Work::Packages(packages) => packages.that_run(&mut Vec::new()) != packages.names,
        _ => false,
    });
    if is_small && !needs_tools {
        return Err(Declined::NothingToGain(format!(
            "`{}` is small, and nothing is installed to build with: a second stage would save \
             nothing",
            recipe.image
        )));
    }
    plan.bases = vec![slimmer(recipe, is_small)];
    let stage = stage_name(recipe, &plan);
    let python = if recipe.tag_words().first().is_some_and(|tag| tag.starts_with('2')) {
        return Err(Declined::CannotPart("Python 2 has no venv".to_owned()));
    } else {
        "python"
    };
    plan.before.push((*first, format!("RUN {python} -m venv {ENVIRONMENT}")));
    plan.before
        .push((*first, format!("ENV VIRTUAL_ENV={ENVIRONMENT} PATH={ENVIRONMENT}/bin:$PATH")));
    plan.final_start.push(format!("ENV VIRTUAL_ENV={ENVIRONMENT} PATH={ENVIRONMENT}/bin:$PATH"));
    plan.copies.push(format!("COPY --from={stage} {ENVIRONMENT} {ENVIRONMENT}"));
    plan.copies_at = *last;
    place_files(&mut plan, recipe, *last)?;
    plan.stage(format!(
        "`{stage}` installs the packages into `{ENVIRONMENT}`, with compilers at hand for those \
         that have no wheel"
    ));
    plan.stage(format!(
        "the last stage, `{}`, gets the environment and the program",
        plan.bases.first().map_or("", String::as_str)
    ));
    plan.left_out("compilers, headers and pip's cache");
    plan.check(
        "a package that was compiled finds its C libraries in the last stage: import each \
                once, or look with `ldd`",
    );
    plan.check(
        "the program writes no file below its folder, which belongs to root: give the \
                folders that it writes to their user",
    );
    Ok(plan)
}

/// Files that the installs need are copied into the first stage, all others into the last.
fn place_files(plan: &mut Plan, recipe: &Recipe<'_>, last: usize) -> Result<(), Declined> {
    let sources: Vec<(usize, bool)> = recipe
        .steps
        .iter()
        .enumerate()
        .filter(|(_, step)| matches!(step.instruction.keyword, Keyword::Copy | Keyword::Add))
        .map(|(index, step)| {
            let words = step.instruction.arguments.words();
            let lists = words.iter().rev().skip(1).all(|word| is_list(&word.text));
            (index, lists)
        })
        .collect();
    for (index, lists) in sources {
        let place = match (index < last, lists) {
            (true, true) => Place::Build,
            (true, false) => Place::Both,
            (false, _) => Place::Final,
        };
        plan.put(index, place);
    }
    // What else is run works on the files; the whole folder then comes from the first stage.
    let mut made: Option<String> = None;
    for (index, step) in recipe.steps.iter().enumerate() {
        let other = step.instruction.keyword == Keyword::Run && step.work == Work::Other;
        let program_installs =
            step.programs.iter().any(|program| installs(&program.through_wrappers()));
        if other && !program_installs && index > last {
            let line = step.instruction.lines.0;
            let own = step.programs.iter().all(|program| {
                let program = program.through_wrappers();
                ["python", "python3", "flask", "django-admin"].contains(&program.program())
            });
            if !own || step.folder == "/" {
                return Err(Declined::CannotPart(format!(
                    "line {line}: it is not known which stage this RUN is for"
                )));
            }
            made = Some(step.folder.clone());
        }
    }
    if let Some(folder) = made {
        let stage = stage_name(recipe, plan);
        for (index, step) in recipe.steps.iter().enumerate() {
            let copies = matches!(step.instruction.keyword, Keyword::Copy | Keyword::Add);
            if copies && plan.place(index).runs() {
                let target = step.instruction.arguments.words().last();
                let target =
                    target.map_or_else(String::new, |one| absolute(&step.folder, &one.text));
                if target.starts_with(&folder) {
                    plan.put(index, Place::Build);
                }
            } else if step.work == Work::Files && plan.place(index) == Place::Final {
                plan.put(index, Place::Build);
            }
        }
        plan.copies.push(format!("COPY --from={stage} {folder} {folder}"));
        plan.copies_at = usize::MAX;
    }
    Ok(())
}

fn is_list(path: &str) -> bool {
    let name = file_name(path);
    name.contains("requirements") && name.ends_with(".txt")
        || ["Pipfile", "Pipfile.lock", "poetry.lock", "constraints.txt"].contains(&name)
}

/// The image without compilers, of the same distribution.
fn slimmer(recipe: &Recipe<'_>, is_small: bool) -> String {
    let written = &recipe.stage.image.text;
    if is_small {
        return written.clone();
    }
    let tag = recipe.name.tag.as_str();
    let named = recipe.image.split('@').next().unwrap_or(&recipe.image);
    match (tag, recipe.codename()) {
        ("" | "latest", _) => "python:slim".to_owned(),
        // `3.12-bookworm` is `3.12-slim-bookworm`.
        (_, Some(codename)) => named.replace(&format!("-{codename}"), &format!("-slim-{codename}")),
        _ if written.contains('$') && !written.contains('@') => format!("{written}-slim"),
        _ => format!("{named}-slim"),
    }
}
