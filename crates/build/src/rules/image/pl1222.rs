//! Dev dependencies in the image.

use super::lineage::{self, Lineage};
use super::npm;
use crate::context::{Commands, Context};
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::script::Form;
use crate::shell::Invocation;
use crate::syntax::{Keyword, Variables};

pub(super) static RULE: Rule = Rule {
    id: "PL1222",
    aliases: &[],
    level: Level::Info,
    title: "Leave dev dependencies out of the image",
    why: "Test frameworks, linters and bundlers run on the machine of a developer. In the image \
          they are hundreds of packages more whose vulnerabilities count as its own.",
    bad: "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCMD [\"node\", \"server.js\"]\n",
    good: "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci --omit=dev\nCMD [\"node\", \"server.js\"]\n",
    mending: Mending::Unsafe,
    source: "https://docs.npmjs.com/cli/commands/npm-ci#omit",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let starts =
        lineage::last(context, Keyword::Cmd).or(lineage::last(context, Keyword::Entrypoint));
    if lineage::is_for_development(context) || starts.is_none() {
        return;
    }
    let image = Lineage::new(context);
    let texts: Vec<Commands<'_>> = context
        .all_commands()
        .filter(|one| image.holds(one.text.stage) && !one.text.onbuild)
        .collect();
    // What is built or started with its dev dependencies needs them.
    let inners = || texts.iter().flat_map(|one| one.invocations).map(|one| one.through_wrappers());
    if inners().any(|program| needs_dev(&program)) {
        return;
    }
    for commands in &texts {
        for program in commands.invocations {
            let inner = program.through_wrappers();
            let Some(flag) = missing(context, *commands, &inner) else { continue };
            let words = inner.operands();
            let Some(word) = words.first() else { continue };
            let place = commands.text.source_span(word.span);
            let message = format!(
                "{} {} brings dev dependencies into the image: add {flag}",
                inner.program(),
                word.text
            );
            let reported = findings.report(commands.text.line, place, message);
            if commands.text.form != Form::Exec {
                let edit = Edit::insert(place.end, format!(" {flag}"));
                reported.unsafe_fix(format!("add {flag}"), vec![edit]);
            }
        }
    }
}

/// Whether the program builds, tests, or takes the dev dependencies away again.
fn needs_dev(program: &Invocation<'_>) -> bool {
    let words = program.operands();
    let first = words.first().map(|one| &*one.text);
    match program.program() {
        "npm" | "pnpm" | "yarn" => !matches!(
            first,
            None | Some("install" | "i" | "ci" | "cache" | "config" | "add" | "set")
        ),
        "npx" | "tsc" | "ng" | "vite" | "webpack" | "nodemon" | "ts-node" | "tsx" | "next"
        | "nest" | "turbo" | "nx" | "node-prune" | "rake" | "rails" | "rspec" | "pytest" => true,
        "bundle" => matches!(first, Some("exec")),
        _ => false,
    }
}

/// The flag that a command lacks.
fn missing(
    context: &Context<'_>,
    commands: Commands<'_>,
    program: &Invocation<'_>,
) -> Option<&'static str> {
    let scope = context.scopes.at(commands.text.stage, commands.text.instruction);
    // An ARG without a value may be given one.
    let is = |name: &str, value: &str| {
        scope.definition(name).is_some_and(|one| one.value.is_none())
            || scope.get(name) == Some(value)
    };
    let own = |name: &str| {
        program.command().assignments.iter().any(|one| one.name == name)
            || commands.invocations.iter().any(|one| {
                one.name() == "export" && one.args().iter().any(|arg| arg.text.starts_with(name))
            })
    };
    let words = program.operands();
    let first = words.first().map(|one| &*one.text);
    match program.program() {
        "npm" => (npm::installs_project(program)
            && !npm::omits_dev(program)
            && !own("NODE_ENV")
            && !is("NODE_ENV", "production")
            && !is("NPM_CONFIG_PRODUCTION", "true")
            && !is("NPM_CONFIG_OMIT", "dev"))
        .then(|| match npm::node_release(context, commands.text.stage) {
            // npm 6 knows nothing of --omit.
            Some(release) if release < 15 => "--only=production",
            _ => "--omit=dev",
        }),
        "composer" => (first == Some("install")
            && words.len() == 1
            && !program.has_flag(&["no-dev"])
            && !own("COMPOSER_NO_DEV")
            && !is("COMPOSER_NO_DEV", "1"))
        .then_some("--no-dev"),
        "uv" => (first == Some("sync")
            && !["no-dev", "no-default-groups", "only-group", "group", "no-group", "extra"]
                .iter()
                .any(|flag| program.has_flag(&[flag]))
            && !is("UV_NO_DEV", "1"))
        .then_some("--no-dev"),
        _ => None,
    }
}
