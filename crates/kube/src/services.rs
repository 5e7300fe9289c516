//! Services: which pods and ports a name stands for, and what leads to them from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::manifest::{Manifest, Node};
use crate::netpol::{Cluster, Index, Pod, Protocol, Requirement, Selector, Test, read_address};
use crate::object::{Object, objects};

/// How deep in an Ingress or a route its backends may stand.
const DEEPEST: u32 = 16;

/// All services, and what leads to which. Manifests need not be there at the same time.
#[derive(Debug, Default)]
pub struct Services {
    /// By namespace and name.
    by_name: BTreeMap<(String, String), Service>,
    /// Namespace and name of services that an Ingress or a route names, and which one.
    backends: BTreeSet<(String, String, String)>,
}

/// A service.
#[derive(Debug, Default)]
pub(crate) struct Service {
    selector: Selector,
    ports: Vec<ServicePort>,
    /// `LoadBalancer` or `NodePort`, where the world reaches it without an Ingress.
    pub(crate) outer: Option<&'static str>,
    /// Whether it has addresses of nodes.
    pub(crate) has_addresses: bool,
    /// Its own addresses in the cluster, of one family or of both.
    addresses: Vec<IpAddr>,
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

/// A service that something outside leads to.
pub(crate) struct Outer<'s> {
    pub(crate) namespace: &'s str,
    pub(crate) name: &'s str,
    /// `None` where it is only named.
    pub(crate) service: Option<&'s Service>,
    /// What leads to it, where it is not the service itself: `Ingress shop/web`.
    pub(crate) by: Option<&'s str>,
}

impl Services {
    /// Those of some manifests.
    pub fn of<'m>(manifests: impl IntoIterator<Item = &'m Manifest>) -> Self {
        let mut services = Self::default();
        for manifest in manifests {
            services.add_all(manifest);
        }
        services
    }

    /// Takes those of a manifest.
    pub fn add_all(&mut self, manifest: &Manifest) {
        for object in objects(manifest).0 {
            self.add(&object);
        }
    }

    /// Takes an object, where it is a service or leads to one.
    pub fn add(&mut self, object: &Object<'_>) {
        let home = object.home();
        match (object.kind, object.group()) {
            ("Service", "") => {
                let key = (home.to_owned(), object.name.to_owned());
                self.by_name.insert(key, Service::of(object));
            }
            ("Ingress", "networking.k8s.io" | "extensions")
            | ("HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute", "gateway.networking.k8s.io") => {
                let who = format!("{} {home}/{}", object.kind, object.name);
                self.lead(object.node, home, &who, 0);
            }
            _ => {}
        }
    }

    /// Finds the backends of an Ingress or a route, wherever they stand in it.
    fn lead(&mut self, node: &Node, home: &str, who: &str, depth: u32) {
        if depth > DEEPEST {
            return;
        }
        let mut add = |name: &str, home: &str| {
            self.backends.insert((home.to_owned(), name.to_owned(), who.to_owned()));
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
            self.lead(&field.value, home, who, depth.saturating_add(1));
        }
        for item in node.items() {
            self.lead(item, home, who, depth.saturating_add(1));
        }
    }

    /// The service that a host name means to a pod of `home`, with its namespace and name.
    pub(crate) fn named<'s>(
        &'s self,
        host: &str,
        home: &str,
    ) -> Option<(&'s str, &'s str, &'s Service)> {
        let mut parts = host.split('.');
        let name = parts.next()?;
        let namespace = match parts.next() {
            None => home,
            Some(namespace) => match parts.next() {
                None | Some("svc") => namespace,
                Some(_) => return None,
            },
        };
        let key = (namespace.to_owned(), name.to_owned());
        let ((namespace, name), service) = self.by_name.get_key_value(&key)?;
        Some((namespace, name, service))
    }

    /// The pods behind a port of a service's address, each with its own port.
    pub(crate) fn at(
        &self,
        address: IpAddr,
        port: u16,
        protocol: Protocol,
        cluster: &Cluster,
        index: &Index<'_>,
    ) -> Vec<(usize, u16)> {
        let has =
            |(_, service): &(&(String, String), &Service)| service.addresses.contains(&address);
        let Some(((namespace, _), service)) = self.by_name.iter().find(has) else {
            return Vec::new();
        };
        let target = |pod: usize| {
            let ports = service.ports_of(cluster.pods.get(pod)?, Some(port));
            let own = ports.into_iter().find(|(_, of)| *of == protocol)?;
            Some((pod, own.0))
        };
        service.pods(namespace, index).into_iter().filter_map(target).collect()
    }

    /// The services that open a port of nodes or of a balancer, then those that an Ingress or a route
    /// leads to, each as often as one does, then those with addresses of nodes.
    pub(crate) fn outer(&self) -> impl Iterator<Item = Outer<'_>> {
        let own = |is: fn(&Service) -> bool| {
            self.by_name.iter().filter(move |(_, service)| is(service)).map(
                |((namespace, name), service)| {
                    let service = Some(service);
                    Outer { namespace, name, service, by: None }
                },
            )
        };
        let led = self.backends.iter().map(|(namespace, name, by)| {
            let service = self.by_name.get(&(namespace.clone(), name.clone()));
            Outer { namespace, name, service, by: Some(by) }
        });
        let opens = own(|service| service.outer.is_some());
        let has = own(|service| service.outer.is_none() && service.has_addresses);
        opens.chain(led).chain(has)
    }
}

