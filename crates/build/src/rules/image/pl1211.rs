//! A server that listens on another port than the one exposed.

use super::{lineage, ports};
use crate::context::{Commands, Context};
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::{Arg, Invocation};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1211",
    aliases: &[],
    level: Level::Info,
    title: "Expose the port that the program listens on",
    why: "EXPOSE tells people, `docker run -P` and proxies where the program listens. Here its \
          command names another port, so one of the two is wrong.",
    bad: "FROM python:3.13\nEXPOSE 8080\nCMD [\"uvicorn\", \"app:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n",
    good: "FROM python:3.13\nEXPOSE 8000\nCMD [\"uvicorn\", \"app:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#expose",
    check,
};

/// Servers, and the flags that say where they listen.
const SERVERS: [(&str, &[&str]); 13] = [
    ("uvicorn", &["port"]),
    ("gunicorn", &["b", "bind"]),
    ("hypercorn", &["b", "bind"]),
    ("daphne", &["p", "port"]),
    ("waitress-serve", &["port", "listen"]),
    ("flask", &["p", "port"]),
    ("streamlit", &["server.port"]),
    ("fastapi", &["port"]),
    ("jupyter", &["port"]),
    ("http-server", &["p", "port"]),
    ("serve", &["l", "listen", "p"]),
    ("rails", &["p", "port"]),
    ("php", &["S"]),
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let entry = lineage::last(context, Keyword::Entrypoint);
    let Some(step) = entry.or_else(|| lineage::last(context, Keyword::Cmd)) else { return };
    let Some(commands) = lineage::commands(context, step) else { return };
    let Some((port, argument)) = listening(commands) else { return };
    let exposed = ports::exposed(context);
    let readable = context.steps_of(Keyword::Expose).flat_map(|one| {
        one.instruction.arguments.words().iter().map(|word| word.text.contains('$'))
    });
    // A port that comes from the caller may be the one.
    if readable.into_iter().any(|variable| variable)
        || exposed.iter().any(|one| (one.first..=one.last).contains(&port))
    {
        return;
    }
    let place = commands.text.source_span(argument);
    let message = if exposed.is_empty() {
        // What a base exposes is not known.
        return;
    } else {
        format!("the program listens on port {port}, which is not exposed")
    };
    let reported = findings.report(step.line, place, message);
    if let Some(first) = exposed.first() {
        reported.related(first.word.span, "exposed here");
    }
}

/// The port that a known server is told to listen on, and where that is written.
fn listening(commands: Commands<'_>) -> Option<(u32, crate::Span)> {
    commands.invocations.iter().find_map(|program| {
        let inner = program.through_wrappers();
        let module = inner.value_of(&["m"]).filter(|_| inner.program().starts_with("python"));
        let name = module.unwrap_or(inner.program());
        if name == "http.server" {
            let port = inner.args().last()?;
            return Some((port.text.parse().ok()?, port.span));
        }
        if let Some(address) = runserver(&inner) {
            return Some((port_of(&address.text)?, address.span));
        }
        let (_, flags) = SERVERS.iter().find(|(server, _)| *server == name)?;
        let values = inner.values_of(flags);
        // A server that listens in several places is left alone.
        let [value] = values.as_slice() else { return None };
        Some((port_of(value.text)?, value.arg.span))
    })
}

/// The address of Django's `manage.py runserver`.
fn runserver<'i, 'a>(program: &'i Invocation<'a>) -> Option<&'i Arg<'a>> {
    let args = program.args();
    let at = args.iter().position(|one| one.text == "runserver")?;
    args.get(at.checked_add(1)?)
}

/// The port of `8000`, `:8000`, `0.0.0.0:8000`, `tcp://0.0.0.0:8000`.
fn port_of(address: &str) -> Option<u32> {
    address.rsplit(':').next()?.parse().ok()
}
