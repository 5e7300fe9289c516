//! `sigstoreSigned`: what a policy says of keys, certificates and logs.
//!
//! Exactly one source of keys is named; a log is demanded with `fulcio`, may be with keys, and is not
//! allowed with `pki`. Source: `signature/policy_config_sigstore.go` of containers/image.

use serde::{Deserialize, Deserializer};

use super::identity::SignedIdentity;
use super::policy::{KeySource, broken, sources};
use crate::error::Error;
use crate::json::Bytes;

/// A signature by a key, or under a certificate.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SigstoreSigned {
    key_path: Option<String>,
    key_paths: Option<Vec<String>>,
    key_data: Option<Bytes>,
    key_datas: Option<Vec<Bytes>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) fulcio: Option<Fulcio>,
    #[serde(default, deserialize_with = "present")]
    pub(super) pki: Option<Pki>,
    rekor_public_key_path: Option<String>,
    rekor_public_key_paths: Option<Vec<String>>,
    rekor_public_key_data: Option<Bytes>,
    rekor_public_key_datas: Option<Vec<Bytes>>,
    pub(super) signed_identity: Option<SignedIdentity>,
}

/// A certificate of Fulcio's, valid at the time at which the log took the signature.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Fulcio {
    ca_path: Option<String>,
    ca_data: Option<Bytes>,
    #[serde(default)]
    pub(super) oidc_issuer: String,
    #[serde(default)]
    pub(super) subject_email: String,
}

/// A certificate of an own authority, valid now.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Pki {
    ca_roots_path: Option<String>,
    ca_roots_data: Option<Bytes>,
    ca_intermediates_path: Option<String>,
    ca_intermediates_data: Option<Bytes>,
    #[serde(default)]
    pub(super) subject_email: String,
    #[serde(default)]
    pub(super) subject_hostname: String,
}

impl Fulcio {
    /// The certificates that are trusted.
    pub(super) fn authority(&self) -> Option<KeySource<'_>> {
        one(self.ca_path.as_ref(), self.ca_data.as_ref())
    }

    fn check(&self) -> Result<(), Error> {
        exactly_one("`fulcio`", "caPath", self.ca_path.as_ref(), self.ca_data.as_ref())?;
        for (name, text) in
            [("oidcIssuer", &self.oidc_issuer), ("subjectEmail", &self.subject_email)]
        {
            if text.is_empty() {
                return Err(broken(format!("`fulcio` names no `{name}`")));
            }
        }
        Ok(())
    }
}

impl Pki {
    /// The certificates that are trusted.
    pub(super) fn roots(&self) -> Option<KeySource<'_>> {
        one(self.ca_roots_path.as_ref(), self.ca_roots_data.as_ref())
    }

    /// The certificates on the way to them, where the policy has some.
    pub(super) fn intermediates(&self) -> Option<KeySource<'_>> {
        one(self.ca_intermediates_path.as_ref(), self.ca_intermediates_data.as_ref())
    }

    fn check(&self) -> Result<(), Error> {
        let (path, data) = (self.ca_roots_path.as_ref(), self.ca_roots_data.as_ref());
        exactly_one("`pki`", "caRootsPath", path, data)?;
        let (path, data) =
            (self.ca_intermediates_path.as_ref(), self.ca_intermediates_data.as_ref());
        if path.is_some_and(|it| !it.is_empty()) && data.is_some() {
            return Err(broken("`pki` names `caIntermediatesPath` and `caIntermediatesData`"));
        }
        if self.subject_email.is_empty() && self.subject_hostname.is_empty() {
            return Err(broken("`pki` names neither `subjectEmail` nor `subjectHostname`"));
        }
        Ok(())
    }
}

