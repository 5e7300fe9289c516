//! The shell grammar of RUN lines, heredoc bodies and the shell forms of CMD, ENTRYPOINT and
//! HEALTHCHECK.
//!
//! One grammar reads the whole POSIX family: what only bash knows is read in every dialect, so that
//! a rule can say "dash has no arrays" instead of a parser failing on one. cmd.exe and PowerShell
//! are only split into commands and words. See the [POSIX shell command
//! language](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html) and the
//! [bash manual](https://www.gnu.org/software/bash/manual/bash.html).

mod ast;
mod compound;
mod cursor;
mod dialect;
mod error;
mod expansion;
mod heredoc;
mod invocation;
mod list;
mod lookahead;
mod place;
mod simple;
mod test_expression;
#[cfg(test)]
mod tests;
mod text;
pub mod visit;
mod windows;
mod word;

pub use ast::*;
pub use dialect::Dialect;
pub use error::{SyntaxError, SyntaxErrorKind};
pub use invocation::{Arg, FlagValue, Invocation};
pub use place::{Condition, Place, PlacedCommand, Substitution};

use crate::Span;
use cursor::{Closers, Parser};
use windows::Windows;

/// Parses `text`. What cannot be parsed is in `errors`; everything before and behind it is still in
/// `list`.
pub fn parse(text: &str, dialect: Dialect) -> Script {
    let Ok(length) = u32::try_from(text.len()) else {
        let error = SyntaxError {
            span: Span::default(),
            opened: None,
            message: "the text is longer than 4 GiB".to_owned(),
            kind: SyntaxErrorKind::TooLong,
        };
        return Script {
            list: List::default(),
            comments: Vec::new(),
            errors: vec![error],
            dialect,
        };
    };
    let mut parser = Parser::new(text);
    let mut list = match dialect {
        Dialect::Cmd => parser.windows_list(Windows::Cmd),
        Dialect::PowerShell => parser.windows_list(Windows::PowerShell),
        _ => parser.list(Closers::NONE),
    };
    list.span = Span::new(0, length);
    Script { list, comments: parser.comments, errors: parser.errors, dialect }
}
