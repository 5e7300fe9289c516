//! Summaries of a verification that somebody else made.
//!
//! Source: <https://slsa.dev/spec/v1.1/verification_summary#how-to-verify>.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::claims;
use super::predicate::payload;
use super::refusal::{Refusal, RefusalKind};
use crate::dsse::{Envelope, verify_one};
use crate::hash::hex;
use crate::intoto::Statement;
use crate::key::PublicKey;

const PREDICATE: &str = "https://slsa.dev/verification_summary/v1";

/// What the caller demands of a summary.
#[derive(Debug, Clone, Default)]
pub struct SummaryExpectation {
    /// Digests as `ALGORITHM:VALUE`, each of which must be of a subject.
    pub subject_digests: Vec<String>,
    /// Who verified.
    pub verifier_id: String,
    /// What was verified.
    pub resource_uri: String,
    /// Levels that must have been reached; of a track `SLSA_…_LEVEL_n` a higher one will do.
    pub verified_levels: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Predicate {
    verifier: Verifier,
    resource_uri: String,
    verification_result: String,
    verified_levels: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Verifier {
    id: String,
}

/// Checks a summary that the holder of `key` signed. A signature that names another key than
/// `key_id` does not count; without `key_id` it must name the key by its digest.
pub fn verify_summary(
    attestation: &[u8],
    key: &PublicKey,
    key_id: Option<&str>,
    expected: &SummaryExpectation,
) -> Result<Statement, Refusal> {
    let envelope = Envelope::parse(attestation).map_err(|error| payload(error.to_string()))?;
    check_signature(&envelope, key, key_id)?;
    let statement = Statement::of(&envelope).map_err(|error| payload(error.to_string()))?;
    claims::same(RefusalKind::InvalidDssePayload, PREDICATE, &statement.predicate_type)?;
    let predicate: Predicate = serde_json::from_value(statement.predicate.clone())
        .map_err(|error| payload(error.to_string()))?;
    check_digests(&statement, expected)?;
    let present = |value: &str, what: &str| {
        if value.is_empty() {
            return Err(Refusal::new(RefusalKind::EmptyRequiredField, format!("the {what}")));
        }
        Ok(())
    };
    present(&predicate.verifier.id, "verifier")?;
    let kind = RefusalKind::MismatchVerifierID;
    claims::same(kind, &expected.verifier_id, &predicate.verifier.id)?;
    present(&predicate.resource_uri, "resource")?;
    let kind = RefusalKind::MismatchResourceURI;
    claims::same(kind, &expected.resource_uri, &predicate.resource_uri)?;
    let kind = RefusalKind::InvalidVerificationResult;
    claims::same(kind, "PASSED", &predicate.verification_result)?;
    check_levels(&predicate.verified_levels, &expected.verified_levels)?;
    Ok(statement)
}

fn check_signature(
    envelope: &Envelope,
    key: &PublicKey,
    key_id: Option<&str>,
) -> Result<(), Refusal> {
    let wanted = match key_id.filter(|id| !id.is_empty()) {
        Some(id) => id.to_owned(),
        None => hex(&key.id()),
    };
    let message = envelope.pre_authentication_encoding();
    let named = |id: Option<&str>| id.is_none_or(|id| id.is_empty() || id == wanted);
    let valid = envelope
        .signatures
        .iter()
        .filter(|signature| named(signature.keyid.as_deref()))
        .any(|signature| verify_one(key, &message, &signature.sig.0).is_ok());
    if valid {
        return Ok(());
    }
    let ids: Vec<&str> =
        envelope.signatures.iter().map(|it| it.keyid.as_deref().unwrap_or("-")).collect();
    let found = format!("of {}", ids.join(", "));
    Err(Refusal::mismatch(RefusalKind::NoValidSignature, &format!("of {wanted}"), &found))
}

fn check_digests(statement: &Statement, expected: &SummaryExpectation) -> Result<(), Refusal> {
    if expected.subject_digests.is_empty() {
        return Err(Refusal::new(RefusalKind::EmptyRequiredField, "no digest was demanded"));
    }
    if statement.subject.iter().all(|subject| subject.digest.is_empty()) {
        return Err(payload("no subject has a digest"));
    }
    for wanted in &expected.subject_digests {
        let (algorithm, value) = wanted
            .split_once(':')
            .ok_or_else(|| payload(format!("`{wanted}` is not of the form ALGORITHM:VALUE")))?;
        let digests = statement.subject.iter().filter_map(|subject| subject.digest.get(algorithm));
        if !digests.into_iter().any(|digest| digest == value) {
            return Err(Refusal::new(RefusalKind::MissingSubjectDigest, format!("`{wanted}`")));
        }
    }
    Ok(())
}

fn check_levels(found: &[String], wanted: &[String]) -> Result<(), Refusal> {
    let (reached, demanded) = (tracks(found)?, tracks(wanted)?);
    let missing = |level: &str| {
        let found = found.join(", ");
        Refusal::mismatch(RefusalKind::MismatchVerifiedLevels, level, &found)
    };
    for (track, level) in demanded {
        if reached.get(track).is_none_or(|reached| *reached < level) {
            return Err(missing(&format!("SLSA_{track}_LEVEL_{level}")));
        }
    }
    let others = wanted.iter().filter(|level| !level.starts_with("SLSA_"));
    match others.into_iter().find(|level| !found.contains(level)) {
        Some(level) => Err(missing(level)),
        None => Ok(()),
    }
}

/// The highest level of each track of SLSA.
fn tracks(levels: &[String]) -> Result<BTreeMap<&str, i64>, Refusal> {
    let mut highest = BTreeMap::new();
    for text in levels.iter().filter(|text| text.starts_with("SLSA_")) {
        let parts: Vec<&str> = text.splitn(4, '_').collect();
        let level = match parts.as_slice() {
            [_, track, "LEVEL", level] => level.parse().ok().map(|level: i64| (*track, level)),
            _ => None,
        };
        let (track, level) = level
            .ok_or_else(|| Refusal::new(RefusalKind::InvalidSLSALevel, format!("`{text}`")))?;
        let most = highest.entry(track).or_insert(level);
        *most = level.max(*most);
    }
    Ok(highest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(found: &[&str], wanted: &[&str]) -> Option<RefusalKind> {
        let owned = |levels: &[&str]| levels.iter().map(ToString::to_string).collect::<Vec<_>>();
        check_levels(&owned(found), &owned(wanted)).err().map(|refusal| refusal.kind)
    }

    #[test]
    fn a_higher_level_of_a_track_will_do_and_any_other_must_be_there() {
        let found = ["SLSA_BUILD_LEVEL_1", "SLSA_BUILD_LEVEL_3", "ORG_L1"];
        assert_eq!(judge(&found, &["SLSA_BUILD_LEVEL_2", "ORG_L1"]), None);
        let mismatch = Some(RefusalKind::MismatchVerifiedLevels);
        assert_eq!(judge(&found, &["SLSA_BUILD_LEVEL_4"]), mismatch);
        assert_eq!(judge(&found, &["SLSA_SOURCE_LEVEL_1"]), mismatch);
        assert_eq!(judge(&found, &["ORG_L2"]), mismatch);
        assert_eq!(judge(&found, &["SLSA_BUILD_3"]), Some(RefusalKind::InvalidSLSALevel));
    }
}
