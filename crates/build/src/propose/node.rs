//! Node.js: dependencies are installed, and what has to be built is built, on the full image; the
//! slim one runs.

use crate::finding::Edit;
use crate::shell::Invocation;
use crate::syntax::Keyword;

use super::compiled::stage_name;
use super::paths::{absolute, file_name};
use super::plan::{Place, Plan};
use super::recipe::{Recipe, Work, is_plain};
use super::{Declined, Language};

pub(super) const LANGUAGE: Language = Language { name: "Node.js", is, plan };

const MANAGERS: &[&str] = &["npm", "yarn", "pnpm"];
/// Where builds put what they make.
const OUTPUTS: &[&str] = &["dist", "build", "lib", "out"];

fn is(recipe: &Recipe<'_>) -> bool {
    recipe.name.repository == "node"
        && recipe.find(|program| MANAGERS.contains(&program.program())).is_some()
}

fn installs(program: &Invocation<'_>) -> bool {
    if !MANAGERS.contains(&program.program()) || program.has_flag(&["g", "global"]) {
        return false;
    }
    let verb = program.subcommand();
    matches!(verb, Some("ci" | "install" | "i" | "clean-install" | "add"))
        || program.program() == "yarn" && verb.is_none()
}

/// Whether it leaves out what only development needs.
fn omits_dev(program: &Invocation<'_>) -> bool {
    program.has_flag(&["production", "prod", "P"])
        || program.values_of(&["omit"]).iter().any(|value| value.text == "dev")
        || program.values_of(&["only"]).iter().any(|value| value.text.starts_with("prod"))
}

fn plan(recipe: &Recipe<'_>) -> Result<Plan, Declined> {
    let Some((install_step, install)) = recipe.find(installs) else {
        return Err(Declined::CannotPart("no RUN installs the dependencies".to_owned()));
    };
    let manager = install.program().to_owned();
    let builds = recipe.programs().filter(|(index, program)| is_build(recipe, *index, program));
    let build_step = builds.map(|(index, _)| index).last();
    let words = recipe.tag_words();
    let is_small = words.iter().any(|word| *word == "slim" || word.starts_with("alpine"));
    let in_production = recipe.has_env(install_step, "NODE_ENV", "production");
    if is_small && build_step.is_none() && (omits_dev(&install) || in_production) {
        return Err(Declined::NothingToGain(format!(
            "`{}` is small, and dependencies of development are left out already: a second stage \
             would save nothing",
            recipe.image
        )));
    }
    let mut plan = Plan::new(recipe, true);
    plan.user = "1000:1000";
    plan.bases = vec![slimmer(recipe, is_small)];
    globals(&mut plan, recipe);
    let folder = recipe.steps.get(install_step).map_or("/", |step| step.folder.as_str()).to_owned();
    if let Some(build) = build_step {
        let stage = stage_name(recipe, &plan);
        after_build(&mut plan, recipe, &folder, build);
        prune(&mut plan, &manager, &install);
        plan.stage(format!(
            "`{stage}` installs all dependencies, builds, and takes those of development out again"
        ));
    } else {
        plan.build_name = "dependencies";
        let stage = stage_name(recipe, &plan);
        before_source(&mut plan, recipe, &folder, install_step)?;
        if !omits_dev(&install) && !in_production {
            omit(&mut plan, recipe, install_step, &install);
        }
        plan.stage(format!("`{stage}` installs the dependencies"));
    }
    plan.stage(format!(
        "the last stage, `{}`, holds Node.js, what is needed of the dependencies, \
                        and the program",
        plan.bases.first().map_or("", String::as_str)
    ));
    plan.left_out("dependencies of development, and the package manager's cache");
    plan.check(
        "the program writes no file below its folder, which belongs to root: give the \
                folders that it writes to their user",
    );
    Ok(plan)
}

