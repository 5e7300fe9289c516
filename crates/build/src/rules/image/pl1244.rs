//! The engine's socket in an image.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::rules::hadolint::quotes::bare;
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1244",
    aliases: &[],
    level: Level::Info,
    title: "Keep images from the engine's socket",
    why: "Who may talk to the engine may start a container with the whole host in it: it is root. \
          Over TCP without TLS everybody in the network may. An image whose work is to steer the \
          engine needs it; others do not.",
    bad: "FROM docker:28-cli\nENV DOCKER_HOST=tcp://docker:2375\n",
    good: "FROM docker:28-cli\nENV DOCKER_HOST=tcp://docker:2376 DOCKER_TLS_VERIFY=1\n",
    mending: Mending::None,
    source: "https://docs.docker.com/engine/security/#docker-daemon-attack-surface",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Env) {
        for pair in step.instruction.arguments.pairs() {
            let value = bare(&pair.value.text);
            let plain = value.starts_with("tcp://") && value.ends_with(":2375");
            if bare(&pair.key.text) != "DOCKER_HOST" {
                continue;
            }
            if plain {
                let message =
                    "this is the engine without TLS: everybody in the network is root there";
                findings.report(step.line, pair.value.span, message);
            } else if value.ends_with("docker.sock") {
                let message = "this wants the engine's socket, which is root on the host";
                findings.report(step.line, pair.value.span, message);
            }
        }
    }
    for commands in context.all_commands() {
        for program in commands.invocations {
            let inner = program.through_wrappers();
            let opens = inner.args().iter().find(|one| one.text.ends_with("docker.sock"));
            let Some(argument) = opens.filter(|_| inner.program() == "chmod") else { continue };
            let place = commands.text.source_span(argument.span);
            let message = "this opens the engine's socket, which is root on the host, to others";
            findings.report(commands.text.line, place, message);
        }
    }
}
