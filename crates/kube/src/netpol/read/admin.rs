//! Reads the policies of administrators as their definitions in the cluster check them.
//!
//! <https://github.com/kubernetes-sigs/network-policy-api/tree/main/apis>

use plimsoll_model::text::Source;

use super::super::admin::{Action, AdminPeer, AdminPolicy, AdminRule, Tier};
use super::super::policy::{Direction, File, Number, Port, Protocol, Who};
use super::super::refused::{Refused, Wrong};
use super::Reader;
use crate::manifest::{Mapping, Node};
use crate::object::Object;

/// The group of their API.
pub(in super::super) const GROUP: &str = "policy.networking.k8s.io";
/// The kinds.
pub(in super::super) const KINDS: [&str; 3] =
    ["AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"];

/// The two forms: `ClusterNetworkPolicy` is the newer one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Admin,
    Baseline,
    Cluster,
}

impl Form {
    fn of(kind: &str) -> Self {
        match kind {
            "AdminNetworkPolicy" => Self::Admin,
            "BaselineAdminNetworkPolicy" => Self::Baseline,
            _ => Self::Cluster,
        }
    }

    /// How many rules, peers or ports a list may have.
    fn most(self) -> usize {
        if self == Self::Cluster { 25 } else { 100 }
    }
}

/// Reads a policy; what is wrong with it is the error.
pub(in super::super) fn admin_policy(
    object: &Object<'_>,
    source: &Source,
    file: &File,
) -> Result<AdminPolicy, Vec<Refused>> {
    let mut reader = Reader { source, file, path: String::new(), refused: Vec::new() };
    let policy = reader.admin(object);
    match policy {
        Some(policy) if reader.refused.is_empty() => Ok(policy),
        _ => Err(reader.refused),
    }
}

