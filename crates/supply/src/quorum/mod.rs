//! Several signers: so many of these must have signed an image, and these claims must be there.
//!
//! A signer counts once, however many signatures, keys' files or groups he is in: who has one key
//! is one signer, and so is who is certified under one name.

mod fingerprint;
mod flow;
mod judge;
mod passed;
mod report;

use std::collections::BTreeMap;

use plimsoll_model::Timestamp;
use serde_json::Value;

use crate::trust::TrustedRoot;
use crate::verify::Policy;

pub use judge::judge;
pub use passed::{Passed, key};
pub use report::{ClaimReport, GroupReport, Judgement, Refused, SignedBy};

/// Everything that is asked for about an image.
#[derive(Debug, Clone, Default)]
pub struct Requirements {
    /// Those who may sign.
    pub authorities: Vec<Authority>,
    /// How many of them must have.
    pub groups: Vec<Group>,
    /// Claims that must be there.
    pub claims: Vec<RequiredClaim>,
    /// What every signer must say of the image.
    pub annotations: BTreeMap<String, String>,
}

/// One who may sign.
#[derive(Debug, Clone)]
pub struct Authority {
    /// What people call it.
    pub name: String,
    /// Who that is.
    pub trust: Trust,
    /// What it must have signed, all of these; nothing here stands for a signature.
    pub claims: Vec<Claim>,
}

/// Who an authority is.
#[derive(Debug, Clone)]
pub enum Trust {
    /// Any one of these.
    Signers(Vec<Policy>),
    /// No signature is asked for.
    Pass,
    /// None is good enough; the text says why.
    Fail(String),
}

/// A claim by its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The predicate type, a URI.
    pub predicate_type: String,
    /// What the claim must say.
    pub condition: Option<Condition>,
}

/// What a claim must say, in a language of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The language, such as `cel`.
    pub language: String,
    /// The text in it.
    pub text: String,
}

/// So many of these must have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// How many.
    pub count: usize,
    /// Their places among the authorities.
    pub of: Vec<usize>,
}

/// A claim that one of these must have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredClaim {
    /// The claim.
    pub claim: Claim,
    /// The places of its signers among the authorities.
    pub by: Vec<usize>,
}

/// Those who judge what claims say, by the language of the condition.
pub trait Conditions: Sync {
    /// The languages that are understood.
    fn languages(&self) -> &[&'static str];

    /// Whether a statement, whose signature was verified, meets the condition; else why not.
    fn check(&self, condition: &Condition, statement: &Value) -> Result<(), String>;
}

/// No language is understood.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoConditions;

impl Conditions for NoConditions {
    fn languages(&self) -> &[&'static str] {
        &[]
    }

    fn check(&self, condition: &Condition, _: &Value) -> Result<(), String> {
        Err(format!("conditions in `{}` are not understood", condition.language))
    }
}

/// What a judgement rests on beside the evidence.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// Who is trusted.
    pub root: &'c TrustedRoot,
    /// What time it is.
    pub now: Timestamp,
    /// Who judges what claims say.
    pub conditions: &'c dyn Conditions,
}

impl Requirements {
    /// `count` of these, who are called by their places.
    pub fn of(authorities: Vec<Authority>, count: usize) -> Self {
        let of = (0..authorities.len()).collect();
        Self { authorities, groups: vec![Group { count, of }], ..Self::default() }
    }

    /// Adds authorities, of whom `count` are asked for.
    pub fn add(&mut self, authorities: Vec<Authority>, count: usize) {
        let first = self.authorities.len();
        self.authorities.extend(authorities);
        self.groups.push(Group { count, of: (first..self.authorities.len()).collect() });
    }
}

impl Authority {
    /// One who is asked for a signature.
    pub fn signer(name: impl Into<String>, policy: Policy) -> Self {
        Self { name: name.into(), trust: Trust::Signers(vec![policy]), claims: Vec::new() }
    }
}
