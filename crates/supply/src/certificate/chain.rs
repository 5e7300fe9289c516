//! The path from a certificate to an authority that is trusted.
//!
//! Every certificate of the path, the root included, must be valid at the moment in question: the
//! hybrid model that Sigstore asks for. Source: RFC 5280, section 6.

use plimsoll_model::Timestamp;

use super::{BasicConstraints, Certificate, constraints, oid};
use crate::error::Error;

/// What a certificate is to be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Signing code and other artefacts.
    CodeSigning,
    /// Signing timestamps.
    TimeStamping,
    /// Answering for a host, which Notary's authorities are asked for.
    ServerAuth,
    /// Signing e-mail, and what else people sign with the same certificate.
    EmailProtection,
}

impl Purpose {
    fn oid(self) -> &'static [u8] {
        match self {
            Self::CodeSigning => oid::CODE_SIGNING,
            Self::TimeStamping => oid::TIME_STAMPING,
            Self::ServerAuth => oid::SERVER_AUTH,
            Self::EmailProtection => oid::EMAIL_PROTECTION,
        }
    }

    /// The name in RFC 5280.
    pub fn name(self) -> &'static str {
        match self {
            Self::CodeSigning => "codeSigning",
            Self::TimeStamping => "timeStamping",
            Self::ServerAuth => "serverAuth",
            Self::EmailProtection => "emailProtection",
        }
    }
}

/// A root that is trusted, and certificates between it and others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Where a path may end.
    pub roots: Vec<Certificate>,
    /// What a path may lead through; not trusted by itself.
    pub intermediates: Vec<Certificate>,
}

/// The longest path, root and leaf included.
const MAX_PATH: usize = 8;

/// The most signatures that are checked for one path.
const MAX_CHECKS: usize = 64;

impl Authority {
    /// Reads certificates in PEM: roots are those that issued themselves, else the last one.
    pub fn from_pem(bytes: &[u8]) -> Result<Self, Error> {
        let (mut roots, mut intermediates): (Vec<_>, Vec<_>) =
            Certificate::all_from_pem(bytes)?.into_iter().partition(Certificate::is_self_issued);
        if roots.is_empty() {
            roots.extend(intermediates.pop());
        }
        if roots.is_empty() {
            return Err(Error::malformed("certificates", "there is none"));
        }
        Ok(Self { roots, intermediates })
    }

    /// The path from `leaf` to a root, both included, each certificate valid at `at`.
    ///
    /// `more` are certificates that somebody else offers for the way.
    pub fn path(
        &self,
        leaf: &Certificate,
        more: &[Certificate],
        at: Timestamp,
        purpose: Purpose,
    ) -> Result<Vec<Certificate>, Error> {
        check_leaf(leaf, at, purpose)?;
        self.way(leaf, more, at, purpose)
    }

    /// Checks that `leaf` may sign code at `at` by an authority here, as Go's `crypto/x509` judges it:
    /// its key usage is not asked, and one that is a root itself is trusted.
    pub(crate) fn path_as_in_go(&self, leaf: &Certificate, at: Timestamp) -> Result<(), Error> {
        let purpose = Purpose::CodeSigning;
        check_time(leaf, at)?;
        check_critical(leaf)?;
        if !allows(leaf, purpose)? {
            return Err(refused(format!("`{leaf}` is not for {}", purpose.name())));
        }
        if self.roots.contains(leaf) {
            return Ok(());
        }
        self.way(leaf, &[], at, purpose).map(drop)
    }

    /// The path from a leaf that was judged.
    fn way(
        &self,
        leaf: &Certificate,
        more: &[Certificate],
        at: Timestamp,
        purpose: Purpose,
    ) -> Result<Vec<Certificate>, Error> {
        let mut search = Search {
            roots: &self.roots,
            between: self.intermediates.iter().chain(more).collect(),
            at,
            purpose,
            checks: 0,
            last: None,
        };
        let mut path = vec![leaf];
        if search.extend(&mut path) {
            return Ok(path.into_iter().cloned().collect());
        }
        Err(search.last.unwrap_or_else(|| {
            refused(format!("no trusted authority is the issuer `{}`", leaf.issuer()))
        }))
    }
}

struct Search<'a> {
    roots: &'a [Certificate],
    between: Vec<&'a Certificate>,
    at: Timestamp,
    purpose: Purpose,
    checks: usize,
    last: Option<Error>,
}

