//! Users and groups whose name or number is taken.

use super::taken_account;
use crate::bases::{Account, Base};
use crate::context::Context;
use crate::finding::Level;
use crate::flow::{Effect, Event, NewAccount, Until};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "PL1105",
    aliases: &[],
    level: Level::Warning,
    title: "Do not make a user or group whose name or number is taken",
    why: "adduser, addgroup, useradd and groupadd fail where the name or the number exists, and \
          with them the build. Many images come with a user for the purpose: those of Node have \
          `node` with number 1000, Ubuntu from 23.04 on has `ubuntu`. Run as that user, or ask for \
          another number.",
    bad: "FROM node:20-alpine\nRUN addgroup -g 1000 app && adduser -D -u 1000 -G app app\nUSER app\n",
    good: "FROM node:20-alpine\nUSER node\n",
    mending: Mending::Unsafe,
    source: "https://github.com/nodejs/docker-node/blob/main/docs/BestPractices.md#non-root-user",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let flow = context.flow();
    for stage in context.stages {
        let base = flow.base(stage.index);
        for event in flow.own_events(stage.index).iter().filter(|event| event.certain) {
            let Effect::Account(new) = &event.effect else { continue };
            let before = flow.events_until(stage.index, Until::Event(event));
            // Whoever changes accounts may have made room.
            if before.clone().any(|one| one.effect == Effect::OtherAccounts) {
                continue;
            }
            let taken = base.and_then(|base| by_base(base, new));
            let Some(why) = taken.or_else(|| by_line(before, new)) else { continue };
            let message = format!("{} fails: {why}", new.program);
            let reported = findings.report(event.line, event.span, message);
            if let Some(edits) = base.and_then(|base| taken_account::mend(context, base, event)) {
                reported.unsafe_fix("take the account of the base with this number", edits);
            }
        }
    }
}

/// Why the base leaves no room.
fn by_base(base: &Base, new: &NewAccount) -> Option<String> {
    let (kind, named, numbered): (_, Option<&Account>, _) = if new.group {
        ("group", base.group_named(&new.name), new.id.and_then(|id| base.group_with_id(id)))
    } else {
        ("user", base.user_named(&new.name), new.id.and_then(|id| base.user_with_id(id)))
    };
    if let Some(account) = named.filter(|_| !new.name_may_exist) {
        return Some(format!(
            "{} has a {kind} {} ({}) already",
            base.name, account.name, account.id
        ));
    }
    let account = numbered.filter(|_| !new.id_may_exist && named.is_none())?;
    let instead = match base.user_with_id(account.id) {
        Some(user) if user.id >= 100 => {
            format!("run as {} (USER {}), or take another number", user.name, user.name)
        }
        _ => "take another number".to_owned(),
    };
    Some(format!(
        "{} has the {kind} {} with number {}; {instead}",
        base.name, account.name, account.id
    ))
}

/// Why an earlier line leaves no room.
fn by_line<'e>(before: impl Iterator<Item = &'e Event>, new: &NewAccount) -> Option<String> {
    let kind = if new.group { "group" } else { "user" };
    before.filter(|event| event.certain).find_map(|event| {
        let Effect::Account(old) = &event.effect else { return None };
        let same_name = old.name == new.name && !new.name_may_exist;
        let same_id = old.id.is_some() && old.id == new.id && !new.id_may_exist;
        if old.group != new.group || old.name_may_exist {
            return None;
        }
        if same_name {
            return Some(format!("line {} makes a {kind} {} already", event.line, old.name));
        }
        let id = old.id.filter(|_| same_id && old.name != new.name)?;
        Some(format!("line {} gives the number {id} to the {kind} {}", event.line, old.name))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn the_one_who_has_the_name_or_number_is_named() {
        let text = "FROM node:20-alpine\nRUN addgroup -g 1000 app && \\\n    adduser -D -u 1000 -G app app\n";
        insta::assert_snapshot!(said("PL1105", text).join("\n"), @r"
        2: addgroup fails: node:20-alpine has the group node with number 1000; run as node (USER node), or take another number
        2: adduser fails: node:20-alpine has the user node with number 1000; run as node (USER node), or take another number
        ");
        let text = "FROM ubuntu:24.04\nRUN useradd -u 1000 app\nRUN useradd www-data\nRUN groupadd -g 5 x\n";
        insta::assert_snapshot!(said("PL1105", text).join("\n"), @r"
        2: useradd fails: ubuntu:24.04 has the user ubuntu with number 1000; run as ubuntu (USER ubuntu), or take another number
        3: useradd fails: ubuntu:24.04 has a user www-data (33) already
        4: groupadd fails: ubuntu:24.04 has the group tty with number 5; take another number
        ");
        let text = "FROM ours/x\nRUN groupadd -g 9 a\nRUN groupadd -g 9 b\nRUN groupadd a\n";
        insta::assert_snapshot!(said("PL1105", text).join("\n"), @r"
        3: groupadd fails: line 2 gives the number 9 to the group a
        4: groupadd fails: line 2 makes a group a already
        ");
    }

    #[test]
    fn where_there_is_room_nothing_is_said() {
        for text in [
            "FROM node:20-alpine\nRUN adduser -D -u 1001 app\n",
            "FROM node:20-alpine\nRUN deluser node && adduser -D -u 1000 app\n",
            "FROM node:20-alpine\nRUN adduser -D -u 1000 app || true\n",
            "FROM ubuntu:24.04\nRUN useradd -o -u 1000 app\nRUN groupadd -f -g 1000 x\n",
            "FROM debian:12\nRUN adduser --system www-data\n",
            "FROM alpine:3.20\nRUN getent group app || addgroup app\nRUN adduser nobody x\n",
            "FROM ubuntu:22.04\nRUN useradd -u 1000 app\n",
        ] {
            assert_eq!(said("PL1105", text), [""; 0], "{text}");
        }
    }
}
