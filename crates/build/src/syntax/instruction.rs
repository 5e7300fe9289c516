//! The parts of a Dockerfile: instructions, their flags and arguments, here-documents.
//!
//! Every part knows its span in the file.

use std::fmt;

use super::joined::Joined;
use crate::Span;

/// An instruction's keyword.
///
/// <https://docs.docker.com/reference/dockerfile/#overview>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is the keyword of that name")]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
    /// None that the builder knows.
    Unknown,
}

impl Keyword {
    /// All that the builder knows, with their names.
    pub const ALL: [(Self, &'static str); 18] = [
        (Self::Add, "ADD"),
        (Self::Arg, "ARG"),
        (Self::Cmd, "CMD"),
        (Self::Copy, "COPY"),
        (Self::Entrypoint, "ENTRYPOINT"),
        (Self::Env, "ENV"),
        (Self::Expose, "EXPOSE"),
        (Self::From, "FROM"),
        (Self::Healthcheck, "HEALTHCHECK"),
        (Self::Label, "LABEL"),
        (Self::Maintainer, "MAINTAINER"),
        (Self::Onbuild, "ONBUILD"),
        (Self::Run, "RUN"),
        (Self::Shell, "SHELL"),
        (Self::Stopsignal, "STOPSIGNAL"),
        (Self::User, "USER"),
        (Self::Volume, "VOLUME"),
        (Self::Workdir, "WORKDIR"),
    ];

    /// The keyword of a word, in any case.
    pub fn named(word: &str) -> Self {
        Self::ALL
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(word))
            .map_or(Self::Unknown, |(keyword, _)| *keyword)
    }

    /// As it is usually written.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(keyword, _)| *keyword == self).map_or("", |(_, name)| name)
    }

    /// The names of the flags that the builder knows of it.
    pub fn flags(self) -> &'static [&'static str] {
        FLAGS.iter().find(|(keyword, _)| *keyword == self).map_or(&[], |(_, flags)| flags)
    }
}

/// The flags of each instruction that has any.
const FLAGS: [(Keyword, &[&str]); 6] = [
    (Keyword::Add, &["chown", "chmod", "link", "keep-git-dir", "checksum", "exclude", "unpack"]),
    (Keyword::Copy, &["chown", "from", "chmod", "link", "exclude", "parents"]),
    (Keyword::From, &["platform"]),
    (Keyword::Healthcheck, &["interval", "timeout", "start-period", "start-interval", "retries"]),
    (Keyword::Run, &["mount", "network", "security", "device"]),
    (Keyword::Onbuild, &[]),
];

impl fmt::Display for Keyword {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A piece of text with its place in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Argument {
    /// The text; quotes and variables as written, a JSON string decoded.
    pub text: String,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// A `--name=value` before the arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The whole, quotes taken off: `--from=build`.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

impl Flag {
    /// What stands between `--` and `=`.
    pub fn name(&self) -> &str {
        let text = self.text.strip_prefix("--").unwrap_or(&self.text);
        text.split_once('=').map_or(text, |(name, _)| name)
    }

    /// What stands behind `=`; a flag without one has no value.
    pub fn value(&self) -> Option<&str> {
        self.text.split_once('=').map(|(_, value)| value)
    }
}

/// `name=value` of `ENV` and `LABEL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The name.
    pub key: Argument,
    /// The value, quotes and escapes as written.
    pub value: Argument,
    /// Whether there is a `=`: without it the rest of the line is the value.
    pub equals: bool,
}

/// What follows the keyword and its flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arguments {
    /// Nothing.
    None,
    /// One text: shell form of `RUN`, `CMD`, `ENTRYPOINT`, `SHELL`; `USER`, `WORKDIR`,
    /// `STOPSIGNAL`, `MAINTAINER`.
    Text(Argument),
    /// A JSON array of strings.
    Exec(Vec<Argument>),
    /// Words: `FROM`, `ARG`, `EXPOSE`, `ADD`, `COPY`, `VOLUME`.
    Words(Vec<Argument>),
    /// `ENV` and `LABEL`.
    Pairs(Vec<Pair>),
    /// `HEALTHCHECK`: `NONE` or `CMD`, and its command.
    Health(Argument, Box<Arguments>),
    /// `ONBUILD`: the instruction that a build on this image runs.
    Onbuild(Box<Instruction>),
    /// The builder would refuse them; the text.
    Invalid(Argument),
}

impl Arguments {
    /// The words of [`Self::Words`] and [`Self::Exec`]; for others the text as one, if any.
    pub fn words(&self) -> &[Argument] {
        match self {
            Self::Words(words) | Self::Exec(words) => words,
            Self::Text(text) => std::slice::from_ref(text),
            _ => &[],
        }
    }

    /// Whether they are a JSON array.
    pub fn is_exec(&self) -> bool {
        match self {
            Self::Exec(_) => true,
            Self::Health(_, command) => command.is_exec(),
            _ => false,
        }
    }

    /// The text of [`Self::Text`].
    pub fn text(&self) -> Option<&Argument> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The pairs of [`Self::Pairs`].
    pub fn pairs(&self) -> &[Pair] {
        match self {
            Self::Pairs(pairs) => pairs,
            _ => &[],
        }
    }
}

/// A here-document of `RUN`, `COPY` or `ADD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it.
    pub name: String,
    /// The number before `<<`; 0 without one.
    pub file_descriptor: u32,
    /// Whether variables in it are expanded: no part of the word is quoted.
    pub expand: bool,
    /// `<<-`: leading tabs are cut off.
    pub strip_tabs: bool,
    /// The lines, tabs included.
    pub content: String,
    /// Where the lines stand, without the ending word.
    pub span: Span,
    /// Whether the ending word was there.
    pub terminated: bool,
}

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// What it does.
    pub keyword: Keyword,
    /// The keyword as written.
    pub name: Argument,
    /// The flags, in order.
    pub flags: Vec<Flag>,
    /// The arguments.
    pub arguments: Arguments,
    /// Where the text of the arguments stands; empty without any.
    pub arguments_span: Span,
    /// The text of the arguments in one line.
    pub arguments_text: Joined,
    /// The here-documents, in order.
    pub heredocs: Vec<Heredoc>,
    /// From the keyword to the last argument or the end of the last here-document.
    pub span: Span,
    /// The first and the last line.
    pub lines: (u32, u32),
    /// Which of the file's comments stand right before it.
    pub comments: std::ops::Range<usize>,
    /// Lines within it that are empty, which the builder deprecates.
    pub empty_continuations: Vec<u32>,
}

impl Instruction {
    /// The flag of that name.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.name() == name)
    }

    /// The value of the flag of that name.
    pub fn flag_value(&self, name: &str) -> Option<&str> {
        self.flag(name).and_then(Flag::value)
    }

    /// The instruction itself, or the one that an `ONBUILD` holds.
    pub fn triggered(&self) -> &Self {
        match &self.arguments {
            Arguments::Onbuild(inner) => inner.triggered(),
            _ => self,
        }
    }

    /// Whether it is held by an `ONBUILD`.
    pub fn is_onbuild(&self) -> bool {
        self.keyword == Keyword::Onbuild
    }
}
