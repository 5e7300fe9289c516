//! Reads a `NetworkPolicy` as strictly as the API server does: what it refuses is refused here, with
//! the place of the wrong field, and never taken for something else.
//!
//! <https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/networking/validation/validation.go>

mod admin;
mod selector;

pub(super) use admin::{GROUP, KINDS, admin_policy};

use plimsoll_model::text::{Source, Span};

use super::address::Block;
use super::policy::{Direction, File, Number, Peer, Place, Policy, Port, Protocol, Rule, Who};
use super::refused::{Refused, Wrong};
use crate::manifest::{Mapping, Node, Value};
use crate::object::Object;

/// How many wrong fields of one policy are named.
const MAX_NAMED: usize = 100;

/// Reads a policy; what is wrong with it is the error.
pub(super) fn policy(
    object: &Object<'_>,
    source: &Source,
    file: &File,
) -> Result<Policy, Vec<Refused>> {
    let mut reader = Reader { source, file, path: String::new(), refused: Vec::new() };
    let policy = reader.policy(object);
    match policy {
        Some(policy) if reader.refused.is_empty() => Ok(policy),
        _ => {
            reader.refused.sort_by_key(|refused| refused.place.span);
            Err(reader.refused)
        }
    }
}

struct Reader<'r> {
    source: &'r Source,
    file: &'r File,
    /// The field that is being read.
    path: String,
    refused: Vec<Refused>,
}