impl Service {
    fn of(object: &Object<'_>) -> Self {
        let Some(spec) = object.node.get("spec") else { return Self::default() };
        let labels = spec.get("selector").and_then(Node::as_mapping);
        let requirements =
            labels.into_iter().flat_map(|labels| &labels.fields).filter_map(|field| {
                let value = field.value.as_str()?.to_owned();
                Some(Requirement { key: field.name.to_string(), test: Test::In([value].into()) })
            });
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
        Self {
            selector: Selector { requirements: requirements.collect() },
            ports: ports.collect(),
            outer: ["LoadBalancer", "NodePort"].into_iter().find(|outer| kind == Some(*outer)),
            has_addresses: !spec.list("externalIPs").is_empty(),
            addresses: addresses(spec),
        }
    }

    /// Whether it has a port of that number.
    pub(crate) fn has_port(&self, number: u16) -> bool {
        self.ports.iter().any(|port| port.number == number)
    }

    /// The pods behind it. An empty selector selects nothing: whoever made it names the endpoints.
    pub(crate) fn pods(&self, home: &str, index: &Index<'_>) -> Vec<usize> {
        if self.selector.requirements.is_empty() {
            return Vec::new();
        }
        index.pods(home, &self.selector).iter().collect()
    }

    /// The ports of a pod behind it, of one of its ports or of all.
    pub(crate) fn ports_of(&self, pod: &Pod, only: Option<u16>) -> Vec<(u16, Protocol)> {
        let ports = self.ports.iter().filter(|port| only.is_none_or(|one| one == port.number));
        ports.filter_map(|port| Some((port.of(pod)?, port.protocol))).collect()
    }
}

/// `clusterIP` and `clusterIPs`; `None` of a headless service is no address.
fn addresses(spec: &Node) -> Vec<IpAddr> {
    let all = spec.list("clusterIPs").iter().filter_map(|one| one.as_str());
    let all = spec.text("clusterIP").map(|one| one.value).into_iter().chain(all);
    all.filter_map(|text| Some(read_address(text)?.to_canonical())).collect()
}

impl ServicePort {
    /// The number that it has in a pod.
    fn of(&self, pod: &Pod) -> Option<u16> {
        match &self.target {
            Target::Number(number) => Some(*number),
            Target::Named(name) => {
                let mut ports = pod.ports.iter();
                ports
                    .find(|port| port.name == *name && port.protocol == self.protocol)
                    .map(|port| port.number)
            }
        }
    }
}
