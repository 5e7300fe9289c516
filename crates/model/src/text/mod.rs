//! A text that is judged: where a thing stands in it, how grave what is said of it is, and the
//! edits that would mend it.
//!
//! ```
//! use plimsoll_model::text::{Edit, Source, Span, apply};
//!
//! let source = Source::new("privileged: true\n");
//! let value = Span::new(12, 16);
//! assert_eq!(source.position(value.start).column, 13);
//! assert_eq!(apply(source.text(), &[Edit::replace(value, "false")]), "privileged: false\n");
//! ```

mod edit;
mod level;
mod source;
mod span;

pub use edit::{Edit, Fix, Safety, apply, compatible};
pub use level::{Level, LevelError};
pub use source::{Position, Source, offset};
pub use span::Span;
