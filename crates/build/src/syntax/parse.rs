//! Lines into instructions, exactly as the builder reads them, but never giving up: what it
//! would refuse becomes a [`Problem`], and the rest of the file is still read.
//!
//! After <https://github.com/moby/buildkit/tree/master/frontend/dockerfile/parser>. What is
//! surprising there and kept: comment lines and empty lines inside a continued instruction
//! vanish, a directive counts only before everything else, a here-document is looked for with the
//! words of the whole line.

use super::arguments;
use super::directive::{Directive, DirectiveReader};
use super::heredoc;
use super::instruction::{Argument, Arguments, Instruction, Keyword};
use super::joined::Joined;
use super::problem::{Problem, ProblemKind};
use crate::Span;
use plimsoll_model::text::{Source, offset};

/// The longest line that the builder reads, in bytes.
pub const MAX_LINE: usize = 64 * 1024 - 1;
/// How many instructions are read.
const MAX_INSTRUCTIONS: usize = 20_000;
/// How many problems are kept.
const MAX_PROBLEMS: usize = 1_000;

/// A comment line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// From `#` to the end of the line.
    pub span: Span,
    /// What stands behind `#`, trimmed.
    pub text: String,
    /// Its line.
    pub line: u32,
}

/// A Dockerfile, read.
#[derive(Debug, Clone, Default)]
pub struct Dockerfile {
    /// The text.
    pub source: Source,
    /// `# syntax=`, `# escape=`, `# check=`.
    pub directives: Vec<Directive>,
    /// The escape character.
    pub escape: char,
    /// The instructions in order.
    pub instructions: Vec<Instruction>,
    /// All comments in order, those within instructions too, directives not.
    pub comments: Vec<Comment>,
    /// What the builder would refuse.
    pub problems: Vec<Problem>,
}

impl Dockerfile {
    /// Reads a file. It never fails: see [`Self::problems`].
    pub fn parse(source: Source) -> Self {
        let mut reader = Reader {
            lines: Lines { text: source.text(), at: 0, line: 0 },
            escape: '\\',
            directives: DirectiveReader::default(),
            comments: Vec::new(),
            problems: Vec::new(),
            instructions: Vec::new(),
            preceding: 0,
        };
        if let Some(line) = source.not_utf8() {
            let span = source.line_span(line);
            reader.problems.push(Problem::new(ProblemKind::NotText, span, line));
        }
        reader.read();
        let Reader { escape, directives, comments, mut problems, instructions, .. } = reader;
        if instructions.is_empty() {
            let line = source.line_count();
            problems.push(Problem::new(ProblemKind::NoInstructions, Span::default(), line));
        }
        let directives = directives.found;
        let mut file = Self { source, directives, escape, instructions, comments, problems };
        super::validate::validate(&mut file);
        file.problems.truncate(MAX_PROBLEMS);
        file
    }

    /// Whether the builder would read the file: it has no problem of the reader's own.
    pub fn is_readable(&self) -> bool {
        !self.problems.iter().any(|problem| problem.kind.is_syntax())
    }
}

/// A line with its break, and where it starts.
#[derive(Clone, Copy)]
struct Line<'s> {
    text: &'s str,
    at: u32,
    number: u32,
}

impl<'s> Line<'s> {
    fn without_break(self) -> &'s str {
        self.text.trim_end_matches(['\r', '\n'])
    }

    fn is_comment(self) -> bool {
        self.text.trim_start().starts_with('#')
    }
}

struct Lines<'s> {
    text: &'s str,
    at: usize,
    line: u32,
}

impl<'s> Iterator for Lines<'s> {
    type Item = Line<'s>;

    fn next(&mut self) -> Option<Line<'s>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest.as_bytes())
            .map_or(rest.len(), |newline| newline.saturating_add(1));
        let at = offset(self.at);
        self.at = self.at.saturating_add(length);
        self.line = self.line.saturating_add(1);
        Some(Line { text: rest.get(..length)?, at, number: self.line })
    }
}

struct Reader<'s> {
    lines: Lines<'s>,
    escape: char,
    directives: DirectiveReader,
    comments: Vec<Comment>,
    problems: Vec<Problem>,
    instructions: Vec<Instruction>,
    /// The first comment that belongs to the next instruction.
    preceding: usize,
}

impl<'s> Reader<'s> {
    fn read(&mut self) {
        while let Some(line) = self.next_line() {
            if self.instructions.len() >= MAX_INSTRUCTIONS {
                let span = Span::new(line.at, line.at);
                self.problem(ProblemKind::TooManyInstructions, span, line.number);
                return;
            }
            if !self.directive(line) && line.is_comment() {
                self.comment(line);
                continue;
            }
            let text = line.without_break();
            let start = text.trim_start();
            if !start.is_empty() && !line.is_comment() {
                let indent = offset(text.len().saturating_sub(start.len()));
                self.instruction(start, line.at.saturating_add(indent), line.number);
            }
        }
    }

