//! The documents of a policy file, as they are written.
//!
//! `ClusterImagePolicy` is sigstore's; `ImagePolicy` is ours, with the same fields and a few more.
//! Source: `pkg/apis/policy/v1beta1/clusterimagepolicy_types.go` of sigstore/policy-controller.

use std::collections::BTreeMap;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

/// What every document of Kubernetes has; read first, to say what another kind of document is.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    #[serde(rename = "apiVersion", default)]
    pub(super) api_version: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) kind: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Document {
    #[serde(rename = "apiVersion")]
    pub(super) _api_version: IgnoredAny,
    pub(super) kind: Spanned<String>,
    #[serde(default)]
    pub(super) metadata: Metadata,
    #[serde(default)]
    pub(super) spec: Option<Spanned<Spec>>,
    /// Of a `ConfigMap`.
    #[serde(default)]
    pub(super) data: BTreeMap<String, Spanned<String>>,
    #[serde(default, rename = "status")]
    pub(super) _status: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Metadata {
    #[serde(default)]
    pub(super) name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Spec {
    #[serde(default)]
    pub(super) images: Vec<Image>,
    #[serde(default)]
    pub(super) authorities: Vec<Spanned<Authority>>,
    pub(super) mode: Option<Spanned<String>>,
    pub(super) policy: Option<Spanned<Condition>>,
    /// Which resources of a cluster the policy is for; here it is for all.
    #[serde(rename = "match")]
    pub(super) _match: Option<IgnoredAny>,
    /// Ours: how many authorities must hold.
    pub(super) require: Option<Spanned<Require>>,
    /// Ours: claims that must be there.
    #[serde(default)]
    pub(super) attestations: Vec<Spanned<Attestation>>,
    /// Ours: what every signer must say.
    pub(super) annotations: Option<Spanned<BTreeMap<String, String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Image {
    pub(super) glob: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Authority {
    pub(super) name: Option<Spanned<String>>,
    pub(super) key: Option<Spanned<Key>>,
    pub(super) keyless: Option<Spanned<Keyless>>,
    #[serde(rename = "static")]
    pub(super) fixed: Option<Spanned<Static>>,
    #[serde(default)]
    pub(super) source: Vec<Spanned<Source>>,
    pub(super) ctlog: Option<TransparencyLog>,
    #[serde(default)]
    pub(super) attestations: Vec<Spanned<Attestation>>,
    pub(super) rfc3161timestamp: Option<TimestampAuthority>,
    pub(super) signature_format: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Key {
    pub(super) data: Option<Spanned<String>>,
    pub(super) secret_ref: Option<Spanned<IgnoredAny>>,
    pub(super) kms: Option<Spanned<String>>,
    /// Every hash function that the key's owners use is tried.
    #[serde(rename = "hashAlgorithm")]
    pub(super) _hash_algorithm: Option<IgnoredAny>,
    /// Ours: a file, seen from that of the policy.
    pub(super) file: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Keyless {
    /// Where certificates are issued; the trusted root says which count.
    #[serde(rename = "url")]
    pub(super) _url: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) identities: Vec<Spanned<Identity>>,
    #[serde(rename = "ca-cert")]
    pub(super) ca_cert: Option<Spanned<Key>>,
    pub(super) trust_root_ref: Option<Spanned<String>>,
    #[serde(rename = "insecureIgnoreSCT", default)]
    pub(super) insecure_ignore_sct: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Identity {
    pub(super) issuer: Option<Spanned<String>>,
    pub(super) subject: Option<Spanned<String>>,
    pub(super) issuer_reg_exp: Option<Spanned<String>>,
    pub(super) subject_reg_exp: Option<Spanned<String>>,
    /// Ours: what the certificate must say of the build, by the extension's name.
    pub(super) extensions: Option<Spanned<BTreeMap<String, Spanned<String>>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Static {
    pub(super) action: Spanned<String>,
    pub(super) message: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Source {
    pub(super) oci: Spanned<String>,
    pub(super) tag_prefix: Option<Spanned<String>>,
    pub(super) signature_pull_secrets: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TransparencyLog {
    pub(super) url: Option<String>,
    pub(super) trust_root_ref: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TimestampAuthority {
    pub(super) trust_root_ref: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Attestation {
    /// By which other policies name it.
    #[serde(rename = "name")]
    pub(super) _name: Option<IgnoredAny>,
    pub(super) predicate_type: Spanned<String>,
    pub(super) policy: Option<Spanned<Condition>>,
    /// Ours: who may have signed it; without it every authority.
    pub(super) signed_by: Option<Vec<Spanned<String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Condition {
    #[serde(rename = "type")]
    pub(super) language: Spanned<String>,
    pub(super) data: Option<String>,
    pub(super) remote: Option<Spanned<IgnoredAny>>,
    pub(super) config_map_ref: Option<Spanned<IgnoredAny>>,
    #[serde(rename = "fetchConfigFile")]
    pub(super) _fetch_config_file: Option<IgnoredAny>,
    #[serde(rename = "includeSpec")]
    pub(super) _include_spec: Option<IgnoredAny>,
    #[serde(rename = "includeObjectMeta")]
    pub(super) _include_object_meta: Option<IgnoredAny>,
    #[serde(rename = "includeTypeMeta")]
    pub(super) _include_type_meta: Option<IgnoredAny>,
}

/// `all`, `any`, a number, or several of these for some of the authorities each.
#[derive(Debug)]
pub(super) enum Require {
    One(Count),
    Groups(Vec<Spanned<Group>>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) count: Spanned<Count>,
    pub(super) of: Option<Vec<Spanned<String>>>,
}

/// How many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Count {
    All,
    Number(u64),
    /// A word that is no number.
    Other(String),
}

impl Count {
    fn word(word: &str) -> Self {
        match word {
            "all" => Self::All,
            "any" => Self::Number(1),
            other => other.parse().map_or_else(|_| Self::Other(other.to_owned()), Self::Number),
        }
    }
}

const COUNT: &str = "`all`, `any` or a number";

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Count;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(COUNT)
            }

            fn visit_u64<E>(self, number: u64) -> Result<Count, E> {
                Ok(Count::Number(number))
            }

            fn visit_str<E>(self, word: &str) -> Result<Count, E> {
                Ok(Count::word(word))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Require {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Require;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(out, "{COUNT}, or a list of `count` and `of`")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Require, E> {
                Ok(Require::One(Count::Number(number)))
            }

            fn visit_str<E>(self, word: &str) -> Result<Require, E> {
                Ok(Require::One(Count::word(word)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Require, A::Error> {
                let mut groups = Vec::new();
                while let Some(group) = items.next_element()? {
                    groups.push(group);
                }
                Ok(Require::Groups(groups))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
