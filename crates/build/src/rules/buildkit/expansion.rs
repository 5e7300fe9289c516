//! The texts of an instruction in which the builder expands variables, and the variables that it
//! gives to every file.
//!
//! After `Expand` and `ExpandRaw` of
//! <https://github.com/moby/buildkit/blob/master/frontend/dockerfile/instructions/commands.go>.

use crate::Span;
use crate::syntax::{
    Argument, Arguments, ExpandError, Expanded, Expander, Instruction, Keyword, Variables,
};

/// A text that the builder expands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expansion<'a> {
    pub(super) text: &'a str,
    /// Where it stands.
    pub(super) span: Span,
    heredoc: bool,
}

impl<'a> Expansion<'a> {
    fn of(argument: &'a Argument) -> Self {
        Self { text: &argument.text, span: argument.span, heredoc: false }
    }

    pub(super) fn expand(
        self,
        escape: char,
        variables: &dyn Variables,
    ) -> Result<Expanded, ExpandError> {
        let how = if self.heredoc {
            Expander { plain_quotes: true, ..Expander::new('\\') }
        } else {
            Expander::new(escape)
        };
        how.expand(self.text, variables)
    }

    /// Where a variable is asked for; the whole text where it is not found as it is named.
    pub(super) fn place(self, source: &str, name: &str) -> Span {
        let text = self.span.of(source);
        let found = ["${", "$"].iter().find_map(|opening| {
            let wanted = format!("{opening}{name}");
            text.match_indices(&wanted).find_map(|(at, _)| {
                let behind = text.get(at.saturating_add(wanted.len())..)?.chars().next();
                let ends = !behind.is_some_and(|one| one.is_alphanumeric() || one == '_');
                ends.then_some((at, wanted.len(), opening.len()))
            })
        });
        let Some((at, length, opening)) = found else { return self.span };
        let length = if opening > 1 {
            let rest = text.get(at..).unwrap_or_default();
            rest.find('}').map_or(length, |end| end.saturating_add(1))
        } else {
            length
        };
        let start = self.span.start.saturating_add(plimsoll_model::text::offset(at));
        Span::new(start, start.saturating_add(plimsoll_model::text::offset(length)))
    }
}

/// The flags whose values are expanded.
const FLAGS: [(Keyword, &[&str]); 3] = [
    (Keyword::Add, &["chown", "chmod", "checksum"]),
    (Keyword::Copy, &["chown", "chmod"]),
    (Keyword::Run, &["mount"]),
];

/// The texts of an instruction that are expanded, in order.
pub(super) fn expansions(instruction: &Instruction) -> Vec<Expansion<'_>> {
    let keyword = instruction.keyword;
    let flags = FLAGS.iter().find(|(known, _)| *known == keyword).map_or(&[][..], |(_, all)| all);
    let flags = instruction.flags.iter().filter(|flag| flags.contains(&flag.name()));
    let mut all: Vec<Expansion<'_>> = flags
        .filter_map(|flag| Some(Expansion { text: flag.value()?, span: flag.span, heredoc: false }))
        .collect();
    match (keyword, &instruction.arguments) {
        (Keyword::Arg, Arguments::Words(words)) => {
            all.extend(words.iter().filter_map(|word| {
                let (name, value) = word.text.split_once('=')?;
                let name = plimsoll_model::text::offset(name.len()).saturating_add(1);
                let span = Span::new(word.span.start.saturating_add(name), word.span.end);
                Some(Expansion { text: value, span, heredoc: false })
            }));
        }
        (Keyword::Env | Keyword::Label, Arguments::Pairs(pairs)) => {
            all.extend(pairs.iter().flat_map(|pair| [&pair.key, &pair.value]).map(Expansion::of));
        }
        (
            Keyword::Add
            | Keyword::Copy
            | Keyword::Stopsignal
            | Keyword::User
            | Keyword::Volume
            | Keyword::Workdir,
            arguments,
        ) => all.extend(arguments.words().iter().map(Expansion::of)),
        _ => {}
    }
    if matches!(keyword, Keyword::Add | Keyword::Copy) {
        let documents = instruction.heredocs.iter().filter(|document| document.expand);
        all.extend(documents.map(|document| Expansion {
            text: &document.content,
            span: document.span,
            heredoc: true,
        }));
    }
    all
}

/// What the builder sets before the first `FROM`, with the values of a build for and on
/// `linux/amd64`.
///
/// <https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope>
pub(super) const PLATFORM: [(&str, &str); 11] = [
    ("BUILDPLATFORM", "linux/amd64"),
    ("BUILDOS", "linux"),
    ("BUILDOSVERSION", ""),
    ("BUILDARCH", "amd64"),
    ("BUILDVARIANT", ""),
    ("TARGETPLATFORM", "linux/amd64"),
    ("TARGETOS", "linux"),
    ("TARGETOSVERSION", ""),
    ("TARGETARCH", "amd64"),
    ("TARGETVARIANT", ""),
    ("TARGETSTAGE", "default"),
];

/// The variables that hold for `FROM`: those of the file, and [`PLATFORM`].
pub(super) struct Global<'a>(pub(super) &'a dyn Variables);

impl Variables for Global<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .or_else(|| PLATFORM.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
    }
}
