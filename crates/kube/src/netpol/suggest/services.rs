//! Services: which pods and ports a name stands for, and which of them are exposed.

use std::collections::{BTreeMap, BTreeSet};

use super::{Need, Needs, Peer};
use crate::manifest::{Manifest, Node};
use crate::netpol::cluster::{Cluster, Pod};
use crate::netpol::policy::Protocol;
use crate::object::{Object, objects};

/// All services, and who exposes which.
#[derive(Debug, Default)]
pub(super) struct Services {
    by_name: BTreeMap<(String, String), Service>,
    /// Namespace and name of services that an Ingress or a route names, and which one.
    exposed: BTreeSet<(String, String, String)>,
}

#[derive(Debug, Default)]
pub(super) struct Service {
    selector: Vec<(String, String)>,
    ports: Vec<ServicePort>,
    /// Whether the world reaches it without an Ingress.
    outer: bool,
}

#[derive(Debug)]
struct ServicePort {
    number: u16,
    protocol: Protocol,
    target: Target,
}

#[derive(Debug)]
enum Target {
    Number(u16),
    Named(String),
}

impl Services {
    pub(super) fn of<'m>(files: impl IntoIterator<Item = (&'m str, &'m Manifest)>) -> Self {
        let mut services = Self::default();
        for (_, manifest) in files {
            for object in objects(manifest).0 {
                let home = object.namespace.unwrap_or("default").to_owned();
                match object.kind {
                    "Service" => {
                        let key = (home, object.name.to_owned());
                        services.by_name.insert(key, Service::of(&object));
                    }
                    "Ingress" | "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute" => {
                        let who = format!("{} {home}/{}", object.kind, object.name);
                        services.expose(object.node, &home, &who, 0);
                    }
                    _ => {}
                }
            }
        }
        services
    }

    /// Finds the backends of an Ingress or a route, wherever they stand in it.
    fn expose(&mut self, node: &Node, home: &str, who: &str, depth: u32) {
        const DEEPEST: u32 = 16;
        if depth > DEEPEST {
            return;
        }
        let mut add = |name: &str, home: &str| {
            self.exposed.insert((home.to_owned(), name.to_owned(), who.to_owned()));
        };
        // Ingress: `service: {name}`, before 1.19 `serviceName`.
        if let Some(name) = node.get("service").and_then(|service| service.text("name")) {
            add(name.value, home);
        }
        if let Some(name) = node.text("serviceName") {
            add(name.value, home);
        }
        for backend in node.list("backendRefs") {
            if let Some(name) = backend.text("name") {
                add(name.value, backend.text("namespace").map_or(home, |one| one.value));
            }
        }
        let fields = node.as_mapping().into_iter().flat_map(|mapping| &mapping.fields);
        for field in fields {
            self.expose(&field.value, home, who, depth.saturating_add(1));
        }
        for item in node.items() {
            self.expose(item, home, who, depth.saturating_add(1));
        }
    }

    /// The service that a host name means to a pod of `home`.
    pub(super) fn named(&self, host: &str, home: &str) -> Option<(String, &Service)> {
        let mut parts = host.split('.');
        let name = parts.next()?;
        let namespace = match parts.next() {
            None => home,
            Some(namespace) => match parts.next() {
                None | Some("svc") => namespace,
                Some(_) => return None,
            },
        };
        let service = self.by_name.get(&(namespace.to_owned(), name.to_owned()))?;
        Some((format!("{namespace}/{name}"), service))
    }

    /// Adds what everybody needs.
    pub(super) fn exposed(&self, cluster: &Cluster, needs: &mut Needs) {
        let outer = self.by_name.iter().filter(|(_, service)| service.outer);
        let outer = outer.map(|((home, name), _)| {
            (home.clone(), name.clone(), format!("Service {home}/{name}"))
        });
        for (home, name, because) in outer.chain(self.exposed.iter().cloned()) {
            let Some(service) = self.by_name.get(&(home.clone(), name.clone())) else {
                needs
                    .doubts
                    .insert(format!("{because} names Service {home}/{name}, which is not there"));
                continue;
            };
            let ends = service.ends(&home, cluster, None);
            if ends.is_empty() {
                needs.doubts.insert(format!("Service {home}/{name} selects none of the pods"));
            }
            for (pod, port, protocol) in ends {
                let (from, to, because) = (Peer::Everybody, Peer::Pod(pod), because.clone());
                needs.all.push(Need { to, port, protocol, from, because });
            }
        }
    }
}

impl Service {
    fn of(object: &Object<'_>) -> Self {
        let Some(spec) = object.node.get("spec") else { return Self::default() };
        let labels = spec.get("selector").and_then(Node::as_mapping);
        let selector = labels
            .into_iter()
            .flat_map(|labels| &labels.fields)
            .filter_map(|field| Some((field.name.to_string(), field.value.as_str()?.to_owned())));
        let ports = spec.list("ports").iter().filter_map(|port| {
            let number = u16::try_from(port.integer("port")?.value).ok()?;
            let protocol = port.text("protocol");
            let protocol =
                protocol.map_or(Some(Protocol::TCP), |name| Protocol::named(name.value))?;
            let named = || port.text("targetPort").map(|name| Target::Named(name.value.to_owned()));
            let numbered =
                || Some(Target::Number(u16::try_from(port.integer("targetPort")?.value).ok()?));
            let target = numbered().or_else(named).unwrap_or(Target::Number(number));
            Some(ServicePort { number, protocol, target })
        });
        let kind = spec.text("type").map(|kind| kind.value);
        let outer = matches!(kind, Some("LoadBalancer" | "NodePort"));
        Self { selector: selector.collect(), ports: ports.collect(), outer }
    }

    /// Whether it has a port of that number.
    pub(super) fn has_port(&self, number: u16) -> bool {
        self.ports.iter().any(|port| port.number == number)
    }

    /// The pods and ports behind it, of one of its ports or of all.
    pub(super) fn ends(
        &self,
        home: &str,
        cluster: &Cluster,
        only: Option<u16>,
    ) -> Vec<(usize, u16, Protocol)> {
        let is_selected = |pod: &Pod| {
            !self.selector.is_empty()
                && pod.namespace == home
                && self.selector.iter().all(|(name, value)| pod.labels.get(name) == Some(value))
        };
        let pods = cluster.pods.iter().enumerate().filter(|(_, pod)| is_selected(pod));
        pods.flat_map(|(number, pod)| {
            let ports =
                self.ports.iter().filter(move |port| only.is_none_or(|one| one == port.number));
            ports.filter_map(move |port| Some((number, port.of(pod)?, port.protocol)))
        })
        .collect()
    }
}

impl ServicePort {
    /// The number that it has in a pod.
    fn of(&self, pod: &Pod) -> Option<u16> {
        match &self.target {
            Target::Number(number) => Some(*number),
            Target::Named(name) => {
                let mut ports = pod.ports.iter();
                let is_it = |port: &&super::super::ContainerPort| {
                    port.name == *name && port.protocol == self.protocol
                };
                ports.find(is_it).map(|port| port.number)
            }
        }
    }
}
