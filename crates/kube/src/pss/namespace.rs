//! What the labels of a namespace ask of its pods.
//!
//! After `PolicyToEvaluate` in `api/helpers.go` of the admission plugin: a level that cannot be
//! read enforces restricted, and neither audits nor warns.

use plimsoll_model::text::Span;

use super::policy::{Policy, PolicyError, Profile, Version};
use crate::manifest::{Located, Node};
use crate::object::Object;

/// What the names of the labels begin with.
pub(super) const PREFIX: &str = "pod-security.kubernetes.io/";

/// The policies of the three modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modes {
    /// Pods that violate it are refused.
    pub enforce: Policy,
    /// Pods that violate it are noted in the audit log.
    pub audit: Policy,
    /// Whoever makes a pod that violates it is warned.
    pub warn: Policy,
}

/// A namespace's policies, where they come from and which labels could not be read.
#[derive(Debug, Clone)]
pub struct NamespaceLabels {
    /// The namespace's name.
    pub name: String,
    /// The policies; `None` where no label says any.
    pub modes: Option<Modes>,
    /// Labels that cannot be read, and what is wrong with them.
    pub wrong: Vec<(Span, String, PolicyError)>,
}

impl NamespaceLabels {
    /// What an object says as a namespace, where it is one.
    pub fn of(object: &Object<'_>) -> Option<Self> {
        if object.kind != "Namespace" || object.api_version != "v1" {
            return None;
        }
        let labels = object.node.at(&["metadata", "labels"]);
        let mut reader = Reader { labels, wrong: Vec::new(), any: false };
        let open = Policy { profile: Profile::Privileged, version: Version::Latest };
        let enforce_level = reader.level("enforce");
        let enforce = Policy {
            profile: match enforce_level {
                Some(Ok(level)) => level,
                Some(Err(())) => Profile::Restricted,
                None => open.profile,
            },
            version: reader.version("enforce").unwrap_or_default(),
        };
        let audit_level = reader.level("audit");
        let audit = Policy {
            profile: audit_level.and_then(Result::ok).unwrap_or(open.profile),
            version: reader.version("audit").unwrap_or_default(),
        };
        let (warn_level, warn_version) = (reader.level("warn"), reader.version("warn"));
        let mut warn = Policy {
            profile: warn_level.and_then(Result::ok).unwrap_or(open.profile),
            version: warn_version.unwrap_or_default(),
        };
        // Who enforces is warned as well: what makes pods is not refused, only its pods are.
        if warn_level.is_none() && matches!(enforce_level, Some(Ok(_))) {
            warn.profile = enforce.profile.max(warn.profile);
            if warn_version.is_none() && enforce.profile > open.profile {
                warn.version = enforce.version;
            }
        }
        let modes = reader.any.then_some(Modes { enforce, audit, warn });
        Some(Self { name: object.name.to_owned(), modes, wrong: reader.wrong })
    }
}

struct Reader<'m> {
    labels: Option<&'m Node>,
    wrong: Vec<(Span, String, PolicyError)>,
    any: bool,
}

impl<'m> Reader<'m> {
    fn label(&mut self, name: &str) -> Option<Located<&'m str>> {
        let labels = self.labels?;
        let value = labels.get(name)?;
        let found = value.as_str().map(|text| Located { value: text, span: value.span });
        self.any |= found.is_some();
        found
    }

    /// `Some(Err)` where the label is there and cannot be read.
    fn level(&mut self, mode: &str) -> Option<Result<Profile, ()>> {
        let name = format!("{PREFIX}{mode}");
        let text = self.label(&name)?;
        Some(text.value.parse().map_err(|error| self.wrong.push((text.span, name, error))))
    }

    fn version(&mut self, mode: &str) -> Option<Version> {
        let name = format!("{PREFIX}{mode}-version");
        let text = self.label(&name)?;
        let parsed = text.value.parse().map_err(|error| self.wrong.push((text.span, name, error)));
        Some(parsed.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::Source;

    use super::*;
    use crate::manifest::Manifest;

    fn labels(labels: &str) -> NamespaceLabels {
        let text = format!(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  labels: {{{labels}}}\n"
        );
        let manifest = Manifest::parse(Source::new(text));
        let objects = crate::object::objects(&manifest).0;
        NamespaceLabels::of(&objects[0]).unwrap()
    }

    fn said(found: &NamespaceLabels) -> String {
        let modes = found.modes.unwrap();
        format!("{} {} {}", modes.enforce, modes.audit, modes.warn)
    }

    #[test]
    fn who_enforces_is_warned_as_well() {
        let found = labels(
            "pod-security.kubernetes.io/enforce: restricted, \
             pod-security.kubernetes.io/enforce-version: v1.25",
        );
        assert_eq!(said(&found), "restricted:v1.25 privileged:latest restricted:v1.25");
        assert_eq!(labels("a: b").modes, None);
    }

    #[test]
    fn a_level_that_cannot_be_read_enforces_restricted_and_warns_of_nothing() {
        let found = labels(
            "pod-security.kubernetes.io/enforce: strict, pod-security.kubernetes.io/warn: x",
        );
        assert_eq!(said(&found), "restricted:latest privileged:latest privileged:latest");
        assert_eq!(found.wrong.len(), 2);
    }
}
