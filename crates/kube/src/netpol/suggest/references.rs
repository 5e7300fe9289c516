//! The hosts that pods are told of: in variables, arguments and config maps.

use std::collections::BTreeMap;

use super::services::Services;
use super::{Need, Needs, Peer};
use crate::manifest::{Manifest, Node};
use crate::netpol::address::read_address;
use crate::netpol::cluster::Cluster;
use crate::netpol::policy::Protocol;
use crate::object::objects;
use crate::workload::Workload;

/// Texts of config maps by namespace and name: key and value.
type ConfigMaps<'m> = BTreeMap<(&'m str, &'m str), Vec<(&'m str, &'m str)>>;

/// Adds what the pods are told of.
pub(super) fn collect<'m>(
    cluster: &Cluster,
    services: &Services,
    files: impl IntoIterator<Item = (&'m str, &'m Manifest)> + Clone,
    needs: &mut Needs,
) {
    let maps = config_maps(files.clone());
    let numbers: BTreeMap<(&str, &str, &str), usize> = cluster
        .pods
        .iter()
        .enumerate()
        .map(|(number, pod)| ((&*pod.namespace, &*pod.kind, &*pod.name), number))
        .collect();
    for (_, manifest) in files {
        for object in objects(manifest).0 {
            let Some(workload) = Workload::new(object, &manifest.source) else { continue };
            let home = object.namespace.unwrap_or("default");
            let Some(pod) = numbers.get(&(home, object.kind, object.name)) else { continue };
            let mut told = Told { pod: *pod, home, cluster, services, needs: &mut *needs };
            told.workload(&workload, &maps);
        }
    }
}

fn config_maps<'m>(files: impl IntoIterator<Item = (&'m str, &'m Manifest)>) -> ConfigMaps<'m> {
    let mut maps = ConfigMaps::new();
    for (_, manifest) in files {
        for object in objects(manifest).0.into_iter().filter(|object| object.kind == "ConfigMap") {
            let data = object.node.get("data").and_then(Node::as_mapping);
            let texts = data.into_iter().flat_map(|data| &data.fields);
            let texts = texts.filter_map(|field| Some((&*field.name, field.value.as_str()?)));
            maps.insert((object.namespace.unwrap_or("default"), object.name), texts.collect());
        }
    }
    maps
}

/// A pod that is told of hosts.
struct Told<'a> {
    pod: usize,
    home: &'a str,
    cluster: &'a Cluster,
    services: &'a Services,
    needs: &'a mut Needs,
}

impl Told<'_> {
    fn workload(&mut self, workload: &Workload<'_>, maps: &ConfigMaps<'_>) {
        for container in workload.pod.containers.iter().map(|container| container.node) {
            for variable in container.list("env") {
                let name = variable.text("name").map_or("", |name| name.value);
                if let Some(value) = variable.text("value") {
                    self.text(value.value, &format!("env {name}"));
                }
                let key = variable.at(&["valueFrom", "configMapKeyRef"]);
                let key =
                    key.and_then(|key| Some((key.text("name")?.value, key.text("key")?.value)));
                if let Some((map, key)) = key {
                    self.map(map, Some(key), maps);
                }
            }
            for source in container.list("envFrom") {
                if let Some(name) = source.at(&["configMapRef"]).and_then(|map| map.text("name")) {
                    self.map(name.value, None, maps);
                }
            }
            for field in ["command", "args"] {
                for argument in container.texts(field) {
                    self.text(argument.value, field);
                }
            }
        }
        for volume in workload.pod.spec.list("volumes") {
            if let Some(name) = volume.get("configMap").and_then(|map| map.text("name")) {
                self.map(name.value, None, maps);
            }
        }
    }

    fn map(&mut self, name: &str, only: Option<&str>, maps: &ConfigMaps<'_>) {
        let texts = maps.get(&(self.home, name)).into_iter().flatten();
        for (key, text) in texts.filter(|(key, _)| only.is_none_or(|only| only == *key)) {
            self.text(text, &format!("ConfigMap {name} {key}"));
        }
    }

    fn text(&mut self, text: &str, because: &str) {
        for host in hosts(text) {
            self.host(&host, because);
        }
    }

    fn host(&mut self, host: &Host<'_>, because: &str) {
        let mut add = |to: Peer, port: u16, protocol: Protocol| {
            if to != Peer::Pod(self.pod) {
                let (from, because) = (Peer::Pod(self.pod), because.to_owned());
                self.needs.all.push(Need { to, port, protocol, from, because });
            }
        };
        if let Some(address) = read_address(host.name) {
            if let Some(port) =
                host.port.filter(|_| !address.is_loopback() && !address.is_unspecified())
            {
                add(Peer::Address(address), port, Protocol::TCP);
            }
            return;
        }
        if let Some((name, service)) = self.services.named(host.name, self.home) {
            let home = name.split('/').next().unwrap_or_default();
            let only = host.port.filter(|port| service.has_port(*port));
            let ends = service.ends(home, self.cluster, only);
            self.needs.names.insert(self.pod);
            if ends.is_empty() {
                let doubt =
                    format!("{because} names Service {name}, which selects none of the pods");
                self.needs.doubts.insert(doubt);
            }
            for (pod, port, protocol) in ends {
                add(Peer::Pod(pod), port, protocol);
            }
        } else if let Some(port) = host.port.filter(|_| is_outer(host.name)) {
            self.needs.names.insert(self.pod);
            add(Peer::Internet, port, Protocol::TCP);
        }
    }
}

/// A host in a text.
#[derive(Debug, PartialEq, Eq)]
struct Host<'t> {
    name: &'t str,
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
fn hosts(text: &str) -> Vec<Host<'_>> {
    const MOST: usize = 1024;
    let words = text.split(is_between).filter(|word| !word.is_empty());
    words.filter_map(|word| host(word, word.len() == text.trim().len())).take(MOST).collect()
}

fn host(word: &str, alone: bool) -> Option<Host<'_>> {
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
    (is_name && (port.is_some() || scheme.is_some() || alone)).then_some(Host { name, port })
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

    fn found(text: &str) -> Vec<(&str, Option<u16>)> {
        hosts(text).into_iter().map(|host| (host.name, host.port)).collect()
    }

    #[test]
    fn hosts_are_found_in_what_programs_are_told() {
        assert_eq!(found("postgres://u:p@db/shop"), [("db", Some(5432))]);
        assert_eq!(found("jdbc:postgresql://db:5433/x?ssl=true"), [("db", Some(5433))]);
        assert_eq!(found("a:9092,b:9092"), [("a", Some(9092)), ("b", Some(9092))]);
        assert_eq!(found("--upstream=http://api.shop:8080/v1"), [("api.shop", Some(8080))]);
        assert_eq!(found("cache"), [("cache", None)]);
        assert_eq!(found("run the cache"), []);
        assert_eq!(found("image:latest 12:30"), [("12", Some(30))]);
    }

    #[test]
    fn names_of_the_internet_are_told_from_files_and_versions() {
        assert!(is_outer("api.pay.example"));
        assert!(!is_outer("db"));
        assert!(!is_outer("1.2.3"));
        assert!(!is_outer("a.svc.cluster.local"));
    }
}
