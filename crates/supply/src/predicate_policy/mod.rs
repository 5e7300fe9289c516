//! Policies about what an attestation says: a verified statement and a policy enter, a verdict with
//! reasons leaves.
//!
//! Two languages are read: CEL (one expression) and Rego (evaluated as cosign does). The statement
//! comes from whoever signed it and the policy from a file, so both are taken for hostile: size,
//! work, memory and time are bounded, and what exceeds its bounds is a refusal with that reason.
//!
//! ```
//! use plimsoll_supply::predicate_policy::{Language, Source, judge};
//!
//! let statement = br#"{
//!     "_type": "https://in-toto.io/Statement/v1",
//!     "subject": [],
//!     "predicateType": "https://slsa.dev/provenance/v0.2",
//!     "predicate": {"builder": {"id": "https://ci.example"}}
//! }"#;
//! let text = "predicate.builder.id == 'https://other.example'";
//! let policy = Source { name: "builder.cel", text, language: Language::Cel };
//! let verdict = judge(&policy, statement, "2026-01-01".parse()?)?;
//! assert!(!verdict.allowed);
//! assert_eq!(
//!     verdict.reasons,
//!     ["builder.cel:1:1: `predicate.builder.id == 'https://other.example'` is false: \
//!       `predicate.builder.id` is \"https://ci.example\""]
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bounded;
mod cel;
mod conditions;
mod rego;

use std::time::Duration;

use plimsoll_model::Timestamp;
use serde_json::Value;

use crate::error::Error;
use crate::json;

pub use conditions::PredicatePolicies;

/// The largest policy in bytes.
pub const MAX_POLICY: usize = 64 << 10;

/// How long one policy may take for one statement.
const TIME: Duration = Duration::from_secs(5);

/// The most reasons that a verdict lists.
const MAX_REASONS: usize = 16;

/// What a policy is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// One CEL expression that must be true. It sees `statement`, `subject`, `predicateType`,
    /// `predicate` and `now`. Source: <https://github.com/google/cel-spec>.
    Cel,
    /// Rego of version 0 in which `data.signature.allow` must be true; `input` is the statement.
    /// Source: `ValidateJSON` in cosign's `pkg/cosign/rego`.
    RegoAllow,
    /// Rego of version 0 in which `data.sigstore.isCompliant` must be true, or a list with an
    /// object whose `result` is. Source: `ValidateJSONWithModuleInput` in the same package.
    RegoIsCompliant,
}

impl Language {
    /// The language of a policy in a file, by its name and for Rego by its package.
    pub fn of_file(name: &str, text: &str) -> Result<Self, PolicyError> {
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        match extension {
            "cel" => Ok(Self::Cel),
            "rego" if rego::package(text) == Some("sigstore") => Ok(Self::RegoIsCompliant),
            "rego" => Ok(Self::RegoAllow),
            "cue" => Err(PolicyError::Cue { name: name.to_owned() }),
            _ => Err(PolicyError::Unknown { name: name.to_owned() }),
        }
    }
}

/// A policy as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// Its file, or what else people know it by; places in it are `NAME:LINE:COLUMN`.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
    /// What it is written in.
    pub language: Language,
}

/// What a policy says of a statement.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Verdict {
    /// Whether the policy allows it.
    pub allowed: bool,
    /// Which rules or expressions were false, where, and with which values; empty where allowed.
    pub reasons: Vec<String>,
    /// What does not decide, such as warnings of the policy.
    pub notes: Vec<String>,
}

impl Verdict {
    fn allowed() -> Self {
        Self { allowed: true, ..Self::default() }
    }

    fn refused(mut reasons: Vec<String>) -> Self {
        if reasons.len() > MAX_REASONS {
            let more = reasons.len() - MAX_REASONS;
            reasons.truncate(MAX_REASONS);
            reasons.push(format!("and {more} more"));
        }
        Self { allowed: false, reasons, notes: Vec::new() }
    }
}

/// A policy that says nothing because it cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// CUE, of which there is no evaluator but its own.
    #[error(
        "`{name}` is CUE, which is not evaluated here: write the condition in CEL \
         (`predicate.builder.id == \"…\"` in a `.cel` file) or in Rego, or run \
         `plimsoll download attestation` and give what it prints to `cue vet`"
    )]
    Cue {
        /// The policy's name.
        name: String,
    },
    /// A language that nobody knows.
    #[error("`{name}` is in an unknown language: expected a file that ends with .cel or .rego")]
    Unknown {
        /// The policy's name.
        name: String,
    },
    /// More text than a policy may have.
    #[error("`{name}` has {size} bytes, more than {MAX_POLICY}")]
    TooLarge {
        /// The policy's name.
        name: String,
        /// Its size in bytes.
        size: usize,
    },
    /// Text that is not of its language.
    #[error("{name}:{line}:{column}: {why}")]
    Malformed {
        /// The policy's name.
        name: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong there.
        why: String,
    },
    /// A statement that cannot be read.
    #[error(transparent)]
    Statement(#[from] Error),
}

/// Judges a statement, whose signature the caller has verified, by a policy.
///
/// `now` is what CEL knows by that name. A policy that fails while it runs, or is stopped, refuses;
/// an error is a policy that could not be run at all.
pub fn judge(
    policy: &Source<'_>,
    statement: &[u8],
    now: Timestamp,
) -> Result<Verdict, PolicyError> {
    check_size(policy)?;
    evaluate(policy, json::value("in-toto statement", statement)?, now)
}

/// Runs a policy, whose size was checked, on a statement in which no key stands twice.
fn evaluate(policy: &Source<'_>, statement: Value, now: Timestamp) -> Result<Verdict, PolicyError> {
    let (name, text) = (policy.name.to_owned(), policy.text.to_owned());
    match policy.language {
        Language::Cel => run(policy, move || cel::judge(&name, &text, &statement, now)),
        Language::RegoAllow => run(policy, move || rego::allow(&name, &text, &statement)),
        Language::RegoIsCompliant => {
            run(policy, move || rego::is_compliant(&name, &text, &statement))
        }
    }
}

/// Checks that a policy can be read, without a statement.
pub fn check(policy: &Source<'_>) -> Result<(), PolicyError> {
    check_size(policy)?;
    let (name, text, language) = (policy.name.to_owned(), policy.text.to_owned(), policy.language);
    run(policy, move || match language {
        Language::Cel => cel::check(&name, &text).map(|()| Verdict::allowed()),
        _ => rego::check(&name, &text).map(|()| Verdict::allowed()),
    })
    .map(drop)
}

fn check_size(policy: &Source<'_>) -> Result<(), PolicyError> {
    let size = policy.text.len();
    if size > MAX_POLICY {
        return Err(PolicyError::TooLarge { name: policy.name.to_owned(), size });
    }
    Ok(())
}

fn run(
    policy: &Source<'_>,
    work: impl FnOnce() -> Result<Verdict, PolicyError> + Send + 'static,
) -> Result<Verdict, PolicyError> {
    bounded::run(TIME, work)
        .unwrap_or_else(|stopped| Ok(Verdict::refused(vec![format!("{}: {stopped}", policy.name)])))
}

/// A value in a message: JSON, cut short.
fn shown(value: &Value) -> String {
    const MOST: usize = 120;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}