/// A build is a script of the package, or a compiler that is called by itself.
fn is_build(recipe: &Recipe<'_>, index: usize, program: &Invocation<'_>) -> bool {
    let words: Vec<&str> = program.operands().iter().map(|one| &*one.text).collect();
    let compilers = ["tsc", "webpack", "vite", "next", "nest", "ng", "rollup", "esbuild", "parcel"];
    let script = |name: &str| name.starts_with("build") || name == "compile" || name == "bundle";
    let behind = recipe.steps.get(index).is_some_and(|step| step.work == Work::Other);
    behind
        && match program.program() {
            "npm" | "pnpm" => {
                matches!(words.as_slice(), ["run" | "run-script", name, ..] if script(name))
                    || matches!(words.as_slice(), ["build", ..])
            }
            "yarn" => words.iter().take(2).any(|name| script(name)),
            "npx" => words.first().is_some_and(|name| compilers.contains(name)),
            name => compilers.contains(&name),
        }
}

/// The image without compilers, of the same distribution.
fn slimmer(recipe: &Recipe<'_>, is_small: bool) -> String {
    let written = &recipe.stage.image.text;
    if is_small {
        return written.clone();
    }
    let (named, tag) = match recipe.image.split('@').next() {
        Some(image) => (image, recipe.name.tag.as_str()),
        None => (recipe.image.as_str(), ""),
    };
    match tag {
        "" | "latest" => "node:slim".to_owned(),
        _ if written.contains('$') && !written.contains('@') => format!("{written}-slim"),
        _ => format!("{named}-slim"),
    }
}

/// Tools that `npm install -g` brings: those that the image runs go on.
fn globals(plan: &mut Plan, recipe: &Recipe<'_>) {
    let found: Vec<(usize, Vec<String>)> = recipe
        .programs()
        .filter(|(_, program)| {
            MANAGERS.contains(&program.program()) && program.has_flag(&["g", "global"])
        })
        .map(|(index, program)| {
            let names = program.operands().into_iter().skip(1).filter(|one| is_plain(one));
            (index, names.map(|one| one.text.clone().into_owned()).collect())
        })
        .collect();
    for (index, names) in found {
        let needed = names.iter().any(|name| {
            let name = name.rsplit_once('@').map_or(name.as_str(), |(name, _)| name);
            recipe.runs(file_name(name)) || name == "pm2" && recipe.runs("pm2-runtime")
        });
        let alone = recipe.steps.get(index).is_some_and(|step| step.programs.len() == 1);
        if needed && alone {
            plan.put(index, Place::Both);
        }
    }
}

/// What was built goes on, and the dependencies that are left.
fn after_build(plan: &mut Plan, recipe: &Recipe<'_>, folder: &str, build: usize) {
    let stage = stage_name(recipe, plan);
    let words = recipe.command().unwrap_or_default();
    let texts: Vec<&str> = words.iter().map(|(_, word)| word.as_str()).collect();
    let output = match texts.as_slice() {
        [node, script, ..] if file_name(node) == "node" && !script.starts_with('-') => {
            let path = absolute(recipe.last_folder(), script);
            let inside = path.strip_prefix(folder).map(|rest| rest.trim_start_matches('/'));
            inside
                .and_then(|rest| rest.split_once('/'))
                .map(|(first, _)| first.to_owned())
                .filter(|first| OUTPUTS.contains(&first.as_str()))
        }
        _ => None,
    };
    plan.copies_at = build.saturating_add(1);
    for (index, step) in recipe.steps.iter().enumerate() {
        // What comes behind the build is for the image that runs.
        let copies = matches!(step.instruction.keyword, Keyword::Copy | Keyword::Add);
        if index > build && copies {
            plan.put(index, Place::Final);
        } else if index < build && step.work == Work::Files && plan.place(index) == Place::Final {
            plan.put(index, Place::Build);
        }
    }
    if let Some(output) = output {
        plan.copies = vec![
            format!("COPY --from={stage} {0}/package.json {0}/", folder.trim_end_matches('/')),
            format!(
                "COPY --from={stage} {0}/node_modules {0}/node_modules",
                folder.trim_end_matches('/')
            ),
            format!("COPY --from={stage} {0}/{output} {0}/{output}", folder.trim_end_matches('/')),
        ];
        plan.left_out("the source, of which the build made what runs");
        plan.check(format!(
            "nothing outside of `{output}` is read while the program runs, such as views or \
             public files: copy them with COPY --from"
        ));
    } else {
        plan.copies = vec![format!("COPY --from={stage} {folder} {folder}")];
        plan.check(format!(
            "the whole folder `{folder}` goes on, because CMD does not name what the build made: \
             copying less makes the image smaller"
        ));
    }
}

