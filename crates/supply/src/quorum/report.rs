//! What came of a judgement: who signed, who is missing, and why.

use serde::Serialize;

use crate::verify::Report;

/// What came of all that was asked for.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    /// Whether all of it holds.
    pub verified: bool,
    /// The groups of signers.
    pub groups: Vec<GroupReport>,
    /// The claims that must be there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimReport>,
    /// Evidence that proves nothing, as far as somebody is missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// Whether it rests on what time it is now, and not on times that somebody vouched for.
    #[serde(skip)]
    pub rests_on_clock: bool,
}

/// What came of a group.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupReport {
    /// How many signers were asked for.
    pub needed: usize,
    /// How many there are, each counted once.
    pub counted: usize,
    /// Who signed.
    pub signed: Vec<SignedBy>,
    /// Who did not, and why it is no use to ask, where that is known.
    pub missing: Vec<String>,
}

/// One who signed.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedBy {
    /// What the policy calls him.
    pub authority: String,
    /// Where the evidence is.
    pub place: String,
    /// The checks, and who that turned out to be; none where no signature was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

/// What came of a claim.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimReport {
    /// Its predicate type.
    pub predicate_type: String,
    /// Who signed one; nobody where none holds.
    pub signed: Vec<SignedBy>,
    /// Who may sign it.
    pub by: Vec<String>,
}

/// Evidence that one authority did not accept.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// The authority.
    pub authority: String,
    /// Where the evidence is.
    pub place: String,
    /// The checks.
    pub report: Report,
}
