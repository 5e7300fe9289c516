//! What `COPY` and `ADD` take from the build context.

use super::pattern::clean;
use crate::context::{Context, Step};
use crate::syntax::{Argument, Keyword};

/// A source of a `COPY` or `ADD` in the build context.
#[derive(Debug, Clone)]
pub(crate) struct ContextSource<'a> {
    pub(crate) step: Step<'a>,
    /// As it is written.
    pub(crate) argument: &'a Argument,
    /// Expanded and cleaned, without a slash before or behind; `.` for the whole context.
    pub(crate) path: String,
    /// Whether a variable is in it, which the build's caller may set otherwise.
    pub(crate) is_variable: bool,
}

impl ContextSource<'_> {
    /// Whether it takes the whole context.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.path.as_str(), "." | "*")
    }

    /// Whether it takes a path, or a folder that holds it.
    pub(crate) fn takes(&self, path: &str) -> bool {
        self.is_whole()
            || path == self.path
            || path.strip_prefix(self.path.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// All sources in the build context: not those of other stages and images, of URLs and
/// repositories, nor here-documents.
pub(crate) fn context_sources<'a>(
    context: &Context<'a>,
) -> impl Iterator<Item = ContextSource<'a>> {
    context
        .steps()
        .filter(|step| {
            matches!(step.instruction.keyword, Keyword::Add | Keyword::Copy)
                && !step.onbuild
                && step.instruction.flag("from").is_none()
        })
        .flat_map(move |step| {
            let words = step.instruction.arguments.words();
            let sources = words.split_last().map_or(&[][..], |(_, sources)| sources);
            sources.iter().filter_map(move |argument| source(context, step, argument))
        })
}

/// What the layer of a `COPY` of one source holds, in words: `12.3 MB`. `None` where its bytes are
/// not known, and where they are not worth a word.
pub(crate) fn weight(context: &Context<'_>, instruction: usize) -> Option<String> {
    let folder = context.environment.build_context.as_ref()?;
    let mut sources = context_sources(context).filter(|source| source.step.index == instruction);
    let (source, other) = (sources.next()?, sources.next());
    if other.is_some() || source.is_variable || source.step.instruction.keyword != Keyword::Copy {
        return None;
    }
    let bytes = folder.bytes(&source.path)?;
    let tenths = bytes / 100_000;
    (tenths > 0).then(|| format!("{}.{} MB", tenths / 10, tenths % 10))
}

fn source<'a>(
    context: &Context<'a>,
    step: Step<'a>,
    argument: &'a Argument,
) -> Option<ContextSource<'a>> {
    let expanded = context.expand(&argument.text, step).ok()?;
    let text = expanded.text;
    let remote = ["http://", "https://", "git@", "git://", "ssh://"];
    let is_remote = step.instruction.keyword == Keyword::Add
        && remote.iter().any(|start| text.starts_with(start));
    if is_remote || text.starts_with("<<") || !expanded.unset.is_empty() || text.is_empty() {
        return None;
    }
    let rooted = clean(&format!("/{text}"));
    let path = match rooted.trim_start_matches('/') {
        "" => ".",
        path => path,
    };
    Some(ContextSource {
        step,
        argument,
        path: path.to_owned(),
        is_variable: !expanded.used.is_empty(),
    })
}