fn prune(plan: &mut Plan, manager: &str, install: &Invocation<'_>) {
    let line = match manager {
        _ if omits_dev(install) => return,
        "yarn" => "RUN yarn install --production --ignore-scripts --prefer-offline",
        "pnpm" => "RUN pnpm prune --prod",
        _ => "RUN npm prune --omit=dev",
    };
    plan.build_end.push(line.to_owned());
    if manager == "yarn" {
        plan.check("Yarn is of version 1: later ones say `yarn workspaces focus --production`");
    }
}

/// Without a build the source is copied into the last stage alone.
fn before_source(
    plan: &mut Plan,
    recipe: &Recipe<'_>,
    folder: &str,
    install: usize,
) -> Result<(), Declined> {
    let mut last = install;
    for (index, step) in recipe.steps.iter().enumerate() {
        let line = step.instruction.lines.0;
        match step.instruction.keyword {
            Keyword::Copy | Keyword::Add => {
                let words = step.instruction.arguments.words();
                let whole = words.iter().rev().skip(1).any(|word| !is_manifest(&word.text));
                // The manifests are read while the program runs too.
                let place = if index < install { Place::Both } else { Place::Final };
                plan.put(index, place);
                if whole && index < install {
                    plan.check(format!(
                        "line {line} copies more than what the install reads, which every change \
                         of a file runs again"
                    ));
                }
                last = index.max(last);
            }
            Keyword::Run if step.work == Work::Other && index > install => {
                let global = plan.place(index) == Place::Both;
                let cleans = step.programs.iter().all(|program| {
                    let program = program.through_wrappers();
                    MANAGERS.contains(&program.program())
                        && matches!(program.subcommand(), Some("cache" | "prune" | "dedupe"))
                });
                if !global && !cleans {
                    return Err(Declined::CannotPart(format!(
                        "line {line}: it is not known which stage this RUN is for"
                    )));
                }
            }
            _ => {}
        }
    }
    let stage = stage_name(recipe, plan);
    plan.copies_at = last.saturating_add(1);
    let folder = folder.trim_end_matches('/');
    plan.copies = vec![format!("COPY --from={stage} {folder}/node_modules {folder}/node_modules")];
    plan.check("a folder node_modules of the own machine is in .dockerignore");
    Ok(())
}

fn is_manifest(path: &str) -> bool {
    let name = file_name(path);
    ["package", "yarn.lock", ".npmrc", "pnpm-lock", "npm-shrinkwrap", ".yarnrc"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// Lets the install leave out what only development needs.
fn omit(plan: &mut Plan, recipe: &Recipe<'_>, step: usize, install: &Invocation<'_>) {
    let Some(text) = recipe.steps.get(step).and_then(|step| step.text) else { return };
    let (flag, at) = match (install.program(), install.operands().first()) {
        ("yarn", None) => (" install --production", install.name_span().end),
        ("yarn", Some(verb)) => (" --production", verb.span.end),
        ("pnpm", Some(verb)) => (" --prod", verb.span.end),
        (_, Some(verb)) => (" --omit=dev", verb.span.end),
        _ => return,
    };
    let last = crate::Span::new(at.saturating_sub(1), at);
    plan.edits.push(Edit::insert(text.source_span(last).end, flag));
    plan.changed(format!("`{}{flag}` leaves out what only development needs", install.program()));
    plan.check("nothing of devDependencies is needed while the program runs");
}
