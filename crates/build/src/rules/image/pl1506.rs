//! Secrets that come as build arguments.

use std::collections::HashSet;

use crate::Span;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::scope::Origin;
use crate::shell::Parameter;
use crate::shell::visit::{Visit, walk_parameter};
use crate::syntax::Instruction;

pub(super) static RULE: Rule = Rule {
    id: "PL1506",
    aliases: &["DS-0031", "AVD-DS-0031", "DS031", "CIS-4.10", "CIS-DI-0010"],
    level: Level::Warning,
    title: "Give a secret to RUN as a mount instead of a build argument",
    why: "Build arguments are written into the history of the image beside each RUN that sees them, \
          and into the provenance. `RUN --mount=type=secret,id=token,env=TOKEN` gives the variable to \
          one command and keeps it nowhere. The rule looks at what a command uses, and says nothing \
          of an ARG that none does.",
    bad: "FROM node:22\nARG NPM_TOKEN\nRUN npm config set //registry.npmjs.org/:_authToken $NPM_TOKEN && npm ci\n",
    good: "FROM node:22\nRUN --mount=type=secret,id=npm,env=NPM_TOKEN npm ci\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/secrets/#secret-mounts",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        let scope = context.scopes.at(commands.text.stage, commands.text.instruction);
        let mut uses = Uses(Vec::new());
        commands.text.script.visit(&mut uses);
        let mut seen: HashSet<&str> = HashSet::new();
        for (name, span) in uses.0 {
            let Some(definition) = scope.definition(name) else { continue };
            if definition.origin != Origin::Arg || !is_secret(name) || !seen.insert(name) {
                continue;
            }
            let set = commands
                .invocations
                .iter()
                .any(|one| one.command().assignments.iter().any(|one| one.name == name));
            let instruction = context.instruction_of(commands.text).map(Instruction::triggered);
            let mounted = instruction.is_some_and(|one| {
                one.flags.iter().any(|flag| flag.text.contains(&format!("env={name}")))
            });
            if set || mounted {
                continue;
            }
            let message = format!(
                "{name} is kept in the history of the image: give it with --mount=type=secret"
            );
            let place = commands.text.source_span(span);
            let reported = findings.report(commands.text.line, place, message);
            if let Some(argument) = context.file.instructions.get(definition.instruction) {
                reported.related(argument.span, "a build argument");
            }
        }
    }
}

/// The variables that a script uses, in order.
struct Uses<'a>(Vec<(&'a str, Span)>);

impl<'a> Visit<'a> for Uses<'a> {
    fn parameter(&mut self, parameter: &'a Parameter) {
        if !parameter.length {
            self.0.push((&parameter.name, parameter.span));
        }
        walk_parameter(self, parameter);
    }
}

/// Whether the words of a name mean a secret itself, and not where it is or how it is used.
fn is_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let words: Vec<&str> = upper.split('_').filter(|word| !word.is_empty()).collect();
    let about = [
        "FILE", "PATH", "DIR", "URL", "URI", "NAME", "ID", "MODE", "ALIAS", "TYPE", "VERSION",
        "LENGTH", "TTL", "HEADER", "HOST", "ENABLED", "PUBLIC", "STORE", "PROVIDER", "POLICY",
        "COUNT", "SIZE",
    ];
    if words.iter().any(|word| about.contains(word)) {
        return false;
    }
    let alone = [
        "TOKEN",
        "PASSWORD",
        "PASSWD",
        "SECRET",
        "SECRETS",
        "CREDENTIAL",
        "CREDENTIALS",
        "APIKEY",
        "PAT",
    ];
    let kinds =
        ["API", "PRIVATE", "ACCESS", "SIGNING", "ENCRYPTION", "DEPLOY", "SSH", "AUTH", "LICENSE"];
    words.iter().any(|word| alone.contains(word))
        || words.windows(2).any(|pair| matches!(pair, [kind, "KEY"] if kinds.contains(kind)))
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn names_of_secrets_are_told_from_names_about_them() {
        for name in ["NPM_TOKEN", "DB_PASSWORD", "API_KEY", "ssh_private_key", "GITHUB_PAT"] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "AUTH_MODE",
            "KEY_ALIAS",
            "TOKEN_URL",
            "PASSWORD_FILE",
            "PUBLIC_KEY",
            "KEY",
            "TOKENIZERS",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
