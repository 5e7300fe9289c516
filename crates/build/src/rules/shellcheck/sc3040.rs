//! An option of `set` that POSIX does not know.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "SC3040",
    aliases: &[],
    level: Level::Warning,
    title: "Set `pipefail` in bash only",
    why: "The `sh` of Debian and Ubuntu stops with \"illegal option -o pipefail\".",
    bad: "FROM debian:12\nRUN set -o pipefail && curl -fsSL https://example.com | tar x\n",
    good: "FROM debian:12\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN curl -fsSL https://example.com | tar x\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3040",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for call in tree.calls_of(&["set"]) {
            let words: Vec<_> = tree.arguments(call).collect();
            for pair in words.windows(2) {
                let [(_, flag), (word, option)] = pair else { continue };
                let takes_name = flag.starts_with(['-', '+']) && flag.ends_with('o');
                let plain = option.bytes().all(|byte| byte.is_ascii_lowercase());
                if takes_name && plain && !OF_POSIX.contains(&option.as_ref()) {
                    findings.report(
                        tree.text.line,
                        tree.place(word.span),
                        format!("In POSIX sh, set option {option} is undefined"),
                    );
                }
            }
        }
    }
}

const OF_POSIX: [&str; 14] = [
    "allexport",
    "errexit",
    "ignoreeof",
    "monitor",
    "noclobber",
    "noexec",
    "noglob",
    "nolog",
    "notify",
    "nounset",
    "verbose",
    "vi",
    "xtrace",
    "emacs",
];
