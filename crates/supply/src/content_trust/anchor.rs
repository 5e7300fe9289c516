//! Where trust begins: keys that the user names, notary's own pinning, or the first root that is
//! seen.
//!
//! Source: `trustpinning/trustpin.go` of theupdateframework/notary, and `docs/reference/
//! client-config.md` there for the section `trust_pinning`.

use std::collections::BTreeMap;

use plimsoll_model::Timestamp;
use serde::Deserialize;

use super::certificate::{RootCertificate, short};
use crate::certificate::{Authority, Certificate, Purpose};
use crate::error::Error;
use crate::json;
use crate::key::{PublicKey, pem};

/// Whom the user trusts to be a repository's owner.
#[derive(Debug, Default)]
pub struct Anchors {
    given: Vec<Given>,
    pinning: TrustPinning,
    first_use: bool,
}

#[derive(Debug)]
pub(super) enum Given {
    Key(PublicKey),
    Authority(Box<Certificate>),
}

/// The section of that name in notary's configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TrustPinning {
    /// Names of root keys, by repository or by the beginning of its name with a `*`.
    certs: BTreeMap<String, Vec<String>>,
    /// Files of authorities, by the beginning of the repository's name.
    ca: BTreeMap<String, String>,
    disable_tofu: bool,
    /// What the files hold.
    #[serde(skip)]
    authorities: BTreeMap<String, Vec<Certificate>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Configuration {
    trust_pinning: TrustPinning,
}

impl Anchors {
    /// Trusts the keys in a file: public keys or certificates in PEM or DER. A certificate stands
    /// for its key; one of an authority for all that it issued.
    pub fn trust(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let is_certificate = match std::str::from_utf8(bytes) {
            Ok(text) if pem::is_pem(bytes) => {
                pem::blocks(text)?.iter().all(|block| block.label == "CERTIFICATE")
            }
            _ => Certificate::from_der(bytes).is_ok(),
        };
        if !is_certificate {
            self.given.extend(PublicKey::all_from_bytes(bytes)?.into_iter().map(Given::Key));
            return Ok(());
        }
        let all = if pem::is_pem(bytes) {
            Certificate::all_from_pem(bytes)?
        } else {
            vec![Certificate::from_der(bytes)?]
        };
        for certificate in all {
            self.given.push(if certificate.authority()?.issues() {
                Given::Authority(Box::new(certificate))
            } else {
                Given::Key(certificate.public_key()?)
            });
        }
        Ok(())
    }

    /// Obeys `trust_pinning` of notary's `config.json`, whose files `load` reads.
    pub fn pin(
        &mut self,
        config: &[u8],
        load: &dyn Fn(&str) -> Result<Vec<u8>, String>,
    ) -> Result<(), Error> {
        let config: Configuration = json::document("notary's configuration", config)?;
        self.pinning = config.trust_pinning;
        for (prefix, file) in &self.pinning.ca {
            let wrong = |why: String| Error::malformed("trust_pinning", format!("`{file}`: {why}"));
            let bytes = load(file).map_err(wrong)?;
            let all = Certificate::all_from_pem(&bytes).map_err(|it| wrong(it.to_string()))?;
            self.pinning.authorities.insert(prefix.clone(), all);
        }
        Ok(())
    }

    /// Trusts the root of a repository that was never seen before.
    pub fn allow_first_use(&mut self) {
        self.first_use = true;
    }

    /// What is demanded of the root's keys of the repository `gun`.
    pub(super) fn of(&self, gun: &str) -> Anchor<'_> {
        if !self.given.is_empty() {
            return Anchor::Given(&self.given);
        }
        let pinning = &self.pinning;
        let wildcard = || {
            let fits =
                |name: &&String| name.strip_suffix('*').is_some_and(|it| gun.starts_with(it));
            let longest = pinning.certs.keys().filter(fits).max_by_key(|name| name.len())?;
            pinning.certs.get(longest)
        };
        if let Some(ids) = pinning.certs.get(gun).or_else(wildcard) {
            return Anchor::Ids(ids);
        }
        let begins = pinning.authorities.iter().filter(|(prefix, _)| gun.starts_with(*prefix));
        match begins.max_by_key(|(prefix, _)| prefix.len()) {
            Some((_, authorities)) => Anchor::Authorities(authorities),
            None if self.first_use && !pinning.disable_tofu => Anchor::FirstUse,
            None => Anchor::Unknown { forbidden: self.first_use },
        }
    }
}

