//! Packages that are removed and were never installed.

use crate::Span;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::flow::{Effect, Manager, Until};
use crate::rule::{Findings, Mending, Rule};
use crate::rules::hadolint::lines::removal;

pub(super) static RULE: Rule = Rule {
    id: "PL1104",
    aliases: &[],
    level: Level::Warning,
    title: "Do not remove packages that were never installed",
    why: "apk ends with an error where it knows no package of that name, as of a name of \
          `--virtual` that no line gave, and does nothing where it does. What is said to be removed \
          was never there: an earlier line was lost, or the line was copied from another file.",
    bad: "FROM node:20-alpine\nCOPY . /app\nRUN apk del .build-deps\n",
    good: "FROM node:20-alpine\nCOPY . /app\n",
    mending: Mending::Safe,
    source: "https://wiki.alpinelinux.org/wiki/Alpine_Package_Keeper",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let flow = context.flow();
    for stage in context.stages {
        for event in flow.own_events(stage.index).iter().filter(|event| event.certain) {
            let Effect::Uninstall { manager, package: Some(name), forgiven: false } = &event.effect
            else {
                continue;
            };
            if !flow.never_had_package(stage.index, Until::Event(event), *manager, name) {
                continue;
            }
            let Some(base) = flow.base(stage.index) else { continue };
            let outcome = match manager {
                Manager::Apk if name.starts_with('.') => "apk del fails",
                Manager::Apk => "apk del fails or does nothing",
                _ => "nothing is removed",
            };
            let message = format!(
                "{name} was never installed, neither by a line above nor in {}: {outcome}",
                base.name
            );
            let reported = findings.report(event.line, event.span, message);
            if outcome == "apk del fails" {
                let lines = alone(context, event.instruction);
                let edits = lines.map(Edit::remove).into_iter().collect();
                reported.safe_fix("take out the command, with which no build goes on", edits);
            }
        }
    }
}

/// The lines of a `RUN` that removes this one name and does nothing else.
fn alone(context: &Context<'_>, instruction: usize) -> Option<Span> {
    let commands = context.all_commands().find(|one| one.text.instruction == instruction)?;
    let [program] = commands.invocations else { return None };
    let is_alone = program.through_wrappers().operands().len() == 2;
    let run = context.file.instructions.get(instruction).filter(|_| is_alone)?;
    removal(context.file, run)
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn a_group_and_packages_that_nothing_installed_are_named() {
        let text = "FROM node:20-alpine\nRUN apk add tzdata\nRUN apk del .build-deps curl wget\n";
        insta::assert_snapshot!(said("PL1104", text).join("\n"), @r"
        3: .build-deps was never installed, neither by a line above nor in node:20-alpine: apk del fails
        3: curl was never installed, neither by a line above nor in node:20-alpine: apk del fails or does nothing
        3: wget was never installed, neither by a line above nor in node:20-alpine: apk del fails or does nothing
        ");
    }

    #[test]
    fn what_may_have_been_installed_is_left_alone() {
        for text in [
            "FROM node:20-alpine\nRUN apk add -t .build-deps gcc && apk del .build-deps\n",
            "FROM node:20-alpine\nRUN ./prepare.sh && apk del curl\n",
            "FROM node:20-alpine\nRUN apk add something && apk del curl\n",
            "FROM node:20-alpine\nRUN apk del curl || true\n",
            "FROM nginx:alpine\nRUN apk del curl\n",
            "FROM ours/app\nRUN apk del .build-deps\n",
            "FROM node:20-alpine\nRUN apk del libstdc++\n",
        ] {
            assert_eq!(said("PL1104", text), [""; 0], "{text}");
        }
    }
}