impl Reader<'_> {
    fn place(&self, span: Span) -> Place {
        self.file.place(self.source, span)
    }

    fn refuse(&mut self, span: Span, wrong: Wrong) {
        if self.refused.len() < MAX_NAMED {
            let (place, path) = (self.place(span), self.path.clone());
            self.refused.push(Refused { place, path, wrong });
        }
    }

    fn refuse_type(&mut self, node: &Node, wanted: &'static str) {
        self.refuse(node.span, Wrong::Type { wanted, found: node.kind() });
    }

    /// Reads a field or an item, whose name errors tell.
    fn within<T>(&mut self, step: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        if length > 0 && !step.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(step);
        let done = read(self);
        self.path.truncate(length);
        done
    }

    fn field<'n, T>(
        &mut self,
        mapping: &'n Mapping,
        name: &str,
        read: impl FnOnce(&mut Self, &'n Node) -> T,
    ) -> Option<T> {
        let node = mapping.get(name)?;
        Some(self.within(name, |reader| read(reader, node)))
    }

    /// The fields of a mapping, each of which must be known; null is one without fields.
    fn fields<'n>(&mut self, node: &'n Node, known: &[&str]) -> Option<&'n Mapping> {
        static EMPTY: Mapping = Mapping { fields: Vec::new(), flow: false };
        let Value::Mapping(mapping) = &node.value else {
            if node.is_null() {
                return Some(&EMPTY);
            }
            self.refuse_type(node, "a mapping");
            return None;
        };
        for field in &mapping.fields {
            if !known.contains(&&*field.name) {
                let expected = known.join(", ");
                self.within(&field.name, |reader| {
                    reader.refuse(field.name_span, Wrong::Unknown(expected));
                });
            }
        }
        Some(mapping)
    }

    fn items<T>(
        &mut self,
        node: &Node,
        mut read: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Vec<T> {
        let Value::Sequence(sequence) = &node.value else {
            self.refuse_type(node, "a list");
            return Vec::new();
        };
        let items = sequence.items.iter().enumerate();
        items
            .filter_map(|(index, item)| {
                self.within(&format!("[{index}]"), |reader| read(reader, item))
            })
            .collect()
    }

    fn text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        if node.is_null() {
            return Some("");
        }
        let text = node.as_str();
        if text.is_none() {
            self.refuse_type(node, "a text");
        }
        text
    }

    fn policy(&mut self, object: &Object<'_>) -> Option<Policy> {
        let node = object.node;
        if object.api_version != "networking.k8s.io/v1" {
            let span = node.get("apiVersion").map_or(object.head(), |version| version.span);
            self.path.push_str("apiVersion");
            self.refuse(span, Wrong::Version(object.api_version.to_owned()));
            return None;
        }
        let root = self.fields(node, &["apiVersion", "kind", "metadata", "spec", "status"])?;
        if object.name.is_empty() {
            self.within("metadata.name", |reader| reader.refuse(object.head(), Wrong::Missing));
        }
        let spec = root.get("spec");
        let Some(spec) = spec else {
            self.within("spec", |reader| reader.refuse(object.head(), Wrong::Missing));
            return None;
        };
        self.within("spec", |reader| reader.spec(object, spec))
    }

    fn spec(&mut self, object: &Object<'_>, node: &Node) -> Option<Policy> {
        let spec = self.fields(node, &["podSelector", "policyTypes", "ingress", "egress"])?;
        let subject = self.field(spec, "podSelector", Self::selector).unwrap_or_default();
        let ingress = self.rules(spec, Direction::Ingress);
        let egress = self.rules(spec, Direction::Egress);
        let types =
            self.field(spec, "policyTypes", |reader, node| reader.items(node, Self::policy_type));
        // Where none is named the API server fills in: always ingress, and egress where there is
        // a rule for it.
        let (isolates_ingress, isolates_egress) = match types {
            Some(types) if !types.is_empty() => {
                (types.contains(&Direction::Ingress), types.contains(&Direction::Egress))
            }
            _ => (true, !egress.is_empty()),
        };
        let subject_span = spec.field("podSelector").map_or(node.span, |field| field.name_span);
        Some(Policy {
            namespace: object.home().to_owned(),
            name: object.name.to_owned(),
            place: self.place(object.head()),
            subject,
            subject_place: self.place(subject_span),
            isolates_ingress,
            isolates_egress,
            ingress,
            egress,
        })
    }

    fn policy_type(&mut self, node: &Node) -> Option<Direction> {
        match self.text(node)? {
            "Ingress" => Some(Direction::Ingress),
            "Egress" => Some(Direction::Egress),
            other => {
                let wanted = "`Ingress` or `Egress`";
                self.refuse(node.span, Wrong::Word { wanted, found: other.to_owned() });
                None
            }
        }
    }

    fn rules(&mut self, spec: &Mapping, direction: Direction) -> Vec<Rule> {
        let rules = self.field(spec, direction.name(), |reader, node| {
            reader.items(node, |reader, node| reader.rule(node, direction))
        });
        rules.unwrap_or_default()
    }

    fn rule(&mut self, node: &Node, direction: Direction) -> Option<Rule> {
        let peers_field = match direction {
            Direction::Ingress => "from",
            Direction::Egress => "to",
        };
        let rule = self.fields(node, &[peers_field, "ports"])?;
        let peers = self.field(rule, peers_field, |reader, node| reader.items(node, Self::peer));
        let ports = self.field(rule, "ports", |reader, node| reader.items(node, Self::port));
        let written = rule.field(peers_field);
        Some(Rule {
            place: self.place(node.span),
            peers: peers.filter(|peers| !peers.is_empty()),
            peers_place: written.map(|field| self.place(field.name_span)),
            ports: ports.filter(|ports| !ports.is_empty()),
        })
    }

    fn peer(&mut self, node: &Node) -> Option<Peer> {
        let peer = self.fields(node, &["podSelector", "namespaceSelector", "ipBlock"])?;
        let pods = self.field(peer, "podSelector", Self::selector);
        let namespaces = self.field(peer, "namespaceSelector", Self::selector);
        let addresses = self.field(peer, "ipBlock", Self::addresses);
        let who = match (pods, namespaces, addresses) {
            (None, None, None) => {
                self.refuse(node.span, Wrong::Nobody);
                return None;
            }
            (None, None, Some(addresses)) => addresses?,
            (pods, namespaces, None) => Who::Pods { pods, namespaces },
            _ => {
                self.refuse(node.span, Wrong::TwoPeers);
                return None;
            }
        };
        Some(Peer { place: self.place(node.span), who })
    }

    fn addresses(&mut self, node: &Node) -> Option<Who> {
        let fields = self.fields(node, &["cidr", "except"])?;
        if fields.get("cidr").is_none() {
            self.within("cidr", |reader| reader.refuse(node.span, Wrong::Missing));
        }
        let block = self.field(fields, "cidr", Self::block)??;
        let except = self.field(fields, "except", |reader, node| {
            reader.items(node, |reader, node| {
                let except = reader.block(node)?;
                if !block.covers_more_than(&except) {
                    let (except, block) = (except.to_string(), block.to_string());
                    reader.refuse(node.span, Wrong::Except { except, block });
                }
                Some(except)
            })
        });
        Some(Who::Addresses { block, except: except.unwrap_or_default() })
    }

    fn block(&mut self, node: &Node) -> Option<Block> {
        let text = self.text(node)?;
        let block = Block::parse(text);
        if block.is_none() {
            self.refuse(node.span, Wrong::Block(text.to_owned()));
        }
        block
    }

    fn port(&mut self, node: &Node) -> Option<Port> {
        let fields = self.fields(node, &["protocol", "port", "endPort"])?;
        let protocol = self.field(fields, "protocol", |reader, node| {
            let text = reader.text(node)?;
            let protocol = Protocol::named(text);
            if protocol.is_none() {
                let wanted = "`TCP`, `UDP` or `SCTP`";
                reader.refuse(node.span, Wrong::Word { wanted, found: text.to_owned() });
            }
            protocol
        });
        let number = self.field(fields, "port", Self::number);
        let end = self.field(fields, "endPort", Self::port_number);
        let number = match (number, end) {
            (None, None) => Number::Any,
            (Some(number), None) => number?,
            (Some(Some(Number::Range(first, _))), Some(end)) => {
                let end = end?;
                if end < first {
                    let span = fields.get("endPort").map_or(node.span, |node| node.span);
                    self.within("endPort", |reader| {
                        reader.refuse(span, Wrong::EndBeforeFirst { first, end });
                    });
                }
                Number::Range(first, end)
            }
            (Some(None), Some(_)) => return None,
            (_, Some(_)) => {
                let span = fields.get("endPort").map_or(node.span, |node| node.span);
                self.within("endPort", |reader| reader.refuse(span, Wrong::EndWithoutNumber));
                return None;
            }
        };
        let protocol = protocol.unwrap_or(Some(Protocol::TCP))?;
        Some(Port { place: self.place(node.span), protocol, number })
    }

    fn number(&mut self, node: &Node) -> Option<Number> {
        if let Some(name) = node.as_str() {
            if !is_port_name(name) {
                self.refuse(node.span, Wrong::PortName(name.to_owned()));
            }
            return Some(Number::Named(name.to_owned()));
        }
        self.port_number(node).map(|number| Number::Range(number, number))
    }

    fn port_number(&mut self, node: &Node) -> Option<u16> {
        let number = match &node.value {
            Value::Scalar(scalar) => scalar.as_integer(),
            _ => None,
        };
        let Some(number) = number else {
            self.refuse_type(node, "a whole number");
            return None;
        };
        let port = u16::try_from(number).ok().filter(|port| *port > 0);
        if port.is_none() {
            self.refuse(node.span, Wrong::PortNumber(number));
        }
        port
    }
}

/// <https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/validation.go>,
/// `IsValidPortName`.
fn is_port_name(name: &str) -> bool {
    (1..=15).contains(&name.len())
        && name.bytes().all(|one| matches!(one, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && name.bytes().any(|one| one.is_ascii_lowercase())
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}
