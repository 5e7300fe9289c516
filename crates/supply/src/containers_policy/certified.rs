//! Whether a certificate counts for a requirement: its way to an authority of the policy, and whom it
//! is for.
//!
//! A certificate of Fulcio's counts at the time that the log's promise proves, one of an own authority
//! now. Sources: `signature/fulcio_cert.go` and `signature/pki_cert.go` of containers/image.

use plimsoll_model::Timestamp;

use super::hostname;
use super::sigstore::{Fulcio, Pki};
use crate::certificate::{Authority, Certificate, Identity, SubjectName, fulcio_issuers};
use crate::error::Error;
use crate::key::pem;

/// The certificates that a policy trusts: what cannot be read among them is passed over, as in Go.
pub(super) fn roots(bytes: &[u8]) -> Result<Vec<Certificate>, Error> {
    let blocks = pem::blocks(text(bytes)?)?;
    let blocks = blocks.iter().filter(|it| it.label == CERTIFICATE);
    let roots: Vec<_> =
        blocks.filter_map(|block| Certificate::from_der(&block.bytes).ok()).collect();
    if roots.is_empty() {
        return Err(broken("there is no certificate that is read"));
    }
    Ok(roots)
}

/// Certificates of which each must be readable.
pub(super) fn all(bytes: &[u8]) -> Result<Vec<Certificate>, Error> {
    let text = text(bytes)?;
    if !text.is_empty() && !pem::ends_with_block(text) {
        return Err(broken("certificates with something behind the last"));
    }
    let blocks = pem::blocks(text)?;
    blocks
        .iter()
        .map(|block| match block.label.as_str() {
            CERTIFICATE => Certificate::from_der(&block.bytes),
            other => Err(broken(format!("a PEM block `{other}` among them"))),
        })
        .collect()
}

/// The one certificate of the signer.
pub(super) fn leaf(bytes: &[u8]) -> Result<Certificate, Error> {
    let mut found = all(bytes)?;
    match (found.pop(), found.len()) {
        (Some(leaf), 0) => Ok(leaf),
        (None, _) => Err(broken("the signature has no certificate")),
        (Some(_), more) => Err(broken(format!("the signature has {} for one", more + 1))),
    }
}

/// What the signature says stands between the certificate and a root, which is the last of its list
/// and does not count.
pub(super) fn offered(bytes: &[u8]) -> Result<Vec<Certificate>, Error> {
    let mut chain = all(bytes)?;
    chain.pop();
    Ok(chain)
}

impl Fulcio {
    /// Whether `leaf` counted at `at`, and is for whom the policy says.
    pub(super) fn accepts(
        &self,
        leaf: &Certificate,
        authority: &Authority,
        at: Timestamp,
    ) -> Result<(), Error> {
        authority.path_as_in_go(leaf, at)?;
        let issuer = match fulcio_issuers(leaf)? {
            (Some(first), Some(second)) if first != second => {
                return Err(broken(format!("two issuers of the token, `{first}` and `{second}`")));
            }
            (Some(issuer), _) | (None, Some(issuer)) => issuer,
            (None, None) => return Err(broken("it names no issuer of the token")),
        };
        if issuer != self.oidc_issuer {
            return Err(broken(format!("the token was issued by `{issuer}`")));
        }
        has_email(leaf, &self.subject_email)
    }
}

impl Pki {
    /// Whether `leaf` counts at `now`, and is for whom the policy says.
    pub(super) fn accepts(
        &self,
        leaf: &Certificate,
        authority: &Authority,
        now: Timestamp,
    ) -> Result<(), Error> {
        authority.path_as_in_go(leaf, now)?;
        if !self.subject_email.is_empty() {
            has_email(leaf, &self.subject_email)?;
        }
        let host = &self.subject_hostname;
        if !host.is_empty() && !hostname::accepts(leaf, host)? {
            return Err(broken(format!("it is not for the host `{host}`")));
        }
        Ok(())
    }
}

fn has_email(leaf: &Certificate, email: &str) -> Result<(), Error> {
    let names = Identity::of(leaf)?.names;
    let found: Vec<&str> = names
        .iter()
        .filter_map(|name| match name {
            SubjectName::Email(email) => Some(email.as_str()),
            _ => None,
        })
        .collect();
    if found.contains(&email) {
        return Ok(());
    }
    let found = if found.is_empty() { "nobody".into() } else { found.join(", ") };
    Err(broken(format!("it is for {found}")))
}

const CERTIFICATE: &str = "CERTIFICATE";

fn text(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| broken("PEM that is not UTF-8"))
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("certificate", why)
}
