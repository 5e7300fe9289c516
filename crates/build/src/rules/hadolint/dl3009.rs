//! The package lists that `apt-get update` leaves in the layer.

use super::installs::{mounts, removes, report_uncleaned};
use crate::context::Commands;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::script::Program;

pub(super) static RULE: Rule = Rule {
    id: "DL3009",
    aliases: &["DKL-DI-0005"],
    level: Level::Info,
    title: "Delete the apt lists in the same RUN",
    why: "The lists of packages are tens of megabytes that no container reads. A later layer cannot take them away: the RUN that fetched them has to.",
    bad: "FROM debian:12\nRUN apt-get update && apt-get install -y curl=7.88.1-10\n",
    good: "FROM debian:12\nRUN apt-get update && apt-get install -y curl=7.88.1-10 && rm -rf /var/lib/apt/lists/*\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3009",
    check,
};

const TOOLS: [&str; 3] = ["apt-get", "apt", "aptitude"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_uncleaned(
        context,
        findings,
        |program| TOOLS.contains(&program.name()),
        cleans,
        |_| "rm -rf /var/lib/apt/lists/*".to_owned(),
        "Delete the apt-get lists after installing something",
        |commands| stays(context, commands),
    );
}

/// Whether what the text fetches ends in an image: it updates, nothing is mounted over the lists,
/// and its stage is the last, or one that another is built on.
fn stays(context: &Context<'_>, commands: Commands<'_>) -> bool {
    let updates = commands.invocations.iter().any(|program| {
        TOOLS.contains(&program.name()) && program.args().iter().any(|one| one.text == "update")
    });
    let cleaned = commands.invocations.iter().any(cleans);
    let mounted = mounts(context, commands, &["/var/lib/apt/lists", "/var/lib/apt"]);
    let used = commands.text.onbuild
        || commands.text.stage.is_none_or(|stage| {
            stage.saturating_add(1) == context.stages.len()
                || context.stages.iter().any(|other| other.parent == Some(stage))
        });
    updates && !cleaned && !mounted && used
}

fn cleans(program: &Program<'_>) -> bool {
    let clean = TOOLS.contains(&program.name())
        && program.args().iter().any(|one| matches!(&*one.text, "dist-clean" | "distclean"));
    clean || removes(program, &["/var/lib/apt"])
}
