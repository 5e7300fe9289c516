//! Trust stores: named folders of certificates that a policy refers to.
//!
//! Source: `verifier/truststore` of notaryproject/notation-go.

use std::collections::BTreeMap;

use crate::certificate::Certificate;
use crate::error::Error;

/// What the certificates of a store are trusted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoreKind {
    /// To issue certificates of signers.
    Ca,
    /// To say when something was signed, beside that.
    SigningAuthority,
    /// To issue certificates of timestamp services.
    Tsa,
}

impl StoreKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Ca, Self::SigningAuthority, Self::Tsa];

    /// The name in policies, and of the folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::SigningAuthority => "signingAuthority",
            Self::Tsa => "tsa",
        }
    }

    /// Kind and name of `ca:name`. The name can be that of a folder and leads nowhere else.
    pub(super) fn split(text: &str) -> Result<(Self, String), String> {
        let wrong = || format!("`{text}` is no trust store: `ca:NAME` is, or `tsa:NAME`");
        let (kind, name) = text.split_once(':').ok_or_else(wrong)?;
        let kind = Self::ALL.into_iter().find(|it| it.name() == kind).ok_or_else(wrong)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        let dots = [".", ".."].contains(&name);
        if name.is_empty() || dots || !name.bytes().all(plain) {
            return Err(wrong());
        }
        Ok((kind, name.to_owned()))
    }
}

/// The certificates of the stores that a statement names, or why there are none.
#[derive(Debug, Clone, Default)]
pub struct TrustStores(BTreeMap<(StoreKind, String), Result<Vec<Certificate>, String>>);

impl TrustStores {
    /// Adds what was read of a store: its files by name, or why it cannot be read.
    pub fn add(
        &mut self,
        kind: StoreKind,
        name: &str,
        files: Result<Vec<(String, Vec<u8>)>, String>,
    ) {
        let found = files.and_then(|files| certificates(kind, &files));
        let found = found.map_err(|why| format!("trust store `{}:{name}`: {why}", kind.name()));
        self.0.insert((kind, name.to_owned()), found);
    }

    /// The certificates of all stores of one kind among `wanted`.
    pub(super) fn of(
        &self,
        kind: StoreKind,
        wanted: &[(StoreKind, String)],
    ) -> Result<Vec<&Certificate>, String> {
        let mut found = Vec::new();
        for store in wanted.iter().filter(|(it, _)| *it == kind) {
            match self.0.get(store) {
                Some(Ok(certificates)) => found.extend(certificates),
                Some(Err(why)) => return Err(why.clone()),
                None => {
                    return Err(format!("trust store `{}:{}` was not read", kind.name(), store.1));
                }
            }
        }
        if found.is_empty() {
            return Err(format!("the policy names no trust store of kind `{}`", kind.name()));
        }
        Ok(found)
    }
}

/// An authority, or a certificate that issued itself; for timestamps only the latter.
fn certificates(kind: StoreKind, files: &[(String, Vec<u8>)]) -> Result<Vec<Certificate>, String> {
    let mut all = Vec::new();
    for (name, bytes) in files {
        let wrong = |error: Error| format!("`{name}`: {error}");
        let found = if bytes.first() == Some(&0x30) {
            vec![Certificate::from_der(bytes).map_err(wrong)?]
        } else {
            Certificate::all_from_pem(bytes).map_err(wrong)?
        };
        for certificate in &found {
            let issues = certificate.authority().map_err(wrong)?.issues();
            if kind == StoreKind::Tsa || !issues {
                certificate.is_self_signed().map_err(wrong)?;
            }
        }
        all.extend(found);
    }
    if all.is_empty() { Err("it holds no certificate".into()) } else { Ok(all) }
}
