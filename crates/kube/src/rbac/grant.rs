//! One rule of a role: verbs on resources.
//!
//! After `pkg/apis/rbac/v1/evaluation_helpers.go` of Kubernetes.

use std::fmt;

use crate::manifest::Node;

/// A rule of a role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    /// What may be done; `*` is everything.
    pub verbs: Vec<String>,
    /// In which groups of the API; the empty text is the core group.
    pub groups: Vec<String>,
    /// To what: `pods`, `pods/exec`, `*/scale`, `*`.
    pub resources: Vec<String>,
    /// To which of them by name; none is all.
    pub names: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

/// A place in a file; without a line it is a role that every cluster has.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file; empty where it has no name.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.file.as_str(), self.line) {
            (_, 0) => f.write_str("built in"),
            ("", line) => write!(f, "line {line}"),
            (file, line) => write!(f, "{file}:{line}"),
        }
    }
}

/// What somebody asks to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'r> {
    /// `get`, `create`, `escalate`, …
    pub verb: &'r str,
    /// The group of the API; empty for the core group.
    pub group: &'r str,
    /// The resource, with its part after a slash: `pods/exec`.
    pub resource: &'r str,
    /// One of them by name; `None` where no name is known beforehand, as in `list` and `create`.
    pub name: Option<&'r str>,
}

impl Grant {
    pub(super) fn of(node: &Node, place: Place) -> Self {
        let texts = |name| node.texts(name).map(|text| text.value.to_owned()).collect();
        Self {
            verbs: texts("verbs"),
            groups: texts("apiGroups"),
            resources: texts("resources"),
            names: texts("resourceNames"),
            place,
        }
    }

    /// Whether it allows this.
    pub fn allows(&self, request: &Request<'_>) -> bool {
        let named = self.names.is_empty()
            || request.name.is_some_and(|name| self.names.iter().any(|one| one == name));
        named && self.allows_some(request.verb, request.group, request.resource)
    }

    /// Whether it allows this to all of them, or to those that it names.
    pub fn allows_some(&self, verb: &str, group: &str, resource: &str) -> bool {
        let has =
            |list: &[String], wanted: &str| list.iter().any(|one| one == "*" || one == wanted);
        has(&self.verbs, verb) && has(&self.groups, group) && self.has_resource(resource)
    }

    fn has_resource(&self, wanted: &str) -> bool {
        let part = wanted.split_once('/').map(|(_, part)| part);
        self.resources.iter().any(|one| {
            one == "*"
                || one == wanted
                || part.is_some_and(|part| one.strip_prefix("*/") == Some(part))
        })
    }

    /// Whether it allows everything, whatever is there.
    pub fn is_everything(&self) -> bool {
        let is_all = |list: &[String]| list.iter().any(|one| one == "*");
        is_all(&self.verbs)
            && is_all(&self.groups)
            && is_all(&self.resources)
            && self.names.is_empty()
    }

    /// Whether it concerns one of that name.
    pub fn concerns(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|one| one == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(verbs: &str, resources: &str, names: &str) -> Grant {
        let list = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Grant {
            verbs: list(verbs),
            groups: vec![String::new()],
            resources: list(resources),
            names: list(names),
            place: Place::default(),
        }
    }

    fn ask<'r>(verb: &'r str, resource: &'r str, name: Option<&'r str>) -> Request<'r> {
        Request { verb, group: "", resource, name }
    }

    #[test]
    fn a_rule_allows_what_the_authorizer_allows() {
        assert!(grant("get", "pods", "").allows(&ask("get", "pods", None)));
        assert!(!grant("get", "pods", "").allows(&ask("get", "pods/log", None)));
        assert!(grant("get", "*/log", "").allows(&ask("get", "pods/log", None)));
        assert!(grant("*", "*", "").allows(&ask("get", "pods/log", None)));
        assert!(!grant("get", "pods", "a").allows(&ask("get", "pods", None)));
        assert!(grant("get", "pods", "a b").allows(&ask("get", "pods", Some("b"))));
        let apps = Request { verb: "get", group: "apps", resource: "pods", name: None };
        assert!(!grant("get", "pods", "").allows(&apps));
    }
}
