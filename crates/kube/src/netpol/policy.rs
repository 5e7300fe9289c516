//! A `NetworkPolicy`, as types.
//!
//! <https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/>

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use plimsoll_model::text::{Source, Span};

use super::address::Block;
use super::selector::Selector;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// Which of the manifests that were told it is in, by their order.
    pub manifest: usize,
    /// The line, from 1.
    pub line: u32,
    /// The bytes.
    pub span: Span,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A manifest, as places in it are told.
#[derive(Debug, Clone, Default)]
pub(super) struct File {
    pub(super) name: Arc<str>,
    /// Its number in the order in which they were told.
    pub(super) manifest: usize,
}

impl File {
    /// The place of a span.
    pub(super) fn place(&self, source: &Source, span: Span) -> Place {
        let (file, manifest) = (Arc::clone(&self.name), self.manifest);
        Place { file, manifest, line: source.line(span.start), span }
    }
}

/// Which way traffic goes, as the pod sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// To the pod.
    Ingress,
    /// From the pod.
    Egress,
}

impl Direction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ingress, Self::Egress];

    /// In lower case: the field of the rules.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

/// A protocol that policies know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[allow(clippy::upper_case_acronyms, reason = "these are their names")]
pub enum Protocol {
    /// TCP, which is meant where none is named.
    #[default]
    TCP,
    /// UDP.
    UDP,
    /// SCTP.
    SCTP,
}

impl Protocol {
    /// All, in their order.
    pub const ALL: [Self; 3] = [Self::TCP, Self::UDP, Self::SCTP];

    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::TCP => "TCP",
            Self::UDP => "UDP",
            Self::SCTP => "SCTP",
        }
    }

    /// The protocol of that name, in capitals as the API has it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A policy: it isolates the pods that it selects, and its rules say what may pass all the same.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub place: Place,
    /// Which pods of its namespace it isolates.
    pub subject: Selector,
    /// Where the subject stands, else where the spec does.
    pub subject_place: Place,
    /// Whether it isolates for ingress.
    pub isolates_ingress: bool,
    /// Whether it isolates for egress.
    pub isolates_egress: bool,
    /// What may come in; without effect where it does not isolate for ingress.
    pub ingress: Vec<Rule>,
    /// What may go out; without effect where it does not isolate for egress.
    pub egress: Vec<Rule>,
}

impl Policy {
    /// Whether it isolates its pods in a direction.
    pub fn isolates(&self, direction: Direction) -> bool {
        match direction {
            Direction::Ingress => self.isolates_ingress,
            Direction::Egress => self.isolates_egress,
        }
    }

    /// The rules of a direction as they are written, whether or not they have an effect.
    pub fn rules(&self, direction: Direction) -> &[Rule] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }

    /// `shop/deny-all`.
    pub fn called(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// A rule: it allows what comes from, or goes to, one of the peers on one of the ports.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Where it stands.
    pub place: Place,
    /// With whom; `None` is everybody: an absent and an empty list are the same.
    pub peers: Option<Vec<Peer>>,
    /// Where the list of peers stands, where it is written at all.
    pub peers_place: Option<Place>,
    /// On which ports; `None` is all of them.
    pub ports: Option<Vec<Port>>,
}

/// With whom.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Where it stands.
    pub place: Place,
    /// Who it is.
    pub who: Who,
}

/// Who a peer is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Who {
    /// Pods.
    Pods {
        /// By their labels; `None` is every pod.
        pods: Option<Selector>,
        /// By the labels of their namespace; `None` is the namespace of the policy.
        namespaces: Option<Selector>,
    },
    /// Addresses.
    Addresses {
        /// These.
        block: Block,
        /// But not these.
        except: Vec<Block>,
    },
}

impl Who {
    /// Whether an address is meant; selectors of pods mean none.
    pub fn has_address(&self, address: IpAddr) -> bool {
        match self {
            Self::Pods { .. } => false,
            Self::Addresses { block, except } => {
                block.contains(address) && !except.iter().any(|one| one.contains(address))
            }
        }
    }
}

/// On which ports.
#[derive(Debug, Clone)]
pub struct Port {
    /// Where it stands.
    pub place: Place,
    /// The protocol.
    pub protocol: Protocol,
    /// The number.
    pub number: Number,
}

/// Which port of a protocol.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Number {
    /// Each.
    Any,
    /// From the first to the last, both included.
    Range(u16, u16),
    /// The port that the receiving pod calls so.
    Named(String),
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = self.protocol;
        match &self.number {
            Number::Any => write!(f, "{protocol}"),
            Number::Range(first, last) if first == last => write!(f, "{protocol} {first}"),
            Number::Range(first, last) => write!(f, "{protocol} {first}-{last}"),
            Number::Named(name) => write!(f, "{protocol} `{name}`"),
        }
    }
}
