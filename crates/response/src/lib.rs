//! What is done when a rule fires: the process is killed, its container paused or cut off from the
//! network, its program put aside.
//!
//! Nothing is done unless it is asked for twice: by a file of responses and by an order to enforce it.
//! Every step, done or not, is a line of a journal. Limits, a switch and a list of what is never touched
//! stand before every action ([`Responder`]).
#![forbid(unsafe_code)]

mod actions;
mod allowance;
mod groups;
mod guard;
mod journal;
mod matching;
mod nft;
mod policy;
mod privilege;
mod process;
mod responder;
mod switch;
mod target;

pub use journal::{Journal, Result as ActionResult, Tally};
pub use policy::{Policy, PolicyError, Scope};
pub use privilege::{is_in_first_pid_namespace, missing};
pub use responder::{Orders, Responder};
pub use switch::Switch;
pub use target::{Observer, Target};
