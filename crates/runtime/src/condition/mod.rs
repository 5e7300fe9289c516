//! Conditions: the expressions of Falco's rules.
//!
//! ```
//! use plimsoll_runtime::condition::{self, DEFAULT_DEPTH};
//!
//! let tree = condition::parse("proc.name in (sh,bash) and not user", DEFAULT_DEPTH)?;
//! assert_eq!(tree.to_string(), "(proc.name in (sh, bash) and not user)");
//! # Ok::<(), condition::ParseError>(())
//! ```

pub mod ast;
mod escape;
mod lex;
mod parse;
mod print;

pub use parse::{
    DEFAULT_DEPTH, ParseError, RULE_DEPTH, operators, parse, parse_operand, transformers,
};

/// Whether it is a name that a condition can call a macro by.
pub fn is_macro_name(name: &str) -> bool {
    !name.is_empty() && lex::identifier(name.as_bytes()) == name.len()
}

/// Whether it is a name that a condition can call a list by.
pub fn is_list_name(name: &str) -> bool {
    !name.is_empty() && lex::bare_string(name.as_bytes()) == name.len()
}
