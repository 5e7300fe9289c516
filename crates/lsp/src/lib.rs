//! A language server: an editor speaks on one end, what Plimsoll says of the open texts leaves at
//! the other.
//!
//! [`serve`] is the session. `documents/` has one module for each kind of text; none of them knows
//! the protocol, which is
//! <https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/>.
//! A client is not trusted: every message, line and text has a bound, and nothing but the end of
//! the stream or `exit` ends the session.
#![forbid(unsafe_code)]

mod changes;
mod client;
mod document;
mod documents;
mod frame;
mod message;
mod open;
mod requests;
mod server;
mod text;
mod work;

pub use document::{FindGround, LintGround, Project};
pub use server::{Ending, serve};
