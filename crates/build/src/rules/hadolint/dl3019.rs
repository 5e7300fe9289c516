//! The index that `apk add` leaves.

use super::installs::{APK, mounts};
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3019",
    aliases: &["DS-0025", "AVD-DS-0025", "DS025", "DKL-DI-0004"],
    level: Level::Info,
    title: "Use the `--no-cache` switch of `apk add`",
    why: "With it apk keeps no index in the image, and neither `--update` nor a removal of /var/cache/apk is needed.",
    bad: "FROM alpine:3.20\nRUN apk add --update curl=8.9.1-r2\n",
    good: "FROM alpine:3.20\nRUN apk add --no-cache curl=8.9.1-r2\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3019",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        if mounts(context, commands, &["/var/cache/apk", "/var/cache/apt", "/etc/apk/cache"]) {
            continue;
        }
        for program in commands.invocations {
            let Some(add) = APK.installing(program) else { continue };
            if program.has_flag(&["no-cache"]) {
                continue;
            }
            let place = commands.text.source_span(add.span);
            let message = "Use the `--no-cache` switch to avoid the need to use `--update` and \
                           remove `/var/cache/apk/*` when done installing packages";
            findings
                .report(commands.text.line, place, message)
                .safe_fix("add --no-cache", vec![Edit::insert(place.end, " --no-cache")]);
        }
    }
}