impl SigstoreSigned {
    /// Where the keys are.
    pub(super) fn keys(&self) -> Vec<KeySource<'_>> {
        let (path, paths) = (self.key_path.as_ref(), self.key_paths.as_ref());
        sources(path, paths, self.key_data.as_ref(), self.key_datas.as_ref())
    }

    /// Where the keys of logs are, of which one must have the signature; none where no log must.
    pub(super) fn logs(&self) -> Vec<KeySource<'_>> {
        let path = self.rekor_public_key_path.as_ref().filter(|it| !it.is_empty());
        let paths = self.rekor_public_key_paths.as_ref();
        let (data, datas) = (&self.rekor_public_key_data, &self.rekor_public_key_datas);
        sources(path, paths, data.as_ref(), datas.as_ref())
    }

    /// How many sources of keys there are.
    pub(super) fn sources(&self) -> usize {
        let given = [
            self.key_path.is_some(),
            self.key_paths.is_some(),
            self.key_data.is_some(),
            self.key_datas.is_some(),
            self.fulcio.is_some(),
            self.pki.is_some(),
        ];
        given.into_iter().filter(|it| *it).count()
    }

    /// Checks what stands beside the source of keys.
    pub(super) fn check(&self) -> Result<(), Error> {
        let empty = |list: Option<usize>| list == Some(0);
        for (name, length) in [
            ("keyPaths", self.key_paths.as_ref().map(Vec::len)),
            ("keyDatas", self.key_datas.as_ref().map(Vec::len)),
            ("rekorPublicKeyPaths", self.rekor_public_key_paths.as_ref().map(Vec::len)),
            ("rekorPublicKeyDatas", self.rekor_public_key_datas.as_ref().map(Vec::len)),
        ] {
            if empty(length) {
                return Err(broken(format!("`{name}` is empty")));
            }
        }
        let given = [
            self.rekor_public_key_path.as_ref().is_some_and(|it| !it.is_empty()),
            self.rekor_public_key_paths.is_some(),
            self.rekor_public_key_data.is_some(),
            self.rekor_public_key_datas.is_some(),
        ];
        match given.into_iter().filter(|it| *it).count() {
            0 if self.fulcio.is_some() => {
                return Err(broken("`fulcio` without a `rekorPublicKeyPath` or its like"));
            }
            0 | 1 => {}
            many => return Err(broken(format!("{many} kinds of `rekorPublicKey`, not one"))),
        }
        if let Some(fulcio) = &self.fulcio {
            fulcio.check()?;
        }
        if let Some(pki) = &self.pki {
            pki.check()?;
            if given.contains(&true) {
                return Err(broken("`pki` with a `rekorPublicKey`, which is not asked there"));
            }
        }
        Ok(())
    }
}

/// A field that is there holds a value: `null` is none.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

fn one<'a>(path: Option<&'a String>, data: Option<&'a Bytes>) -> Option<KeySource<'a>> {
    sources(path.filter(|it| !it.is_empty()), None, data, None).into_iter().next()
}

fn exactly_one(
    what: &str,
    name: &str,
    path: Option<&String>,
    data: Option<&Bytes>,
) -> Result<(), Error> {
    match (path.is_some_and(|it| !it.is_empty()), data.is_some()) {
        (true, false) | (false, true) => Ok(()),
        (false, false) => Err(broken(format!("{what} names no `{name}` nor its data"))),
        (true, true) => Err(broken(format!("{what} names `{name}` and its data"))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Policy;

    fn parsed(requirement: &str) -> bool {
        let policy = format!(r#"{{"default": [{{"type": "sigstoreSigned", {requirement}}}]}}"#);
        Policy::parse(policy.as_bytes()).is_ok()
    }

    #[test]
    fn a_certificate_is_demanded_with_its_authority_and_whom_it_is_for() {
        const FULCIO: &str =
            r#""fulcio": {"caPath": "ca", "oidcIssuer": "i", "subjectEmail": "e"}"#;
        let log = r#""rekorPublicKeyPath": "log""#;
        assert!(parsed(&format!("{FULCIO}, {log}")));
        for bent in [
            FULCIO.to_owned(),
            format!(r#"{FULCIO}, {log}, "rekorPublicKeyData": "AA==""#),
            format!(r#"{FULCIO}, "rekorPublicKeyPaths": []"#),
            format!(r#"{FULCIO}, {log}, "keyPath": "a""#),
            format!(r#""fulcio": null, {log}"#),
            r#""keyPath": "a", "fulcio": null"#.to_owned(),
            format!("{}, {log}", FULCIO.replace(r#""oidcIssuer": "i", "#, "")),
            format!("{}, {log}", FULCIO.replace(r#", "subjectEmail": "e""#, "")),
            format!("{}, {log}", FULCIO.replace(r#""caPath": "ca", "#, "")),
            format!("{}, {log}", FULCIO.replace(r#""ca""#, r#""ca", "caData": "AA==""#)),
            format!("{}, {log}", FULCIO.replace(r#""ca""#, r#""ca", "more": 1"#)),
        ] {
            assert!(!parsed(&bent), "{bent}");
        }
    }

    #[test]
    fn an_own_authority_is_demanded_without_a_log() {
        const PKI: &str = r#""pki": {"caRootsPath": "ca", "subjectHostname": "h"}"#;
        assert!(parsed(PKI));
        assert!(parsed(&PKI.replace("Hostname", "Email")));
        assert!(parsed(&PKI.replace(r#""ca""#, r#""ca", "caIntermediatesData": "AA==""#)));
        for bent in [
            format!(r#"{PKI}, "rekorPublicKeyPath": "log""#),
            PKI.replace(r#", "subjectHostname": "h""#, ""),
            PKI.replace(r#""caRootsPath": "ca", "#, ""),
            PKI.replace(
                r#""ca""#,
                r#""ca", "caIntermediatesPath": "a", "caIntermediatesData": "AA==""#,
            ),
        ] {
            assert!(!parsed(&bent), "{bent}");
        }
    }
}
