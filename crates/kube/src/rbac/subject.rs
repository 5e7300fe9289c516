//! Who is given rights, and where.

use std::fmt;

use crate::manifest::Node;

/// Somebody whom the API server knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// An account of a program: namespace and name.
    ServiceAccount(String, String),
    /// A person, or whatever else proves a name.
    User(String),
    /// All who are in a group.
    Group(String),
}

/// The group whose members no rule stops.
pub(super) const MASTERS: &str = "system:masters";

impl Subject {
    /// A subject of a binding; of a service account without a namespace, the binding's.
    pub(crate) fn of(node: &Node, home: Option<&str>) -> Option<Self> {
        let name = node.text("name")?.value.to_owned();
        Some(match node.text("kind")?.value {
            "ServiceAccount" => {
                let home = node.text("namespace").map(|text| text.value).or(home)?;
                Self::ServiceAccount(home.to_owned(), name)
            }
            "User" => match service_account(&name) {
                Some(account) => account,
                None => Self::User(name),
            },
            "Group" => Self::Group(name),
            _ => return None,
        })
    }

    /// What an argument names: `NAMESPACE/NAME`, `user:NAME`, `group:NAME`, or a user name that
    /// the API server gives to a service account.
    pub fn named(text: &str) -> Option<Self> {
        if let Some(account) = service_account(text) {
            return Some(account);
        }
        if let Some(name) = text.strip_prefix("user:") {
            return Some(Self::User(name.to_owned()));
        }
        if let Some(name) = text.strip_prefix("group:") {
            return Some(Self::Group(name.to_owned()));
        }
        let (home, name) = text.strip_prefix("sa:").unwrap_or(text).split_once('/')?;
        Some(Self::ServiceAccount(home.to_owned(), name.to_owned()))
    }

    /// The groups that it is always in.
    pub(super) fn groups(&self) -> Vec<Self> {
        let group = |name: &str| Self::Group(name.to_owned());
        match self {
            Self::ServiceAccount(home, _) => vec![
                group("system:serviceaccounts"),
                Self::Group(format!("system:serviceaccounts:{home}")),
                group("system:authenticated"),
            ],
            Self::User(name) if name == "system:anonymous" => vec![group("system:unauthenticated")],
            Self::User(_) => vec![group("system:authenticated")],
            Self::Group(_) => Vec::new(),
        }
    }

    /// Whether it is one of the cluster's own: a part of Kubernetes, not of what runs on it.
    pub fn is_systems(&self) -> bool {
        match self {
            Self::ServiceAccount(home, _) => home == "kube-system",
            Self::User(name) => name.starts_with("system:"),
            Self::Group(name) => {
                name.starts_with("system:")
                    && name != "system:authenticated"
                    && name != "system:unauthenticated"
                    && !name.starts_with("system:serviceaccounts")
            }
        }
    }
}

/// `system:serviceaccount:NAMESPACE:NAME` is a service account's name as a user.
fn service_account(name: &str) -> Option<Subject> {
    let (home, name) = name.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    Some(Subject::ServiceAccount(home.to_owned(), name.to_owned()))
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServiceAccount(home, name) => write!(f, "ServiceAccount {home}/{name}"),
            Self::User(name) => write!(f, "User {name}"),
            Self::Group(name) => write!(f, "Group {name}"),
        }
    }
}

/// Where a right holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everywhere, and for what is in no namespace.
    Cluster,
    /// In one namespace.
    Namespace(String),
}

impl Scope {
    /// Whether what holds here holds in that namespace; `None` asks about the whole cluster.
    pub fn covers(&self, namespace: Option<&str>) -> bool {
        match (self, namespace) {
            (Self::Cluster, _) => true,
            (Self::Namespace(home), Some(namespace)) => home == namespace,
            (Self::Namespace(_), None) => false,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => f.write_str("everywhere"),
            Self::Namespace(home) => write!(f, "in {home}"),
        }
    }
}
