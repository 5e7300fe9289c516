//! The pods that services and ingresses hand to whoever is outside of the cluster.

use std::collections::BTreeMap;

use crate::manifest::{Manifest, Node};
use crate::netpol::{Cluster, Labels};
use crate::object::{Object, objects};

/// A pod that can be come to from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    /// The pod.
    pub pod: usize,
    /// What leads to it: `Service shop/web (LoadBalancer)`.
    pub by: String,
}

/// A service.
struct Service<'m> {
    namespace: &'m str,
    name: &'m str,
    kind: &'m str,
    selector: Vec<(&'m str, &'m str)>,
    /// It has addresses of nodes.
    has_addresses: bool,
}

/// The pods behind services that open a port of nodes or of a balancer or have addresses of nodes, behind
/// ingresses, and those that take a port of their node; each once.
pub fn exposed<'m>(
    cluster: &Cluster,
    manifests: impl IntoIterator<Item = (&'m str, &'m Manifest)>,
) -> Vec<Exposed> {
    let mut services = Vec::new();
    // By namespace and service, the first ingress that leads to it.
    let mut behind: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for (_, manifest) in manifests {
        for object in objects(manifest).0 {
            match (object.kind, object.group()) {
                ("Service", "") => services.extend(service(&object)),
                ("Ingress", "networking.k8s.io" | "extensions") => {
                    let namespace = object.namespace.unwrap_or("default");
                    for name in backends(object.node) {
                        let first = behind.entry((namespace, name)).or_insert(object.name);
                        *first = (*first).min(object.name);
                    }
                }
                _ => {}
            }
        }
    }
    let mut found: BTreeMap<usize, String> = BTreeMap::new();
    for (pod, it) in cluster.pods.iter().enumerate() {
        if it.host_network && !it.ports.is_empty() {
            found.insert(pod, "hostNetwork".to_owned());
        } else if let Some(port) = it.host_port {
            found.insert(pod, format!("hostPort {port}"));
        }
    }
    for service in &services {
        let Service { namespace, name, .. } = service;
        let by = match (service.kind, behind.get(&(namespace, name))) {
            ("LoadBalancer" | "NodePort", _) => {
                format!("Service {namespace}/{name} ({})", service.kind)
            }
            (_, Some(ingress)) => format!("Ingress {namespace}/{ingress}"),
            _ if service.has_addresses => format!("Service {namespace}/{name} (externalIPs)"),
            _ => continue,
        };
        for (pod, it) in cluster.pods.iter().enumerate() {
            if it.namespace == *namespace && selects(&service.selector, &it.labels) {
                found.entry(pod).or_insert_with(|| by.clone());
            }
        }
    }
    found.into_iter().map(|(pod, by)| Exposed { pod, by }).collect()
}

fn service<'m>(object: &Object<'m>) -> Option<Service<'m>> {
    let spec = object.node.get("spec")?;
    let selector = spec.get("selector")?.as_mapping()?;
    let pairs = selector.fields.iter();
    let pairs = pairs.filter_map(|field| Some((&*field.name, field.value.as_str()?)));
    Some(Service {
        namespace: object.namespace.unwrap_or("default"),
        name: object.name,
        kind: spec.text("type").map_or("ClusterIP", |it| it.value),
        selector: pairs.collect(),
        has_addresses: !spec.list("externalIPs").is_empty(),
    })
}

/// An empty selector selects nothing: whoever made it names the endpoints.
fn selects(selector: &[(&str, &str)], labels: &Labels) -> bool {
    !selector.is_empty()
        && selector.iter().all(|(key, value)| labels.get(*key).is_some_and(|own| own == value))
}

/// The services that an ingress leads to, in `networking.k8s.io/v1` and before.
fn backends(ingress: &Node) -> Vec<&str> {
    let Some(spec) = ingress.get("spec") else { return Vec::new() };
    let mut names: Vec<&str> = ["defaultBackend", "backend"]
        .iter()
        .filter_map(|field| spec.get(field))
        .filter_map(name)
        .collect();
    for rule in spec.list("rules") {
        let paths = rule.get("http").map_or(&[][..], |http| http.list("paths"));
        names.extend(paths.iter().filter_map(|path| name(path.get("backend")?)));
    }
    names
}

fn name(backend: &Node) -> Option<&str> {
    let new = backend.get("service").and_then(|service| service.text("name"));
    new.or_else(|| backend.text("serviceName")).map(|it| it.value)
}
