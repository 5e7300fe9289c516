//! A server that listens on another port than the one exposed.

use super::{lineage, ports};
use crate::context::{Commands, Context};
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::shell::{Arg, Invocation};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1211",
    aliases: &[],
    level: Level::Info,
    title: "Expose the port that the program listens on",
    why: "EXPOSE tells people, `docker run -P` and proxies where the program listens. Where \
          its command names another port, one of the two is wrong.",
    bad: "FROM python:3.13\nCMD [\"uvicorn\", \"app:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n",
    good: "FROM python:3.13\nEXPOSE 8000\nCMD [\"uvicorn\", \"app:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n",
    mending: Mending::Unsafe,
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
    if let Some(first) = exposed.first() {
        let message = format!("the program listens on port {port}, which is not exposed");
        findings.report(step.line, place, message).related(first.word.span, "exposed here");
    } else if exposes_nothing(context) {
        let message = format!("the program listens on port {port}, and no port is exposed");
        let line = Edit::insert(step.instruction.span.start, format!("EXPOSE {port}\n"));
        findings
            .report(step.line, place, message)
            .unsafe_fix(format!("expose port {port}"), vec![line]);
    }
}

/// Whether the base is known to expose no port: that of a distribution or a language.
fn exposes_nothing(context: &Context<'_>) -> bool {
    const BASES: [&str; 9] =
        ["python", "node", "ruby", "alpine", "debian", "ubuntu", "fedora", "rockylinux", "golang"];
    let base = context.final_stage().and_then(|stage| lineage::base(context, stage));
    base.is_some_and(|base| BASES.contains(&base.name.split([':', '@']).next().unwrap_or_default()))
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
