//! What the labels of a namespace ask of its pods.
//!
//! After `PolicyToEvaluate` in `api/helpers.go` of the admission plugin: a level that cannot be
//! read enforces restricted, and neither audits nor warns.

use plimsoll_model::text::Span;

use super::policy::{Policy, PolicyError, Profile, Version};
use crate::object::Object;

/// What the names of the labels begin with.
pub(super) const PREFIX: &str = "pod-security.kubernetes.io/";

/// The modes, as labels name them.
const MODES: [&str; 3] = ["enforce", "audit", "warn"];

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

/// A label that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongLabel {
    /// Its name.
    pub label: String,
    /// Its value.
    pub value: String,
    /// What is wrong with it.
    pub error: PolicyError,
}

impl Modes {
    /// Nothing is asked.
    pub const OPEN: Self = {
        let open = Policy { profile: Profile::Privileged, version: Version::Latest };
        Self { enforce: open, audit: open, warn: open }
    };

    /// What labels ask, and what of them cannot be read; what no label says is as in `defaults`.
    pub fn read<'l>(
        label: impl Fn(&str) -> Option<&'l str>,
        defaults: Self,
    ) -> (Self, Vec<WrongLabel>) {
        let mut reader = Reader { label, wrong: Vec::new() };
        let mut modes = defaults;
        let enforce_level = reader.level("enforce");
        match enforce_level {
            Some(Ok(level)) => modes.enforce.profile = level,
            Some(Err(())) => modes.enforce.profile = Profile::Restricted,
            None => {}
        }
        modes.enforce.version = reader.version("enforce").unwrap_or(modes.enforce.version);
        if let Some(level) = reader.level("audit") {
            modes.audit.profile = level.unwrap_or(Profile::Privileged);
        }
        modes.audit.version = reader.version("audit").unwrap_or(modes.audit.version);
        let (warn_level, warn_version) = (reader.level("warn"), reader.version("warn"));
        if let Some(level) = warn_level {
            modes.warn.profile = level.unwrap_or(Profile::Privileged);
        }
        modes.warn.version = warn_version.unwrap_or(modes.warn.version);
        // Who enforces is warned as well: what makes pods is not refused, only its pods are.
        let is_enforced = matches!(enforce_level, Some(Ok(_)));
        if warn_level.is_none() && is_enforced && modes.enforce.profile > modes.warn.profile {
            modes.warn.profile = modes.enforce.profile;
            if warn_version.is_none() {
                modes.warn.version = modes.enforce.version;
            }
        }
        (modes, reader.wrong)
    }

    /// Whether none of the three forbids anything.
    pub fn is_open(&self) -> bool {
        [self.enforce, self.audit, self.warn].iter().all(|one| one.profile == Profile::Privileged)
    }
}

impl NamespaceLabels {
    /// What an object says as a namespace, where it is one.
    pub fn of(object: &Object<'_>) -> Option<Self> {
        if object.kind != "Namespace" || object.api_version != "v1" {
            return None;
        }
        let labels = object.node.at(&["metadata", "labels"]);
        let label = |name: &str| labels?.text(name).map(|text| text.value);
        let any = MODES.iter().any(|mode| {
            ["", "-version"].iter().any(|end| label(&format!("{PREFIX}{mode}{end}")).is_some())
        });
        let (modes, wrong) = Modes::read(label, Modes::OPEN);
        let placed = |wrong: WrongLabel| {
            let span = labels?.get(&wrong.label)?.span;
            Some((span, wrong.label, wrong.error))
        };
        Some(Self {
            name: object.name.to_owned(),
            modes: any.then_some(modes),
            wrong: wrong.into_iter().filter_map(placed).collect(),
        })
    }
}

struct Reader<L> {
    label: L,
    wrong: Vec<WrongLabel>,
}

impl<'l, L: Fn(&str) -> Option<&'l str>> Reader<L> {
    /// `Some(Err)` where the label is there and cannot be read.
    fn level(&mut self, mode: &str) -> Option<Result<Profile, ()>> {
        self.read(format!("{PREFIX}{mode}"))
    }

    /// The newest where the label is there and cannot be read.
    fn version(&mut self, mode: &str) -> Option<Version> {
        Some(self.read(format!("{PREFIX}{mode}-version"))?.unwrap_or_default())
    }

    fn read<T: std::str::FromStr<Err = PolicyError>>(
        &mut self,
        label: String,
    ) -> Option<Result<T, ()>> {
        let value = (self.label)(&label)?;
        Some(value.parse().map_err(|error| {
            self.wrong.push(WrongLabel { label, value: value.to_owned(), error });
        }))
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
