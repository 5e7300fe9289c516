//! Lists of packages that are fetched in a layer of their own.

use super::package_managers::{Action, action, first, is_rpm, is_script};
use crate::context::{Commands, Context};
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::MountKind;

pub(super) static RULE: Rule = Rule {
    id: "PL1233",
    aliases: &["DS-0017", "AVD-DS-0017", "DS017", "CIS-4.7", "CIS-DI-0007"],
    level: Level::Warning,
    title: "Fetch the lists of packages in the RUN that installs",
    why: "A layer that only updates is taken from the cache for ever: what is installed behind it \
          comes from lists that get old, misses the fixes of today, or is not found any more.",
    bad: "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl=7.88.1-10\n",
    good: "FROM debian:12\nRUN apt-get update && apt-get install -y curl=7.88.1-10\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/best-practices/#apt-get",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        let update = first(commands, |what, _| what == Action::Update).or_else(|| {
            first(commands, |what, program| what == Action::Upgrade && is_rpm(program))
        });
        let Some((index, update)) = update else { continue };
        let behind = commands.invocations.get(index..).unwrap_or_default();
        let used = behind.iter().skip(1).any(|one| {
            let what = action(&one.through_wrappers());
            what.is_some_and(|what| what != Action::Update) || is_script(one)
        });
        if used || update.has_flag(&["h", "help"]) || is_cached(context, commands) {
            continue;
        }
        let place = commands.text.source_span(update.command().span);
        let name = update.program();
        let message = if action(&update) == Some(Action::Update) {
            format!(
                "`{name} update` in a RUN of its own is taken from the cache while the lists get \
                 old: install in the same RUN"
            )
        } else {
            format!(
                "`{name} update` in a RUN of its own is taken from the cache and soon brings no \
                 fixes: take a newer base image"
            )
        };
        findings.report(commands.text.line, place, message);
    }
}

/// Whether the lists are kept outside of the image.
fn is_cached(context: &Context<'_>, commands: Commands<'_>) -> bool {
    context.instruction_of(commands.text).is_some_and(|instruction| {
        instruction.triggered().mounts().any(|mount| mount.kind == MountKind::Cache)
    })
}
