//! `COPY .` without a `.dockerignore`.

use crate::build_context::{ContextSource, context_sources};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "PL1301",
    aliases: &[],
    level: Level::Info,
    title: "Say in a .dockerignore what is no part of an image",
    why: "`COPY .` takes all that lies in the folder: the history of the sources, keys, \
          dependencies of another system. Each change of any of it also makes the layer anew. The \
          rule is asked only where the folder of the build context is known.",
    bad: "FROM alpine:3.20\nCOPY . /srv\n",
    good: "FROM alpine:3.20\nCOPY app /srv/app\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/concepts/context/#dockerignore-files",
    check,
};

/// How many names a message has.
const MAX_NAMES: usize = 5;

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(folder) = &context.environment.build_context else { return };
    if folder.ignore.is_some() {
        return;
    }
    let Some(source) = context_sources(context).find(ContextSource::is_whole) else { return };
    let names: Vec<String> =
        folder.sensitive().take(MAX_NAMES).map(|(entry, _)| format!("`{entry}`")).collect();
    let what = if names.is_empty() {
        "whatever will lie in it too".to_owned()
    } else {
        format!("{} too", names.join(", "))
    };
    let message = format!(
        "the whole build context is copied, and there is no .dockerignore: the image gets {what}"
    );
    findings.report(source.step.line, source.argument.span, message);
}
