//! The shell grammar of RUN lines, heredoc bodies and the shell forms of CMD, ENTRYPOINT and
//! HEALTHCHECK.
//!
//! One grammar reads the whole POSIX family: what only bash knows is read in every dialect, so that
//! a rule can say "dash has no arrays" instead of a parser failing on one. cmd.exe and PowerShell
//! are only split into commands and words. See the [POSIX shell command
//! language](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html) and the
//! [bash manual](https://www.gnu.org/software/bash/manual/bash.html).

mod ast;
mod dialect;
mod error;

pub use ast::*;
pub use dialect::Dialect;
pub use error::{SyntaxError, SyntaxErrorKind};