impl<'a> Search<'a> {
    /// Extends `path` to a root; leaves it as it was where there is no way.
    fn extend(&mut self, path: &mut Vec<&'a Certificate>) -> bool {
        let Some(&tip) = path.last() else { return false };
        let roots = self.roots.iter().map(|it| (it, true));
        let between = self.between.clone().into_iter().map(|it| (it, false));
        for (candidate, is_root) in roots.chain(between) {
            if candidate.subject != tip.issuer || path.contains(&candidate) {
                continue;
            }
            if path.len() + 1 > MAX_PATH || self.checks >= MAX_CHECKS {
                self.last = Some(refused(format!("a path of over {MAX_PATH} certificates")));
                return false;
            }
            self.checks += 1;
            let leaf = path.first().copied().unwrap_or(tip);
            let below = path.len() - 1;
            let may = constraints::check(candidate, leaf)
                .and_then(|()| check_issuer(candidate, tip, below, self.at, self.purpose));
            match may {
                Ok(()) => {
                    path.push(candidate);
                    if is_root || self.extend(path) {
                        return true;
                    }
                    path.pop();
                }
                Err(error) => self.last = Some(error),
            }
        }
        false
    }
}

fn check_leaf(leaf: &Certificate, at: Timestamp, purpose: Purpose) -> Result<(), Error> {
    check_time(leaf, at)?;
    check_critical(leaf)?;
    if leaf.key_usage()? & DIGITAL_SIGNATURE == 0 {
        return Err(refused(format!("`{leaf}` may not sign: key usage")));
    }
    if !allows(leaf, purpose)? {
        return Err(refused(format!("`{leaf}` is not for {}", purpose.name())));
    }
    Ok(())
}

/// Whether `issuer` may have issued `subject`, and did; `below` counts the authorities in between
/// it and the leaf.
fn check_issuer(
    issuer: &Certificate,
    subject: &Certificate,
    below: usize,
    at: Timestamp,
    purpose: Purpose,
) -> Result<(), Error> {
    check_time(issuer, at)?;
    check_critical(issuer)?;
    match issuer.authority()? {
        BasicConstraints::Authority => {}
        BasicConstraints::AuthorityAbove(most)
            if u64::try_from(below).is_ok_and(|below| below <= most) => {}
        BasicConstraints::AuthorityAbove(_) => {
            return Err(refused(format!("`{issuer}` allows fewer authorities below it")));
        }
        BasicConstraints::EndEntity => {
            return Err(refused(format!("`{issuer}` is no authority: basic constraints")));
        }
    }
    if issuer.key_usage()? & KEY_CERT_SIGN == 0 {
        return Err(refused(format!("`{issuer}` may not issue: key usage")));
    }
    if !allows(issuer, purpose)? {
        return Err(refused(format!("`{issuer}` is not for {}", purpose.name())));
    }
    subject.is_signed_by(&issuer.public_key()?).map_err(|error| match error {
        Error::BadSignature => {
            refused(format!("`{issuer}` did not sign `{subject}`: the signature does not match"))
        }
        other => other,
    })
}

fn check_time(certificate: &Certificate, at: Timestamp) -> Result<(), Error> {
    if certificate.is_valid_at(at) {
        return Ok(());
    }
    let (from, to) = (certificate.not_before, certificate.not_after);
    let what = if at < from { "not yet valid" } else { "expired" };
    Err(refused(format!("`{certificate}` is {what} at {at}: it is valid from {from} to {to}")))
}

/// A critical extension that nobody here understands forbids the use of the certificate.
fn check_critical(certificate: &Certificate) -> Result<(), Error> {
    const KNOWN: &[&[u8]] = &[
        oid::KEY_USAGE,
        oid::SUBJECT_ALT_NAME,
        oid::BASIC_CONSTRAINTS,
        oid::EXTENDED_KEY_USAGE,
        oid::NAME_CONSTRAINTS,
    ];
    let unknown = certificate
        .extensions
        .iter()
        .find(|extension| extension.critical && !KNOWN.contains(&extension.oid.as_slice()));
    match unknown {
        None => Ok(()),
        Some(extension) => {
            let oid = crate::der::dotted(&extension.oid).unwrap_or_default();
            Err(refused(format!(
                "`{certificate}` has the critical extension {oid}, not known here"
            )))
        }
    }
}

/// Whether a certificate may be used so.
pub(crate) fn allows(certificate: &Certificate, purpose: Purpose) -> Result<bool, Error> {
    Ok(certificate.extended_key_usage()?.is_none_or(|purposes| {
        purposes.iter().any(|it| it == purpose.oid() || it == oid::ANY_PURPOSE)
    }))
}

const DIGITAL_SIGNATURE: u8 = 0x80;
const KEY_CERT_SIGN: u8 = 0x04;

fn refused(why: impl Into<String>) -> Error {
    Error::malformed("certificate path", why)
}
