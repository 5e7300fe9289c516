//! The hosts that pods are told of: in variables, arguments and config maps.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Need, Needs, Peer, alike};
use crate::manifest::{Manifest, Node};
use crate::netpol::address::read_address;
use crate::netpol::cluster::Cluster;
use crate::netpol::index::Index;
use crate::netpol::policy::Protocol;
use crate::object::{Key, Object, objects};
use crate::services::Services;
use crate::workload::Workload;

/// The hosts in config maps by namespace and name; each text with its key.
type ConfigMaps = HashMap<(String, String), Vec<(String, Vec<Host>)>>;

/// Gathers what pods are told of, from manifests that need not be there at the same time.
#[derive(Debug, Default)]
pub struct Builder {
    services: Services,
    maps: ConfigMaps,
    /// Who is told what: pods of one workload are told the same.
    told: HashMap<Told, Vec<Key>>,
}

/// What a pod is told.
#[derive(Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Told {
    /// Hosts, and by what.
    hosts: Vec<(Host, String)>,
    /// Config maps, and the key where it is one.
    maps: Vec<(String, Option<String>)>,
}

impl Builder {
    /// Takes what a manifest says.
    pub fn add(&mut self, manifest: &Manifest) {
        for object in objects(manifest).0 {
            self.services.add(&object);
            if object.kind == "ConfigMap" {
                let key = (object.home().to_owned(), object.name.to_owned());
                self.maps.insert(key, config_map(&object));
            } else if let Some(workload) = Workload::new(object, &manifest.source) {
                let told = Told::of(&workload);
                if !told.hosts.is_empty() || !told.maps.is_empty() {
                    self.told.entry(told).or_default().push(object.key());
                }
            }
        }
    }

    /// What the pods of a cluster need.
    pub fn finish(self, cluster: &Cluster) -> Needs {
        let mut needs = Needs::default();
        let index = Index::new(cluster);
        let alike = alike(cluster);
        needs.add_exposed(cluster, &self.services, &index, &alike);
        let numbers: HashMap<(&str, &str, &str), usize> = cluster
            .pods
            .iter()
            .enumerate()
            .map(|(number, pod)| ((&*pod.namespace, &*pod.kind, &*pod.name), number))
            .collect();
        let mut resolver =
            Resolver { cluster, services: &self.services, index, alike: &alike, needs };
        let mut told: Vec<_> = self.told.into_iter().collect();
        told.sort_unstable();
        for (told, keys) in told {
            let mut done = HashSet::new();
            for (home, kind, name) in &keys {
                let Some(pod) = numbers.get(&(&**home, &**kind, &**name)) else { continue };
                let pod = alike.get(*pod).copied().unwrap_or(*pod);
                if done.insert(pod) {
                    resolver.pod(pod, home, &told, &self.maps);
                }
            }
        }
        resolver.needs.settle()
    }
}

impl Told {
    fn of(workload: &Workload<'_>) -> Self {
        let mut told = Self::default();
        for container in workload.pod.containers.iter().map(|container| container.node) {
            for variable in container.list("env") {
                let name = variable.text("name").map_or("", |name| name.value);
                if let Some(value) = variable.text("value") {
                    told.text(value.value, &format!("env {name}"));
                }
                let key = variable.at(&["valueFrom", "configMapKeyRef"]);
                let key =
                    key.and_then(|key| Some((key.text("name")?.value, key.text("key")?.value)));
                if let Some((map, key)) = key {
                    told.maps.push((map.to_owned(), Some(key.to_owned())));
                }
            }
            for source in container.list("envFrom") {
                if let Some(name) = source.at(&["configMapRef"]).and_then(|map| map.text("name")) {
                    told.maps.push((name.value.to_owned(), None));
                }
            }
            for field in ["command", "args"] {
                for argument in container.texts(field) {
                    told.text(argument.value, field);
                }
            }
        }
        for volume in workload.pod.spec.list("volumes") {
            if let Some(name) = volume.get("configMap").and_then(|map| map.text("name")) {
                told.maps.push((name.value.to_owned(), None));
            }
        }
        told
    }

    fn text(&mut self, text: &str, because: &str) {
        self.hosts.extend(hosts(text).into_iter().map(|host| (host, because.to_owned())));
    }
}

/// The hosts in the texts of a config map.
fn config_map(object: &Object<'_>) -> Vec<(String, Vec<Host>)> {
    let data = object.node.get("data").and_then(Node::as_mapping);
    let texts = data.into_iter().flat_map(|data| &data.fields);
    let found =
        texts.filter_map(|field| Some((field.name.to_string(), hosts(field.value.as_str()?))));
    found.filter(|(_, hosts)| !hosts.is_empty()).collect()
}

/// Says what hosts stand for.
struct Resolver<'a> {
    cluster: &'a Cluster,
    services: &'a Services,
    index: Index<'a>,
    alike: &'a [usize],
    needs: Needs,
}

