//! `policy.json`: which requirements are for which image.
//!
//! A field that is not known or is there twice refuses the document.
//! Source: `containers-policy.json.5.md` and `signature/policy_config.go` of containers/image.

use std::collections::BTreeMap;

use plimsoll_model::ImageName;
use serde::Deserialize;

use super::identity::SignedIdentity;
use super::sigstore::SigstoreSigned;
use crate::error::Error;
use crate::json::{self, Bytes};

/// The requirements by transport and scope.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    default: Vec<Requirement>,
    #[serde(default)]
    transports: BTreeMap<String, BTreeMap<String, Vec<Requirement>>>,
}

/// What an image must meet.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum Requirement {
    /// Nothing.
    InsecureAcceptAnything {},
    /// What none does.
    Reject {},
    /// A signature of `OpenPGP`.
    SignedBy(SignedBy),
    /// A base image that is signed, which no program checks.
    SignedBaseLayer {
        /// Of which image the signature is.
        #[serde(rename = "baseLayerIdentity")]
        identity: SignedIdentity,
    },
    /// A signature of Sigstore.
    SigstoreSigned(Box<SigstoreSigned>),
}

impl Requirement {
    /// The name in the document.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InsecureAcceptAnything {} => "insecureAcceptAnything",
            Self::Reject {} => "reject",
            Self::SignedBy(_) => "signedBy",
            Self::SignedBaseLayer { .. } => "signedBaseLayer",
            Self::SigstoreSigned(_) => "sigstoreSigned",
        }
    }
}

/// A signature by one of the keys of a ring.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedBy {
    pub(super) key_type: KeyType,
    key_path: Option<String>,
    key_paths: Option<Vec<String>>,
    key_data: Option<Bytes>,
    pub(super) signed_identity: Option<SignedIdentity>,
}

/// What the keys are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum KeyType {
    /// The keys of a ring.
    GPGKeys,
    /// Keys that those of a ring signed; no program knows it.
    #[serde(rename = "signedByGPGKeys")]
    SignedByGpgKeys,
    /// The same of certificates.
    #[serde(rename = "X509Certificates")]
    X509Certificates,
    /// The same of authorities.
    #[serde(rename = "signedByX509CAs")]
    SignedByX509Cas,
}

/// Where keys are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeySource<'a> {
    File(&'a str),
    Data(&'a [u8]),
}

impl SignedBy {
    pub(super) fn keys(&self) -> Vec<KeySource<'_>> {
        sources(self.key_path.as_ref(), self.key_paths.as_ref(), self.key_data.as_ref(), None)
    }
}

pub(super) fn sources<'a>(
    path: Option<&'a String>,
    paths: Option<&'a Vec<String>>,
    data: Option<&'a Bytes>,
    datas: Option<&'a Vec<Bytes>>,
) -> Vec<KeySource<'a>> {
    let files = path.into_iter().chain(paths.into_iter().flatten()).map(|it| KeySource::File(it));
    let data = data.into_iter().chain(datas.into_iter().flatten()).map(|it| KeySource::Data(&it.0));
    files.chain(data).collect()
}

/// An image as scopes name it.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The transport, such as `docker` or `oci`.
    pub transport: &'static str,
    /// The name in full, and then what it lies in, the nearest first.
    pub names: Vec<String>,
}

impl Scope {
    /// The scopes of an image in a registry: name with tag or digest, name, each folder above it,
    /// the host, and the domains of the host after `*.`.
    pub fn of_image(name: &ImageName) -> Self {
        let whole = format!("{}/{}", name.registry(), name.repository());
        let own = match (name.tag(), name.digest()) {
            (Some(tag), _) => format!("{whole}:{tag}"),
            (None, Some(digest)) => format!("{whole}@{digest}"),
            (None, None) => whole.clone(),
        };
        let mut names = vec![own];
        let mut rest = whole.as_str();
        names.push(rest.to_owned());
        while let Some((above, _)) = rest.rsplit_once('/') {
            names.push(above.to_owned());
            rest = above;
        }
        let mut host = rest.split(':').next().unwrap_or_default();
        while let Some((_, domain)) = host.split_once('.') {
            names.push(format!("*.{domain}"));
            host = domain;
        }
        Self { transport: "docker", names }
    }

    /// The scopes of a layout in a folder, whose path is whole and without links.
    pub fn of_layout(folder: &str, tag: Option<&str>) -> Self {
        let own = tag.map_or_else(|| folder.to_owned(), |tag| format!("{folder}:{tag}"));
        let mut names = vec![own];
        let mut rest = folder;
        while !rest.is_empty() {
            names.push(rest.to_owned());
            rest = rest.rsplit_once('/').map_or("", |(above, _)| above);
        }
        Self { transport: "oci", names }
    }
}

