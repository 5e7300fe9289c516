//! Rust: one program on an image with the C library that it was linked to.

use super::compiled::{self, STATIC, installed, linked_bases, run_program, stage_name};
use super::paths::{absolute, file_name};
use super::plan::Plan;
use super::recipe::Recipe;
use super::{Declined, Language};
use crate::shell::Invocation;

pub(super) const LANGUAGE: Language = Language { name: "Rust", is, plan };

fn is(recipe: &Recipe<'_>) -> bool {
    recipe.name.repository == "rust" || recipe.find(is_build).is_some()
}

fn is_build(program: &Invocation<'_>) -> bool {
    program.program() == "cargo" && matches!(verb(program), Some("build" | "b" | "install"))
}

/// What cargo is asked to do; a toolchain may stand before it.
fn verb<'i>(program: &'i Invocation<'_>) -> Option<&'i str> {
    program.args().iter().map(|arg| &*arg.text).find(|arg| !arg.starts_with(['+', '-']))
}

fn plan(recipe: &Recipe<'_>) -> Result<Plan, Declined> {
    let words = compiled::command(recipe)?;
    let first = words.first().map_or("", |(_, word)| word.as_str());
    if file_name(first) == "cargo" {
        return Err(Declined::CannotPart(
            "`cargo run` compiles at every start, and the name of the program stands in \
             Cargo.toml: build it in a RUN, and let CMD name it"
                .to_owned(),
        ));
    }
    let builds: Vec<_> = recipe.programs().filter(|(_, program)| is_build(program)).collect();
    let Some((step, build)) = builds.last() else {
        return Err(Declined::CannotPart(format!(
            "no `cargo build` or `cargo install` of the file leaves the program `{first}` that it \
             runs"
        )));
    };
    let mut plan = Plan::new(recipe, false);
    plan.packages.retain(|name| name != "ca-certificates");
    let target = build.value_of(&["target"]).filter(|target| !target.contains('$'));
    let folder = recipe.steps.get(*step).map_or("/", |step| &step.folder);
    let path = built(recipe, build, folder, first, target);
    let musl = target.map_or(recipe.is_alpine(), |target| target.ends_with("-musl"));
    if musl && plan.packages.is_empty() {
        plan.bases = vec![STATIC.to_owned(), "scratch".to_owned()];
        plan.check("the program is linked to nothing: `ldd` in the first stage shows it");
    } else {
        plan.bases = linked_bases(recipe, &plan, "gcr.io/distroless/cc-debian13:nonroot");
        plan.check(
            "the libraries that the program is linked to are in the last stage: `ldd` in \
                    the first stage names them",
        );
    }
    let stage = stage_name(recipe, &plan);
    let program = installed(first);
    plan.copies.push(format!("COPY --from={stage} {path} {program}"));
    plan.copies_at = *step;
    run_program(&mut plan, recipe, &words, 1, &[program]);
    plan.stage(format!("`{stage}` compiles `{path}`; of it only that program goes on"));
    plan.stage("the last stage holds the program and the C library");
    plan.left_out("the Rust toolchain, the crates, the build folder and the source");
    plan.check(
        "the program reads no other file of the source while it runs, such as templates \
                or migrations: embed them, or copy them with COPY --from",
    );
    let release = build.has_flag(&["release", "r"])
        || verb(build) == Some("install")
        || build.value_of(&["profile"]).is_some();
    if !release {
        plan.check(
            "the build is a debug build: `cargo build --release` makes a smaller and \
                    faster program",
        );
    }
    Ok(plan)
}

/// The path of the program in the first stage.
fn built(
    recipe: &Recipe<'_>,
    build: &Invocation<'_>,
    folder: &str,
    first: &str,
    target: Option<&str>,
) -> String {
    if verb(build) == Some("install") {
        let root = build.value_of(&["root"]).map(|root| absolute(folder, root));
        let root = root.unwrap_or_else(|| "/usr/local/cargo".to_owned());
        return format!("{root}/bin/{}", file_name(first));
    }
    // A path is where the build left it, or where a later step of the file put it.
    if first.contains('/') {
        return absolute(recipe.last_folder(), first);
    }
    let profile = match build.value_of(&["profile"]) {
        Some("dev") => "debug",
        Some(profile) => profile,
        None if build.has_flag(&["release", "r"]) => "release",
        None => "debug",
    };
    let target = target.map(|target| format!("{target}/")).unwrap_or_default();
    let output = build.value_of(&["target-dir"]).unwrap_or("target");
    absolute(folder, &format!("{output}/{target}{profile}/{first}"))
}