impl Resolver<'_> {
    fn pod(&mut self, pod: usize, home: &str, told: &Told, maps: &ConfigMaps) {
        for (host, because) in &told.hosts {
            self.host(pod, home, host, because);
        }
        for (name, only) in &told.maps {
            let texts = maps.get(&(home.to_owned(), name.clone())).into_iter().flatten();
            for (key, hosts) in texts.filter(|(key, _)| only.as_ref().is_none_or(|it| it == key)) {
                for host in hosts {
                    self.host(pod, home, host, &format!("ConfigMap {name} {key}"));
                }
            }
        }
    }

    fn host(&mut self, own: usize, home: &str, host: &Host, because: &str) {
        let mut add = |to: Peer, port: u16, protocol: Protocol| {
            if to != Peer::Pod(own) {
                let (from, because) = (Peer::Pod(own), because.to_owned());
                self.needs.all.push(Need { to, port, protocol, from, because });
            }
        };
        if let Some(address) = read_address(&host.name) {
            if let Some(port) =
                host.port.filter(|_| !address.is_loopback() && !address.is_unspecified())
            {
                add(Peer::Address(address), port, Protocol::TCP);
            }
            return;
        }
        if let Some((namespace, name, service)) = self.services.named(&host.name, home) {
            let only = host.port.filter(|port| service.has_port(*port));
            let mut none = true;
            for pod in receivers(service.pods(namespace, &self.index), own, self.alike) {
                let Some(receiver) = self.cluster.pods.get(pod) else { continue };
                for (port, protocol) in service.ports_of(receiver, only) {
                    none = false;
                    add(Peer::Pod(pod), port, protocol);
                }
            }
            self.needs.names.insert(own);
            if none {
                let doubt = format!(
                    "{because} names Service {namespace}/{name}, which selects none of the pods"
                );
                self.needs.doubts.insert(doubt);
            }
        } else if let Some(port) = host.port.filter(|_| is_outer(&host.name)) {
            add(Peer::Internet, port, Protocol::TCP);
            self.needs.names.insert(own);
        }
    }
}

/// Of pods that are alike one; of those that are like the sender one that is another pod.
fn receivers(pods: Vec<usize>, own: usize, alike: &[usize]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut other = None;
    for pod in pods {
        match alike.get(pod) {
            Some(first) if *first == own && pod != own => other = other.or(Some(pod)),
            Some(first) => drop(found.insert(*first)),
            None => {}
        }
    }
    // Itself is left out where it is another's turn.
    if other.is_some() {
        found.remove(&own);
    }
    found.extend(other);
    found
}

/// A host in a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Host {
    name: String,
    port: Option<u16>,
}

/// The port of a scheme, where an address names none.
const SCHEMES: [(&str, u16); 19] = [
    ("http", 80),
    ("https", 443),
    ("ws", 80),
    ("wss", 443),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("mysql", 3306),
    ("mariadb", 3306),
    ("mongodb", 27017),
    ("redis", 6379),
    ("rediss", 6379),
    ("amqp", 5672),
    ("amqps", 5671),
    ("nats", 4222),
    ("kafka", 9092),
    ("ldap", 389),
    ("ldaps", 636),
    ("smtp", 25),
    ("smtps", 465),
];

/// What is between words that may be hosts.
fn is_between(c: char) -> bool {
    c.is_whitespace() || ",;\"'`=|()[]{}<>".contains(c)
}

/// The hosts in a text: of addresses with a scheme, of `HOST:PORT`, and a text that is nothing
/// but a name.
fn hosts(text: &str) -> Vec<Host> {
    const MOST: usize = 1024;
    let words = text.split(is_between).filter(|word| !word.is_empty());
    words.filter_map(|word| host(word, word.len() == text.trim().len())).take(MOST).collect()
}

fn host(word: &str, alone: bool) -> Option<Host> {
    let (scheme, rest) = match word.split_once("://") {
        // `jdbc:postgresql://…`
        Some((scheme, rest)) => (scheme.rsplit(':').next(), rest),
        None => (None, word),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) => (name, Some(port.parse::<u16>().ok().filter(|port| *port > 0)?)),
        None => (authority, None),
    };
    let by_scheme = || {
        scheme
            .and_then(|scheme| SCHEMES.iter().find(|(name, _)| *name == scheme))
            .map(|(_, port)| *port)
    };
    let port = port.or_else(by_scheme);
    let is_name = !name.is_empty()
        && name.len() <= 253
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
        && name.starts_with(|c: char| c.is_ascii_alphanumeric());
    (is_name && (port.is_some() || scheme.is_some() || alone))
        .then(|| Host { name: name.to_owned(), port })
}

/// Whether a name is one of the Internet's: with a dot, and no file or version.
fn is_outer(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    name.contains('.')
        && last.len() >= 2
        && last.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !["local", "localhost", "svc", "cluster", "internal"].contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, wanted: &[(&str, Option<u16>)]) {
        let found = hosts(text);
        let found: Vec<_> = found.iter().map(|host| (host.name.as_str(), host.port)).collect();
        assert_eq!(found, wanted, "{text}");
    }

    #[test]
    fn hosts_are_found_in_what_programs_are_told() {
        found("postgres://u:p@db/shop", &[("db", Some(5432))]);
        found("jdbc:postgresql://db:5433/x?ssl=true", &[("db", Some(5433))]);
        found("a:9092,b:9092", &[("a", Some(9092)), ("b", Some(9092))]);
        found("--upstream=http://api.shop:8080/v1", &[("api.shop", Some(8080))]);
        found("cache", &[("cache", None)]);
        found("run the cache", &[]);
        found("image:latest 12:30", &[("12", Some(30))]);
    }

    #[test]
    fn names_of_the_internet_are_told_from_files_and_versions() {
        assert!(is_outer("api.pay.example"));
        assert!(!is_outer("db"));
        assert!(!is_outer("1.2.3"));
        assert!(!is_outer("a.svc.cluster.local"));
    }
}