    /// The next line; those that are too long to be read are passed over.
    fn next_line(&mut self) -> Option<Line<'s>> {
        loop {
            let line = self.lines.next()?;
            if line.text.len() <= MAX_LINE {
                return Some(line);
            }
            let span = Span::new(line.at, line.at.saturating_add(80));
            self.problem(ProblemKind::LineTooLong, span, line.number);
        }
    }

    fn problem(&mut self, kind: ProblemKind, span: Span, line: u32) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem::new(kind, span, line));
        }
    }

    fn directive(&mut self, line: Line<'s>) -> bool {
        let text = line.without_break().trim_start();
        let indent = line.without_break().len().saturating_sub(text.len());
        let at = line.at.saturating_add(offset(indent));
        match self.directives.read(text, at, line.number) {
            Ok(None) => false,
            Ok(Some(directive)) => {
                if directive.name == "escape" {
                    match directive.value.as_str() {
                        "\\" => self.escape = '\\',
                        "`" => self.escape = '`',
                        other => {
                            let kind = ProblemKind::EscapeDirective(other.to_owned());
                            let span = directive.span;
                            self.problem(kind, span, line.number);
                        }
                    }
                }
                true
            }
            Err((name, span)) => {
                self.problem(ProblemKind::RepeatedDirective(name), span, line.number);
                true
            }
        }
    }

    fn comment(&mut self, line: Line<'s>) {
        let text = line.without_break();
        let indent = text.len().saturating_sub(text.trim_start().len());
        let span = Span::new(
            line.at.saturating_add(offset(indent)),
            line.at.saturating_add(offset(text.len())),
        );
        let text = text.trim_start().trim_start_matches('#').trim().to_owned();
        self.comments.push(Comment { span, text, line: line.number });
    }

    /// Reads an instruction that begins with `first`.
    fn instruction(&mut self, first: &'s str, at: u32, number: u32) {
        let comments = self.preceding..self.comments.len();
        let mut joined = Joined::default();
        let mut empty_continuations = Vec::new();
        let (piece, mut more) = without_continuation(first, self.escape);
        joined.push(piece, at);
        let mut last = number;
        let mut end = at.saturating_add(offset(first.trim_end().len()));
        while more {
            let Some(line) = self.next_line() else { break };
            last = line.number;
            if line.is_comment() {
                self.comment(line);
                continue;
            }
            let text = line.without_break();
            if text.trim_start().is_empty() {
                empty_continuations.push(line.number);
                continue;
            }
            let (piece, again) = without_continuation(text, self.escape);
            joined.push(piece, line.at);
            end = line.at.saturating_add(offset(text.trim_end().len()));
            more = again;
        }
        self.preceding = self.comments.len();
        let mut problems = Vec::new();
        let mut instruction = arguments::instruction(&joined, self.escape, &mut |kind, span| {
            problems.push((kind, span));
        });
        for (kind, span) in problems {
            self.problem(kind, span, number);
        }
        instruction.span = Span::new(at, end);
        instruction.comments = comments;
        instruction.empty_continuations = empty_continuations;
        instruction.lines = (number, last);
        if takes_heredocs(&instruction) && joined.text().contains("<<") {
            self.heredocs(&joined, &mut instruction);
        }
        if let Arguments::Onbuild(inner) = &mut instruction.arguments {
            inner.lines = instruction.lines;
            inner.heredocs.clone_from(&instruction.heredocs);
        }
        self.instructions.push(instruction);
    }

    fn heredocs(&mut self, joined: &Joined, instruction: &mut Instruction) {
        for mut document in heredoc::of_line(joined.text()) {
            let start = offset(self.lines.at);
            let mut end = start;
            while let Some(line) = self.lines.next() {
                instruction.lines.1 = line.number;
                let text = line.without_break();
                let word = if document.strip_tabs { text.trim_start_matches('\t') } else { text };
                instruction.span.end = line.at.saturating_add(offset(text.len()));
                if word == document.name {
                    document.terminated = true;
                    break;
                }
                document.content.push_str(line.text);
                end = offset(self.lines.at);
            }
            document.span = Span::new(start, end);
            if !document.terminated {
                let kind = ProblemKind::UnterminatedHeredoc(document.name.clone());
                self.problem(kind, instruction.arguments_span, instruction.lines.0);
            }
            instruction.heredocs.push(document);
        }
    }
}

fn takes_heredocs(instruction: &Instruction) -> bool {
    let inner = match &instruction.arguments {
        Arguments::Onbuild(inner) => inner,
        _ => instruction,
    };
    matches!(inner.keyword, Keyword::Add | Keyword::Copy | Keyword::Run)
        && !matches!(inner.arguments, Arguments::Exec(_))
}

/// The line without the escape character that continues it, and whether there was one.
///
/// An escape character that is itself escaped does not continue a line.
fn without_continuation(line: &str, escape: char) -> (&str, bool) {
    let Some(rest) = line.trim_end_matches([' ', '\t']).strip_suffix(escape) else {
        return (line, false);
    };
    if rest.ends_with(escape) { (line, false) } else { (rest, true) }
}

/// The text of an argument that could not be read.
pub(super) fn invalid(joined: &Joined, span: Span) -> Arguments {
    let text = span.of(joined.text()).to_owned();
    Arguments::Invalid(Argument { text, span: joined.source_span(span) })
}