impl Policy {
    /// Reads `policy.json`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let policy: Self = json::document("containers policy", bytes)?;
        let lists = policy.transports.values().flat_map(BTreeMap::values);
        for list in lists.chain([&policy.default]) {
            if list.is_empty() {
                return Err(broken("a list of requirements that is empty"));
            }
            list.iter().try_for_each(check)?;
        }
        Ok(policy)
    }

    /// The requirements for an image, and which part of the document they are from.
    pub fn requirements(&self, scope: &Scope) -> (&[Requirement], String) {
        let Some(scopes) = self.transports.get(scope.transport) else {
            return (&self.default, "default".into());
        };
        let found = scope.names.iter().find_map(|name| Some((name, scopes.get(name)?)));
        match (found, scopes.get("")) {
            (Some((name, list)), _) => (list, format!("{} `{name}`", scope.transport)),
            (None, Some(list)) => (list, format!("{} ``", scope.transport)),
            (None, None) => (&self.default, "default".into()),
        }
    }
}

fn check(requirement: &Requirement) -> Result<(), Error> {
    let count = |given: &[bool]| given.iter().filter(|it| **it).count();
    let (sources, identity) = match requirement {
        Requirement::SignedBy(it) => (
            count(&[it.key_path.is_some(), it.key_paths.is_some(), it.key_data.is_some()]),
            it.signed_identity.as_ref(),
        ),
        Requirement::SigstoreSigned(it) => {
            it.check()?;
            (it.sources(), it.signed_identity.as_ref())
        }
        Requirement::SignedBaseLayer { identity } => (1, Some(identity)),
        _ => (1, None),
    };
    if sources != 1 {
        let name = requirement.name();
        return Err(broken(format!("`{name}` names {sources} sources of keys where one is due")));
    }
    identity.map_or(Ok(()), SignedIdentity::check)
}

pub(super) fn broken(why: impl Into<String>) -> Error {
    Error::malformed("containers policy", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_those_of_skopeo() {
        let scope = Scope::of_image(&"r.example.com:5000/ns/app:1".parse().expect("name"));
        let expected = [
            "r.example.com:5000/ns/app:1",
            "r.example.com:5000/ns/app",
            "r.example.com:5000/ns",
            "r.example.com:5000",
            "*.example.com",
            "*.com",
        ];
        assert_eq!(scope.names, expected);
        let scope = Scope::of_layout("/var/lib/app", Some("1"));
        assert_eq!(scope.names, ["/var/lib/app:1", "/var/lib/app", "/var/lib", "/var"]);
    }

    #[test]
    fn the_nearest_scope_counts_then_the_transport_s_then_the_default() {
        let policy = br#"{"default": [{"type": "reject"}], "transports": {"docker": {
            "r.example.com": [{"type": "insecureAcceptAnything"}],
            "*.example.com": [{"type": "reject"}],
            "": [{"type": "reject"}, {"type": "reject"}]}}}"#;
        let policy = Policy::parse(policy).expect("policy");
        let of = |name: &str| {
            let scope = Scope::of_image(&name.parse().expect("name"));
            policy.requirements(&scope).1
        };
        assert_eq!(of("r.example.com/a"), "docker `r.example.com`");
        assert_eq!(of("s.example.com/a"), "docker `*.example.com`");
        assert_eq!(of("elsewhere.org/a"), "docker ``");
        assert_eq!(policy.requirements(&Scope::of_layout("/a", None)).1, "default");
    }

    #[test]
    fn a_document_that_skopeo_refuses_is_refused() {
        for document in [
            "{}",
            r#"{"default": []}"#,
            r#"{"default": [{"type": "other"}]}"#,
            r#"{"default": [{"type": "reject", "more": 1}]}"#,
            r#"{"default": [{"type": "reject"}], "more": 1}"#,
            r#"{"default": [{"type": "signedBy", "keyType": "GPGKeys"}]}"#,
            r#"{"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "a", "keyData": "AA=="}]}"#,
            r#"{"default": [{"type": "signedBy", "keyType": "other", "keyPath": "a"}]}"#,
            r#"{"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "a",
                "signedIdentity": {"type": "exactReference", "dockerReference": "a b"}}]}"#,
            r#"{"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "a",
                "signedIdentity": {"type": "exactReference", "dockerReference": "r.example/a"}}]}"#,
            r#"{"default": [{"type": "sigstoreSigned"}]}"#,
        ] {
            assert!(Policy::parse(document.as_bytes()).is_err(), "{document}");
        }
    }
}
