//! `COPY --chown` to a name that is not there.

use super::pl1106::is_name;
use crate::context::Context;
use crate::finding::Level;
use crate::flow::Until;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1107",
    aliases: &[],
    level: Level::Warning,
    title: "COPY --chown names a user and a group that exist",
    why: "The builder looks the names up in /etc/passwd and /etc/group of the image as it is at that \
          line, and the build fails where they are not there. Make the user before, or give numbers.",
    bad: "FROM alpine:3.20\nCOPY --chown=app:app . /app\nRUN adduser -D app\n",
    good: "FROM alpine:3.20\nRUN adduser -D app\nCOPY --chown=app:app . /app\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#copy---chown---chmod",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let flow = context.flow();
    let steps = context.steps().filter(|step| {
        !step.onbuild && matches!(step.instruction.keyword, Keyword::Copy | Keyword::Add)
    });
    for step in steps {
        let (Some(stage), Some(flag)) = (step.stage, step.instruction.flag("chown")) else {
            continue;
        };
        let Some(owner) = flag.value().and_then(|value| context.expand(value, step).ok()) else {
            continue;
        };
        if !owner.unset.is_empty() {
            continue;
        }
        let (user, group) = match owner.text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (owner.text.as_str(), None),
        };
        let until = Until::Instruction(step.index);
        let missing = if is_name(user) && flow.lacks_user(stage, until, user) {
            format!("user {user}")
        } else if let Some(group) = group
            && is_name(group)
            && flow.lacks_group(stage, until, group)
        {
            format!("group {group}")
        } else {
            continue;
        };
        let Some(base) = flow.base(stage) else { continue };
        let message =
            format!("there is no {missing} yet, neither in {} nor made by a line above", base.name);
        findings.report(step.line, flag.span, message);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn a_missing_owner_is_named() {
        let text = "FROM node:20-slim\nCOPY --chown=app . /app\nCOPY --chown=node:app . /app\n";
        insta::assert_snapshot!(said("PL1107", text).join("\n"), @r"
        2: there is no user app yet, neither in node:20-slim nor made by a line above
        3: there is no group app yet, neither in node:20-slim nor made by a line above
        ");
    }

    #[test]
    fn an_owner_that_may_be_there_is_left_alone() {
        for text in [
            "FROM node:20-slim\nCOPY --chown=node:node . /app\nADD --chown=1:1 a /b\n",
            "FROM debian:12\nRUN useradd app\nCOPY --chown=app:app . /app\n",
            "FROM debian:12\nRUN ./users.sh\nCOPY --chown=app . /app\n",
            "FROM ours/app\nCOPY --chown=app . /app\n",
        ] {
            assert_eq!(said("PL1107", text), [""; 0], "{text}");
        }
    }
}