/// What is demanded of the root's keys of one repository.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor<'a> {
    /// One of these keys, or one that such an authority vouches for.
    Given(&'a [Given]),
    /// One with such a name.
    Ids(&'a [String]),
    /// One that such an authority vouches for.
    Authorities(&'a [Certificate]),
    /// None, the first time.
    FirstUse,
    /// Nobody said.
    Unknown {
        /// Whether first use was allowed here, and forbidden by the configuration.
        forbidden: bool,
    },
}

impl Anchor<'_> {
    /// Whether keys are named beforehand.
    pub(super) fn names_keys(self) -> bool {
        matches!(self, Self::Given(_) | Self::Ids(_) | Self::Authorities(_))
    }

    /// Whether a root may be signed by the holder of that certificate.
    pub(super) fn accepts(self, certificate: &RootCertificate<'_>, now: Timestamp) -> bool {
        match self {
            Self::Given(all) => all.iter().any(|given| match given {
                Given::Key(key) => {
                    certificate.leaf.public_key().is_ok_and(|it| it.material() == key.material())
                }
                Given::Authority(authority) => {
                    vouches(std::slice::from_ref(&**authority), certificate, now)
                }
            }),
            Self::Ids(ids) => ids.iter().any(|id| id == certificate.id),
            Self::Authorities(authorities) => vouches(authorities, certificate, now),
            Self::FirstUse => true,
            Self::Unknown { .. } => false,
        }
    }

    /// What is demanded, for people.
    pub(super) fn expected(self) -> String {
        match self {
            Self::Given(_) => "a root by one of the keys that were given".into(),
            Self::Ids(ids) => {
                let ids: Vec<&str> = ids.iter().map(|id| short(id)).collect();
                format!("a root by one of the pinned keys {}", ids.join(", "))
            }
            Self::Authorities(_) => "a root by a certificate of the pinned authority".into(),
            Self::FirstUse => "the root that is seen first".into(),
            Self::Unknown { .. } => "a root that is known".into(),
        }
    }
}

/// Notary asks for a path as for a server's certificate, where purposes are stated at all; the
/// certificates that it makes itself are for signing code.
fn vouches(authorities: &[Certificate], it: &RootCertificate<'_>, now: Timestamp) -> bool {
    let authority = Authority { roots: authorities.to_vec(), intermediates: Vec::new() };
    [Purpose::CodeSigning, Purpose::ServerAuth]
        .into_iter()
        .any(|purpose| authority.path(&it.leaf, &it.intermediates, now, purpose).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinned(config: &str) -> Anchors {
        let mut anchors = Anchors::default();
        anchors.pin(config.as_bytes(), &|_| Err("no file".into())).expect("a configuration");
        anchors
    }

    #[test]
    fn the_nearest_pin_counts_and_without_one_first_use_must_be_allowed() {
        let mut anchors = pinned(
            r#"{"trust_pinning": {"certs": {
                "r.example/team/app": ["a"], "r.example/team/*": ["b"], "r.example/*": ["c"]}}}"#,
        );
        let ids = |anchors: &Anchors, gun: &str| match anchors.of(gun) {
            Anchor::Ids(ids) => ids.join(","),
            other => format!("{other:?}"),
        };
        assert_eq!(ids(&anchors, "r.example/team/app"), "a");
        assert_eq!(ids(&anchors, "r.example/team/other"), "b");
        assert_eq!(ids(&anchors, "r.example/app"), "c");
        assert_eq!(ids(&anchors, "s.example/app"), "Unknown { forbidden: false }");
        anchors.allow_first_use();
        assert_eq!(ids(&anchors, "s.example/app"), "FirstUse");
        let mut anchors = pinned(r#"{"trust_pinning": {"disable_tofu": true}}"#);
        anchors.allow_first_use();
        assert_eq!(ids(&anchors, "s.example/app"), "Unknown { forbidden: true }");
    }

    #[test]
    fn an_authority_s_file_that_cannot_be_read_is_named() {
        let config = r#"{"trust_pinning": {"ca": {"r.example/": "ca.pem"}}}"#;
        let error = Anchors::default().pin(config.as_bytes(), &|_| Err("gone".into()));
        assert_eq!(error.expect_err("no file").to_string(), "trust_pinning: `ca.pem`: gone");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for bytes in [b"".as_slice(), b"key", b"-----BEGIN CERTIFICATE-----", b"{}", &[0x30, 0x80]]
        {
            assert!(Anchors::default().trust(bytes).is_err(), "{bytes:?}");
        }
    }
}