impl Reader<'_> {
    fn word(&mut self, node: &Node, wanted: &'static str) {
        let found = node.as_str().unwrap_or(node.kind()).to_owned();
        self.refuse(node.span, Wrong::Word { wanted, found });
    }

    /// Refuses what is not there.
    fn need(&mut self, node: &Node, mapping: &Mapping, names: &[&str]) {
        for name in names {
            if mapping.get(name).is_none() {
                self.within(name, |reader| reader.refuse(node.span, Wrong::Missing));
            }
        }
    }

    /// The one field that is set, of several of which one must be.
    fn one_of<'n>(
        &mut self,
        node: &'n Node,
        known: &[&'static str],
    ) -> Option<(&'static str, &'n Node)> {
        let mapping = self.fields(node, known)?;
        let mut set = known.iter().filter_map(|name| Some((*name, mapping.get(name)?)));
        let first = set.next();
        if first.is_none() || set.next().is_some() {
            self.refuse(node.span, Wrong::OneOf(known.join(", ")));
            return None;
        }
        first
    }

    fn admin(&mut self, object: &Object<'_>) -> Option<AdminPolicy> {
        let node = object.node;
        let form = Form::of(object.kind);
        let wanted = match form {
            Form::Cluster => {
                ["policy.networking.k8s.io/v1alpha2", "`policy.networking.k8s.io/v1alpha2`"]
            }
            _ => ["policy.networking.k8s.io/v1alpha1", "`policy.networking.k8s.io/v1alpha1`"],
        };
        let [version, shown] = wanted;
        if object.api_version != version {
            let version = node.get("apiVersion").unwrap_or(node);
            self.within("apiVersion", |reader| reader.word(version, shown));
            return None;
        }
        let root = self.fields(node, &["apiVersion", "kind", "metadata", "spec", "status"])?;
        if object.name.is_empty() {
            self.within("metadata.name", |reader| reader.refuse(object.head(), Wrong::Missing));
        } else if form == Form::Baseline && object.name != "default" {
            let name = node.at(&["metadata", "name"]).unwrap_or(node);
            self.within("metadata.name", |reader| reader.word(name, "`default`"));
        }
        self.need(node, root, &["spec"]);
        self.field(root, "spec", |reader, spec| reader.admin_spec(object, form, spec))?
    }

    fn admin_spec(&mut self, object: &Object<'_>, form: Form, node: &Node) -> Option<AdminPolicy> {
        let known: &[&str] = match form {
            Form::Admin => &["priority", "subject", "ingress", "egress"],
            Form::Baseline => &["subject", "ingress", "egress"],
            Form::Cluster => &["tier", "priority", "subject", "ingress", "egress"],
        };
        let spec = self.fields(node, known)?;
        let needed = known.iter().filter(|name| !name.ends_with("gress"));
        self.need(node, spec, &needed.copied().collect::<Vec<_>>());
        let tier = match form {
            Form::Admin => Some(Tier::Admin),
            Form::Baseline => Some(Tier::Baseline),
            Form::Cluster => self.field(spec, "tier", |reader, node| match node.as_str() {
                Some("Admin") => Some(Tier::Admin),
                Some("Baseline") => Some(Tier::Baseline),
                _ => {
                    reader.word(node, "`Admin` or `Baseline`");
                    None
                }
            })?,
        };
        let priority = match form {
            Form::Baseline => Some(0),
            _ => self.field(spec, "priority", Self::priority)?,
        };
        let subject = self.field(spec, "subject", |reader, node| {
            let (name, value) = reader.one_of(node, &["namespaces", "pods"])?;
            reader.within(name, |reader| reader.pods(name, value))
        })?;
        let mut rules = |direction: Direction| {
            let read = |reader: &mut Self, node: &Node| {
                reader.some(node, form.most(), |reader, node| {
                    reader.admin_rule(node, form, direction)
                })
            };
            self.field(spec, direction.name(), read).unwrap_or_default()
        };
        let (ingress, egress) = (rules(Direction::Ingress), rules(Direction::Egress));
        Some(AdminPolicy {
            kind: object.kind.to_owned(),
            name: object.name.to_owned(),
            place: self.place(object.head()),
            tier: tier?,
            priority: priority?,
            subject: subject?,
            ingress,
            egress,
        })
    }

    fn priority(&mut self, node: &Node) -> Option<u16> {
        let number = node.as_integer().and_then(|number| u16::try_from(number).ok());
        let priority = number.filter(|number| *number <= 1000);
        if priority.is_none() {
            self.refuse(node.span, Wrong::Priority);
        }
        priority
    }

    /// A list that is not too long.
    fn some<T>(
        &mut self,
        node: &Node,
        most: usize,
        read: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Vec<T> {
        if node.items().len() > most {
            self.refuse(node.span, Wrong::TooMany(most));
            return Vec::new();
        }
        self.items(node, read)
    }

    /// A list that is neither empty nor too long.
    fn at_least_one<T>(
        &mut self,
        node: &Node,
        most: usize,
        read: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Vec<T> {
        let found = self.some(node, most, read);
        if node.items().is_empty() {
            self.refuse(node.span, Wrong::Missing);
        }
        found
    }

    /// `namespaces` or `pods`.
    fn pods(&mut self, name: &str, node: &Node) -> Option<Who> {
        if name == "namespaces" {
            return Some(Who::Pods { pods: None, namespaces: Some(self.selector(node)) });
        }
        let fields = self.fields(node, &["namespaceSelector", "podSelector"])?;
        // The newer form fills in what selects all.
        self.need(node, fields, &["podSelector"]);
        let namespaces = self.field(fields, "namespaceSelector", Self::selector);
        let pods = self.field(fields, "podSelector", Self::selector);
        Some(Who::Pods { pods, namespaces: Some(namespaces.unwrap_or_default()) })
    }

    fn admin_rule(&mut self, node: &Node, form: Form, direction: Direction) -> Option<AdminRule> {
        let peers_field = if direction == Direction::Ingress { "from" } else { "to" };
        let ports_field = if form == Form::Cluster { "protocols" } else { "ports" };
        let rule = self.fields(node, &["name", "action", peers_field, ports_field])?;
        self.need(node, rule, &["action", peers_field]);
        let name = self.field(rule, "name", |reader, node| reader.text(node).map(str::to_owned));
        let action = self.field(rule, "action", |reader, node| {
            let accept = if form == Form::Cluster { "Accept" } else { "Allow" };
            match node.as_str() {
                Some(word) if word == accept => Some(Action::Accept),
                Some("Deny") => Some(Action::Deny),
                Some("Pass") if form != Form::Baseline => Some(Action::Pass),
                _ => {
                    reader.word(
                        node,
                        match form {
                            Form::Admin => "`Allow`, `Deny` or `Pass`",
                            Form::Baseline => "`Allow` or `Deny`",
                            Form::Cluster => "`Accept`, `Deny` or `Pass`",
                        },
                    );
                    None
                }
            }
        })?;
        let peers = self.field(rule, peers_field, |reader, node| {
            reader
                .at_least_one(node, form.most(), |reader, node| reader.admin_peer(node, direction))
        })?;
        let ports = self.field(rule, ports_field, |reader, node| {
            let ports = reader.at_least_one(node, form.most(), |reader, node| match form {
                Form::Cluster => reader.cluster_port(node),
                _ => reader.admin_port(node),
            });
            ports.into_iter().flatten().collect()
        });
        Some(AdminRule {
            place: self.place(node.span),
            name: name.flatten().unwrap_or_default(),
            action: action?,
            peers: peers.into_iter().flatten().collect(),
            ports,
        })
    }

    /// A peer; networks are several.
    fn admin_peer(&mut self, node: &Node, direction: Direction) -> Option<Vec<AdminPeer>> {
        let known: &[&'static str] = match direction {
            Direction::Ingress => &["namespaces", "pods"],
            Direction::Egress => &["namespaces", "pods", "nodes", "networks", "domainNames"],
        };
        let (name, value) = self.one_of(node, known)?;
        self.within(name, |reader| match name {
            "nodes" => Some(vec![AdminPeer::Nodes(reader.selector(value))]),
            "networks" => Some(reader.at_least_one(value, 25, |reader, node| {
                let block = reader.block(node)?;
                Some(AdminPeer::Who(Who::Addresses { block, except: Vec::new() }))
            })),
            "domainNames" => {
                reader.at_least_one(value, 25, |reader, node| reader.text(node).map(|_| ()));
                Some(vec![AdminPeer::Domains])
            }
            _ => Some(vec![AdminPeer::Who(reader.pods(name, value)?)]),
        })
    }

    fn admin_port(&mut self, node: &Node) -> Option<Vec<Port>> {
        let (name, value) = self.one_of(node, &["portNumber", "namedPort", "portRange"])?;
        self.within(name, |reader| match name {
            "namedPort" => reader.named(value),
            "portNumber" => {
                let fields = reader.fields(value, &["protocol", "port"])?;
                reader.need(value, fields, &["port"]);
                let protocol = reader.protocol(fields)?;
                let port = reader.field(fields, "port", Self::port_number)??;
                Some(vec![reader.port_of(value, protocol, Number::Range(port, port))])
            }
            _ => {
                let fields = reader.fields(value, &["protocol", "start", "end"])?;
                let protocol = reader.protocol(fields)?;
                let number = reader.range(value, fields)?;
                Some(vec![reader.port_of(value, protocol, number)])
            }
        })
    }

    fn cluster_port(&mut self, node: &Node) -> Option<Vec<Port>> {
        let (name, value) = self.one_of(node, &["tcp", "udp", "sctp", "destinationNamedPort"])?;
        self.within(name, |reader| {
            let protocol = match name {
                "tcp" => Protocol::TCP,
                "udp" => Protocol::UDP,
                "sctp" => Protocol::SCTP,
                _ => return reader.named(value),
            };
            let fields = reader.fields(value, &["destinationPort"])?;
            reader.need(value, fields, &["destinationPort"]);
            reader.field(fields, "destinationPort", |reader, node| {
                let (name, own) = reader.one_of(node, &["number", "range"])?;
                let number = reader.within(name, |reader| {
                    if name == "number" {
                        return reader.port_number(own).map(|port| Number::Range(port, port));
                    }
                    let fields = reader.fields(own, &["start", "end"])?;
                    reader.range(own, fields)
                })?;
                Some(vec![reader.port_of(value, protocol, number)])
            })?
        })
    }

    fn port_of(&self, node: &Node, protocol: Protocol, number: Number) -> Port {
        Port { place: self.place(node.span), protocol, number }
    }

    /// A name means the port that the receiver calls so, of any protocol.
    fn named(&mut self, node: &Node) -> Option<Vec<Port>> {
        let name = self.text(node)?.to_owned();
        let port = |protocol| self.port_of(node, protocol, Number::Named(name.clone()));
        Some(Protocol::ALL.map(port).into())
    }

    fn range(&mut self, node: &Node, fields: &Mapping) -> Option<Number> {
        self.need(node, fields, &["start", "end"]);
        let first = self.field(fields, "start", Self::port_number)??;
        let end = self.field(fields, "end", Self::port_number)??;
        if end <= first {
            self.refuse(node.span, Wrong::EndBeforeFirst { first, end });
        }
        Some(Number::Range(first, end))
    }

    fn protocol(&mut self, fields: &Mapping) -> Option<Protocol> {
        let read = |reader: &mut Self, node: &Node| {
            let found = reader.text(node).and_then(Protocol::named);
            if found.is_none() {
                reader.word(node, "`TCP`, `UDP` or `SCTP`");
            }
            found
        };
        self.field(fields, "protocol", read).unwrap_or(Some(Protocol::TCP))
    }
}
