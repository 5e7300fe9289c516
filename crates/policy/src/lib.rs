//! Gates: findings and the state of the advisory data enter, one verdict leaves.
//!
//! A [`Filter`] decides what counts at all, and is applied first; [`Gates`] judge what is left. A [`Score`]
//! says of an image how good it is, and why. The [`gate`] joins what judges of all kinds found.
//!
//! ```
//! use plimsoll_model::{Scan, Severity, Timestamp};
//! use plimsoll_policy::{Filter, Gates};
//!
//! let mut scan = Scan::default();
//! Filter { only_fixed: true, ..Filter::default() }.apply(&mut scan);
//! let gates = Gates { fail_on: Some(Severity::High), ..Gates::default() };
//! scan.verdict = gates.verdict(&scan, Timestamp::from_unix(0));
//! assert_eq!(scan.verdict.exit_code(), 0);
//! ```
#![forbid(unsafe_code)]

mod filter;
pub mod gate;
mod gates;
mod score;

pub use filter::Filter;
pub use gates::Gates;
pub use score::{Evidence, Facts, Part, Score, Weight};
