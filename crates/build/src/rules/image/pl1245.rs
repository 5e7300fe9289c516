//! Debug modes and development servers.

use super::lineage::{self, Lineage};
use crate::context::{Commands, Context};
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::rules::hadolint::quotes::bare;
use crate::shell::Invocation;
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1245",
    aliases: &[],
    level: Level::Info,
    title: "Start no debug mode or development server in an image",
    why: "They show sources and variables to whoever asks, some run what they are told, and none is \
          made for many users. A stage that is named `dev`, `debug` or `test` may have them.",
    bad: "FROM python:3.13\nCMD [\"flask\", \"run\", \"--debug\"]\n",
    good: "FROM python:3.13\nCMD [\"gunicorn\", \"app:app\"]\n",
    mending: Mending::None,
    source: "https://flask.palletsprojects.com/en/stable/debugging/",
    check,
};

/// Variables and their values that switch a debug mode on.
const VARIABLES: [(&str, &[&str]); 10] = [
    ("FLASK_DEBUG", &["1", "true", "on"]),
    ("FLASK_ENV", &["development"]),
    ("ASPNETCORE_ENVIRONMENT", &["development"]),
    ("DOTNET_ENVIRONMENT", &["development"]),
    ("NODE_ENV", &["development"]),
    ("RAILS_ENV", &["development"]),
    ("RACK_ENV", &["development"]),
    ("APP_DEBUG", &["true", "1"]),
    ("DJANGO_DEBUG", &["true", "1"]),
    ("WERKZEUG_DEBUG_PIN", &["off"]),
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if lineage::is_for_development(context) {
        return;
    }
    let image = Lineage::new(context);
    for step in context.steps_of(Keyword::Env).filter(|step| !step.onbuild) {
        if !image.holds(step.stage) {
            continue;
        }
        for pair in step.instruction.arguments.pairs() {
            let (name, value) = (bare(&pair.key.text), bare(&pair.value.text).to_ascii_lowercase());
            let known = VARIABLES
                .iter()
                .any(|(known, values)| *known == name && values.contains(&value.as_str()));
            // The last word counts: a later ENV may switch it off.
            let end = context.file.instructions.len();
            let last = context.scopes.at(step.stage, end).definition(name);
            if known && last.is_none_or(|last| last.instruction == step.index) {
                let place = pair.key.span.join(pair.value.span);
                findings.report(step.line, place, format!("{name} switches a debug mode on"));
            }
        }
    }
    for keyword in [Keyword::Entrypoint, Keyword::Cmd] {
        let step = lineage::last(context, keyword);
        let Some(commands) = step.and_then(|step| lineage::commands(context, step)) else {
            continue;
        };
        if let Some((span, what)) = debugs(commands) {
            findings.report(commands.text.line, commands.text.source_span(span), what);
        }
    }
}

fn debugs(commands: Commands<'_>) -> Option<(crate::Span, &'static str)> {
    commands.invocations.iter().find_map(|program| {
        let inner = program.through_wrappers();
        Some((inner.command().span, debug_of(&inner)?))
    })
}

fn debug_of(program: &Invocation<'_>) -> Option<&'static str> {
    let words: Vec<&str> = program.args().iter().map(|one| &*one.text).collect();
    let has = |word: &str| words.contains(&word);
    let python = program.program().starts_with("python");
    let module = program.value_of(&["m"]).filter(|_| python).unwrap_or_default();
    let name = if module.is_empty() { program.program() } else { module };
    let inspects = |word: &&str| {
        word.starts_with("--inspect") && (word.contains("0.0.0.0") || word.contains("[::]"))
    };
    if name == "flask" && has("--debug") || name == "uvicorn" && has("--reload") {
        Some("this is a debug mode")
    } else if python && words.iter().any(|word| word.ends_with("manage.py")) && has("runserver")
        || name == "manage.py" && has("runserver")
        || name == "flask" && has("run")
        || name == "php" && words.iter().any(|word| *word == "-S" || *word == "serve")
    {
        Some("this is a server for development")
    } else if name == "nodemon" || name == "webpack-dev-server" || name == "ng" && has("serve") {
        Some("this is a program for development")
    } else if words.iter().any(inspects)
        || words.iter().any(|word| word.contains("jdwp") && word.contains("address=*"))
    {
        Some("this opens a debugger to the network, which runs what it is told")
    } else {
        None
    }
}
