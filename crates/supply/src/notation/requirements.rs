//! What is demanded of the certificates in an envelope, whoever trusts them.
//!
//! The chain is whole and in order: each certificate was issued by the next, and the last by itself.
//! Source: `specs/signature-specification.md#certificate-requirements` of
//! notaryproject/specifications, and `x509` of notaryproject/notation-core-go.

use super::envelope::Algorithm;
use crate::certificate::{BasicConstraints, Certificate, oid};
use crate::error::Error;

const DIGITAL_SIGNATURE: u8 = 0x80;
/// Content commitment is the one bit that may stand beside it.
const NOT_OF_LEAF: u8 = 0x3f;
const KEY_CERT_SIGN: u8 = 0x04;

/// What a chain is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChainPurpose {
    CodeSigning,
    TimeStamping,
}

/// Checks a chain, the signer's certificate first.
pub(super) fn check(chain: &[Certificate], purpose: ChainPurpose) -> Result<(), Error> {
    let Some((leaf, above)) = chain.split_first() else {
        return Err(refused("no certificate"));
    };
    check_leaf(leaf, purpose)?;
    if above.is_empty() {
        return leaf.is_self_signed();
    }
    for (below, issuer) in above.iter().enumerate() {
        check_authority(issuer, below, purpose)?;
    }
    for pair in chain.windows(2) {
        let [subject, issuer] = pair else { continue };
        if subject.is_self_signed().is_ok() {
            return Err(refused(format!("`{subject}` issued itself and is not the last")));
        }
        if subject.issuer_der() != issuer.subject_der() {
            return Err(refused(format!("`{subject}` was not issued by `{issuer}`")));
        }
        subject.is_signed_by(&issuer.public_key()?).map_err(|error| {
            refused(format!("`{subject}` was not signed by `{issuer}`: {error}"))
        })?;
    }
    match above.last() {
        Some(root) => root
            .is_self_signed()
            .map_err(|error| refused(format!("the chain does not end with a root: {error}"))),
        None => Ok(()),
    }
}

fn check_leaf(leaf: &Certificate, purpose: ChainPurpose) -> Result<(), Error> {
    if leaf.authority()?.issues() {
        return Err(refused(format!("`{leaf}` signs and is an authority: basic constraints")));
    }
    check_key_usage(leaf, purpose)?;
    let (usage, more) = (leaf.key_usage()?, leaf.key_usage_beyond()?);
    if usage & DIGITAL_SIGNATURE == 0 || usage & NOT_OF_LEAF != 0 || more {
        return Err(refused(format!("`{leaf}` may do else than sign: key usage")));
    }
    let purposes = leaf.extended_key_usage()?;
    let fits = match (purpose, purposes.as_deref()) {
        (ChainPurpose::CodeSigning, None) => true,
        (ChainPurpose::CodeSigning, Some(purposes)) => {
            !purposes.iter().any(|it| NOT_CODE_SIGNING.contains(&it.as_slice()))
        }
        (ChainPurpose::TimeStamping, purposes) => {
            let critical = leaf.extension(oid::EXTENDED_KEY_USAGE).is_some_and(|it| it.critical);
            critical && matches!(purposes, Some([one]) if one == oid::TIME_STAMPING)
        }
    };
    if !fits {
        return Err(refused(format!("`{leaf}` is for something else: extended key usage")));
    }
    Algorithm::of(&leaf.public_key()?).map(drop)
}

const NOT_CODE_SIGNING: [&[u8]; 5] = [
    oid::SERVER_AUTH,
    oid::CLIENT_AUTH,
    oid::EMAIL_PROTECTION,
    oid::TIME_STAMPING,
    oid::OCSP_SIGNING,
];

/// An authority with `below` authorities between it and the signer.
fn check_authority(
    authority: &Certificate,
    below: usize,
    purpose: ChainPurpose,
) -> Result<(), Error> {
    let allowed = match authority.authority()? {
        BasicConstraints::EndEntity => {
            return Err(refused(format!("`{authority}` is no authority: basic constraints")));
        }
        BasicConstraints::Authority => true,
        BasicConstraints::AuthorityAbove(most) => {
            u64::try_from(below).is_ok_and(|below| below <= most)
        }
    };
    if !allowed {
        return Err(refused(format!("`{authority}` allows fewer authorities below it")));
    }
    check_key_usage(authority, purpose)?;
    if authority.key_usage()? & KEY_CERT_SIGN == 0 {
        return Err(refused(format!("`{authority}` may not issue: key usage")));
    }
    Ok(())
}

/// Key usage is stated, and for code signing critical.
fn check_key_usage(certificate: &Certificate, purpose: ChainPurpose) -> Result<(), Error> {
    match certificate.extension(oid::KEY_USAGE) {
        None => Err(refused(format!("`{certificate}` does not state its key usage"))),
        Some(usage) if !usage.critical && purpose == ChainPurpose::CodeSigning => {
            Err(refused(format!("`{certificate}` states its key usage, but not as critical")))
        }
        Some(_) => Ok(()),
    }
}

fn refused(why: impl Into<String>) -> Error {
    Error::malformed("certificate chain", why)
}
