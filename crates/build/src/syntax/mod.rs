//! From the text of a Dockerfile to its instructions.
//!
//! The reader accepts what the builder accepts and says where each thing stands; it never gives
//! up, so that one mistake does not hide the rest.

mod arguments;
mod directive;
mod dump;
mod expand;
mod heredoc;
mod instruction;
mod joined;
mod json;
mod mount;
mod nearest;
mod parse;
mod problem;
mod validate;

pub use directive::Directive;
pub use expand::{ExpandError, Expanded, Expander, Variables};
pub use instruction::{Argument, Arguments, Flag, Heredoc, Instruction, Keyword, Pair};
pub use joined::Joined;
pub use mount::{Mount, MountKind};
pub use nearest::nearest;
pub use parse::{Comment, Dockerfile, MAX_LINE};
pub use problem::{Problem, ProblemKind};
