//! Images that run as root because no instruction says otherwise.

use super::{added, lineage};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1201",
    aliases: &["DS-0002", "AVD-DS-0002", "DS002", "CIS-4.1", "CIS-DI-0001"],
    level: Level::Warning,
    title: "Give the image a USER other than root",
    why: "Without USER the image runs as its base does, and this base runs as root. What runs as \
          root in a container is root on the host's kernel. Nothing is said of bases that are not \
          known, and of images that step down on their own, with gosu or su-exec.",
    bad: "FROM node:22-alpine\nCOPY server.js /srv/\nCMD [\"node\", \"/srv/server.js\"]\n",
    good: "FROM node:22-alpine\nCOPY server.js /srv/\nUSER 1000\nCMD [\"node\", \"/srv/server.js\"]\n",
    mending: Mending::Unsafe,
    source: "https://docs.docker.com/build/building/best-practices/#user",
    check,
};

/// Programs that start another as another user.
const STEPPING_DOWN: [&str; 7] =
    ["gosu", "su-exec", "setpriv", "runuser", "s6-setuidgid", "chpst", "setuidgid"];
/// Images whose own entry point starts the program as another user.
const STEPS_DOWN: [&str; 8] =
    ["postgres", "redis", "valkey", "mysql", "mariadb", "mongo", "rabbitmq", "ghost"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(stage) = context.final_stage() else { return };
    if lineage::last(context, Keyword::User).is_some() || steps_down(context) {
        return;
    }
    let starts = |keyword| lineage::last(context, keyword).is_some();
    let entry = starts(Keyword::Entrypoint);
    let what = if context.root_stage(stage).is_scratch() {
        if !entry && !starts(Keyword::Cmd) {
            return;
        }
        "an image from scratch"
    } else {
        let Some(base) = lineage::base(context, stage) else { return };
        let repository = base.name.split(':').next().unwrap_or_default();
        // The last of several stages that starts nothing is there to be copied from or to check.
        let serves = lineage::last(context, Keyword::Expose).is_some();
        if context.stages.len() > 1 && !entry && !starts(Keyword::Cmd) && !serves {
            return;
        }
        if base.is_root_by_default() != Some(true) || (!entry && STEPS_DOWN.contains(&repository)) {
            return;
        }
        "this base"
    };
    let line = context.file.source.line(stage.span(context.file).start);
    let message = format!("no USER is set, and {what} runs as root: end with a USER of its own");
    let reported = findings.report(line, stage.image.span, message);
    let base = added::base(context);
    if let Some(edit) = added::user(context, base.as_ref()) {
        reported.unsafe_fix("end as a user that is not root", vec![edit]);
    }
}

/// Whether a program that gives up root is installed or run.
fn steps_down(context: &Context<'_>) -> bool {
    context.all_commands().any(|commands| {
        commands.invocations.iter().any(|program| {
            let own = STEPPING_DOWN.contains(&program.program()) || program.program() == "su";
            let named = |text: &str| {
                let name = text.rsplit('/').next().unwrap_or(text);
                let name = name.split(['=', '~', '-', '@']).next().unwrap_or(name);
                STEPPING_DOWN.contains(&name) || text.contains("su-exec") || text.contains("gosu")
            };
            own || program.args().iter().any(|one| named(&one.text))
        })
    })
}
