//! `USER` of a name that is not there.

use crate::context::Context;
use crate::finding::Level;
use crate::flow::{Effect, Until};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "PL1106",
    aliases: &[],
    level: Level::Warning,
    title: "USER names a user that exists",
    why: "The name behind USER is looked for in the image's own /etc/passwd, by the next RUN and by \
          every container. Where it is not there both fail. Make the user first, or give a number, \
          which needs no entry.",
    bad: "FROM alpine:3.20\nCOPY app /app\nUSER app\nCMD [\"/app\"]\n",
    good: "FROM alpine:3.20\nRUN adduser -D app\nCOPY app /app\nUSER app\nCMD [\"/app\"]\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#user",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let flow = context.flow();
    for stage in context.stages {
        for event in flow.own_events(stage.index) {
            let Effect::BecomeUser { user } = &event.effect else { continue };
            let (user, group) = match user.split_once(':') {
                Some((user, group)) => (user, Some(group)),
                None => (user.as_str(), None),
            };
            let until = Until::Event(event);
            let missing = if is_name(user) && flow.lacks_user(stage.index, until, user) {
                format!("user {user}")
            } else if let Some(group) = group
                && is_name(group)
                && flow.lacks_group(stage.index, until, group)
            {
                format!("group {group}")
            } else {
                continue;
            };
            let Some(base) = flow.base(stage.index) else { continue };
            let message =
                format!("there is no {missing}, neither in {} nor made by a line above", base.name);
            findings.report(event.line, event.span, message);
        }
    }
}

/// Whether it has to be looked up: a number needs no entry.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.parse::<u64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn a_missing_user_or_group_is_named() {
        let text = "FROM alpine:3.20\nRUN adduser -D b\nUSER app\nUSER b:wrong\n";
        insta::assert_snapshot!(said("PL1106", text).join("\n"), @r"
        3: there is no user app, neither in alpine:3.20 nor made by a line above
        4: there is no group wrong, neither in alpine:3.20 nor made by a line above
        ");
        assert_eq!(said("PL1106", "FROM scratch\nCOPY a /a\nUSER app\n").len(), 1);
    }

    #[test]
    fn a_user_that_may_be_there_is_left_alone() {
        for text in [
            "FROM node:20\nUSER node\n",
            "FROM alpine:3.20\nUSER 1000:1000\n",
            "FROM alpine:3.20\nUSER $APP_USER\n",
            "FROM gcr.io/distroless/static-debian12\nUSER nonroot:nonroot\n",
            "FROM debian:12\nRUN apt-get install -y postgresql\nUSER postgres\n",
            "FROM debian:12\nRUN useradd app\nUSER app:app\n",
            "FROM nginx:1.27\nUSER nginx\n",
            "FROM ours/app\nUSER app\n",
            "FROM scratch\nCOPY --from=x /etc/passwd /etc/passwd\nUSER app\n",
        ] {
            assert_eq!(said("PL1106", text), [""; 0], "{text}");
        }
    }
}
