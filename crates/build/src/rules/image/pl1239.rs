//! `VOLUME` over folders of the system.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::rules::hadolint::quotes::bare;
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1239",
    aliases: &["DKL-DI-0002"],
    level: Level::Warning,
    title: "Declare no VOLUME over folders of the system or the engine's socket",
    why: "A volume over /etc, /usr or /proc keeps the system's files from one container to the \
          next, fixes of a newer image hidden below; one over the socket of the engine gives the \
          container the whole host.",
    bad: "FROM alpine:3.20\nVOLUME /etc\n",
    good: "FROM alpine:3.20\nVOLUME /var/lib/app\n",
    mending: Mending::None,
    source: "https://github.com/goodwithtech/dockle/blob/master/CHECKPOINT.md#dkl-di-0002",
    check,
};

const SYSTEM: [&str; 13] = [
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/proc",
    "/sbin",
    "/sys",
    "/usr",
    "/var/run/docker.sock",
    "/run/docker.sock",
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Volume) {
        for word in step.instruction.arguments.words() {
            let Ok(path) = context.expand(bare(&word.text), step) else { continue };
            let path = path.text.trim_end_matches('/');
            let path = if path.is_empty() && word.text.contains('/') { "/" } else { path };
            if SYSTEM.contains(&path) {
                let message = format!("{path} is no place for a volume");
                findings.report(step.line, word.span, message);
            }
        }
    }
}
