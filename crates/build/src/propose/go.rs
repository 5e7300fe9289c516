//! Go: one static program on an image with certificates and time zones and nothing else.

use crate::shell::Invocation;

use super::compiled::{self, STATIC, installed, linked_bases, run_program, stage_name};
use super::paths::{absolute, file_name};
use super::plan::Plan;
use super::recipe::Recipe;
use super::{Declined, Language};

pub(super) const LANGUAGE: Language = Language { name: "Go", is, plan };

/// Packages that the static image has too.
const IN_STATIC: &[&str] = &["ca-certificates", "tzdata", "bash", "curl", "wget", "openssh"];

fn is(recipe: &Recipe<'_>) -> bool {
    recipe.name.repository == "golang"
        || recipe.find(|program| program.program() == "go" && builds(program)).is_some()
}

fn builds(program: &Invocation<'_>) -> bool {
    matches!(program.subcommand(), Some("build" | "install"))
}

fn plan(recipe: &Recipe<'_>) -> Result<Plan, Declined> {
    let words = compiled::command(recipe)?;
    let mut plan = Plan::new(recipe, false);
    plan.packages.retain(|name| !IN_STATIC.contains(&name.as_str()));
    let first = words.first().map_or("", |(_, word)| word.as_str());
    let (program, replaced) = if file_name(first) == "go" {
        (run_becomes_build(&mut plan, &words)?, words.len())
    } else {
        (built(recipe, first)?, 1)
    };
    let build = recipe.programs().filter(|(_, one)| one.program() == "go" && builds(one)).last();
    let build_step = build.as_ref().map_or(recipe.steps.len(), |(index, _)| *index);
    let is_linked = recipe.has_env(build_step, "CGO_ENABLED", "1")
        || build.as_ref().is_some_and(|(_, one)| assigns(recipe, build_step, one, "CGO_ENABLED=1"));
    let is_static = recipe.has_env(build_step, "CGO_ENABLED", "0")
        || build.as_ref().is_some_and(|(_, one)| assigns(recipe, build_step, one, "CGO_ENABLED=0"));
    if is_linked {
        plan.bases = linked_bases(recipe, &plan, "gcr.io/distroless/base-debian13:nonroot");
        plan.check(
            "cgo is on: the C libraries that the program is linked to have to be in the \
                    last stage",
        );
    } else {
        if !is_static {
            plan.before.push((build_step.min(recipe.steps.len()), "ENV CGO_ENABLED=0".to_owned()));
            plan.changed("CGO_ENABLED=0 is set, so that the program needs no C library");
            plan.check(
                "no package of the module needs cgo, as mattn/go-sqlite3 does; the build \
                        says so if one does",
            );
        }
        plan.bases = if plan.packages.is_empty() {
            vec![STATIC.to_owned(), "scratch".to_owned()]
        } else {
            linked_bases(recipe, &plan, STATIC)
        };
    }
    let stage = stage_name(recipe, &plan);
    let target = installed(&program);
    plan.copies.push(format!("COPY --from={stage} {program} {target}"));
    plan.copies_at = build_step;
    run_program(&mut plan, recipe, &words, replaced, &[target]);
    plan.stage(format!("`{stage}` compiles `{program}`; of it only that program goes on"));
    plan.stage("the last stage holds the program, certificates and time zones");
    plan.left_out("the Go toolchain, the module cache and the source");
    plan.check(
        "the program reads no other file of the source while it runs, such as templates \
                or migrations: embed them, or copy them with COPY --from",
    );
    Ok(plan)
}

fn assigns(recipe: &Recipe<'_>, step: usize, program: &Invocation<'_>, what: &str) -> bool {
    let text = recipe.steps.get(step).and_then(|step| step.text);
    text.is_some_and(|text| {
        let own = program.command().assignments.iter();
        own.map(|one| one.span.of(text.text.text())).any(|one| one == what)
            || program.wrappers().iter().any(|one| one.text == what)
            || program.command().words.iter().any(|word| word.span.of(text.text.text()) == what)
    })
}

/// The path of the program that `first` calls, as a build left it.
fn built(recipe: &Recipe<'_>, first: &str) -> Result<String, Declined> {
    for (index, program) in recipe.programs().filter(|(_, one)| one.program() == "go") {
        let folder = recipe.steps.get(index).map_or("/", |step| &step.folder);
        let packages: Vec<_> = program.operands_after(WITH_VALUES).into_iter().skip(1).collect();
        match program.subcommand() {
            Some("build") => {
                let output = program.value_of(&["o"]);
                let path = match output {
                    Some(path) if path.contains(['$', '`']) => continue,
                    Some(path) if path.ends_with('/') => {
                        absolute(folder, path) + "/" + file_name(first)
                    }
                    Some(path) => absolute(folder, path),
                    None => {
                        let name = packages.first().map_or("", |one| file_name(&one.text));
                        let name = name.strip_suffix(".go").unwrap_or(name);
                        // The name of the module is not in the file; that of a package is.
                        let name =
                            if matches!(name, "" | "." | "...") { file_name(first) } else { name };
                        absolute(folder, name)
                    }
                };
                if file_name(&path) == file_name(first) {
                    return Ok(path);
                }
                // A program that was put into a folder that is there already.
                if output.is_some_and(|path| matches!(file_name(path), "." | "bin")) {
                    return Ok(format!("{path}/{}", file_name(first)));
                }
            }
            Some("install") => {
                let named = packages.iter().any(|one| {
                    let name = one.text.split('@').next().unwrap_or_default();
                    file_name(name) == file_name(first) || name.starts_with('.')
                });
                if named {
                    return Ok(format!("/go/bin/{}", file_name(first)));
                }
            }
            _ => {}
        }
    }
    Err(Declined::CannotPart(format!(
        "no `go build` or `go install` of the file leaves the program `{first}` that it runs"
    )))
}

/// The flags of `go build` that take a value.
const WITH_VALUES: &[&str] = &[
    "o",
    "ldflags",
    "tags",
    "gcflags",
    "asmflags",
    "mod",
    "p",
    "C",
    "buildmode",
    "installsuffix",
    "modfile",
    "overlay",
    "pkgdir",
    "compiler",
];

/// `CMD go run PACKAGE` compiles at every start; a `RUN go build` does it once.
fn run_becomes_build(plan: &mut Plan, words: &[(usize, String)]) -> Result<String, Declined> {
    let texts: Vec<&str> = words.iter().map(|(_, word)| word.as_str()).collect();
    let package = match texts.as_slice() {
        [_, "run", packages @ ..] => packages.join(" "),
        _ => String::new(),
    };
    let is_word = |one: char| one.is_ascii_alphanumeric() || "./_- ".contains(one);
    if package.is_empty() || !package.chars().all(is_word) {
        return Err(Declined::CannotPart(format!("`{}` is no program", texts.join(" "))));
    }
    plan.build_end.push("ENV CGO_ENABLED=0".to_owned());
    plan.build_end.push(format!("RUN go build -o /out/app {package}"));
    plan.changed("`go run` compiled at every start; the first stage now does it once");
    Ok("/out/app".to_owned())
}
