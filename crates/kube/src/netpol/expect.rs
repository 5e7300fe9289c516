//! What is expected of a network, written down, and whether it holds.
//!
//! ```yaml
//! expect:
//!   - {from: shop/web, to: shop/db, port: 5432, allowed: true}
//!   - {from: 'other/*', to: 'shop/*', port: [80, 53/UDP], allowed: false}
//!   - {to: shop/db, port: 5432, only: [shop/web, shop/backup]}
//! ```

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use plimsoll_model::text::{Source, Span};

use super::address::read_address;
use super::network::Network;
use super::policy::{File, Place, Protocol};
use super::query::{End, Flow};
use super::refused::{Refused, Wrong};
use crate::manifest::{Manifest, Node};

/// One thing that is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// What it is called: its `name`, else what it says.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Who sends; of [`Wanted::Only`] everybody.
    pub from: Vec<Pattern>,
    /// Who receives.
    pub to: Vec<Pattern>,
    /// The ports of the receiver.
    pub ports: Vec<(u16, Protocol)>,
    /// What is wanted of each pair.
    pub wanted: Wanted,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// That all may, or that none may.
    Allowed(bool),
    /// That these may and no other pod.
    Only(Vec<Pattern>),
}

/// Whom a word means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// Pods: namespace and name, in each of which `*` stands for any text.
    Pods(String, String),
    /// An address outside of the cluster.
    Address(IpAddr),
}

/// What came of an expectation.
#[derive(Debug, Clone)]
pub struct Tried {
    /// How many pairs and ports were asked about.
    pub asked: usize,
    /// Traffic that is not as expected, and whether it is allowed.
    pub broken: Vec<(Flow, bool)>,
    /// Words that mean nobody.
    pub nobody: Vec<String>,
}

impl Tried {
    /// Whether all is as expected.
    pub fn holds(&self) -> bool {
        self.broken.is_empty() && self.nobody.is_empty()
    }
}

impl Pattern {
    fn read(text: &str) -> Self {
        if let Some(address) = read_address(text) {
            return Self::Address(address);
        }
        let all = || "*".to_owned();
        match text.split_once('/') {
            Some((namespace, name)) => Self::Pods(namespace.to_owned(), name.to_owned()),
            None if text == "*" => Self::Pods(all(), all()),
            None => Self::Pods("default".to_owned(), text.to_owned()),
        }
    }

    /// Whom it means in a network.
    fn ends(&self, network: &Network<'_>) -> Vec<End> {
        match self {
            Self::Address(address) => vec![End::Address(*address)],
            Self::Pods(namespace, name) => {
                let pods = network.cluster.pods.iter().enumerate();
                let is_meant = |pod: &super::Pod| {
                    matches(namespace, &pod.namespace)
                        && (matches(name, &pod.name)
                            || name.split_once('/').is_some_and(|(kind, name)| {
                                kind.eq_ignore_ascii_case(&pod.kind) && matches(name, &pod.name)
                            }))
                };
                pods.filter(|(_, pod)| is_meant(pod)).map(|(number, _)| End::Pod(number)).collect()
            }
        }
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Pods(namespace, name) => write!(f, "{namespace}/{name}"),
        }
    }
}

/// Whether a text is as the pattern has it, in which each `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

impl Expectation {
    /// Asks the network.
    pub fn try_on(&self, network: &Network<'_>) -> Tried {
        let mut tried = Tried { asked: 0, broken: Vec::new(), nobody: Vec::new() };
        let from = ends(&self.from, network, &mut tried.nobody);
        let to = ends(&self.to, network, &mut tried.nobody);
        let only: HashSet<End> = match &self.wanted {
            Wanted::Only(patterns) => {
                ends(patterns, network, &mut tried.nobody).into_iter().collect()
            }
            Wanted::Allowed(_) => HashSet::new(),
        };
        for to in to {
            for from in from.iter().copied().filter(|from| *from != to) {
                let wanted = match self.wanted {
                    Wanted::Allowed(wanted) => wanted,
                    Wanted::Only(_) => only.contains(&from),
                };
                for (port, protocol) in &self.ports {
                    let flow = Flow { from, to, port: *port, protocol: *protocol };
                    let allowed = network.ask(flow).allowed();
                    tried.asked = tried.asked.saturating_add(1);
                    if allowed != wanted {
                        tried.broken.push((flow, allowed));
                    }
                }
            }
        }
        tried
    }
}

/// Whom the patterns mean, each once; those that mean nobody are named.
fn ends(patterns: &[Pattern], network: &Network<'_>, nobody: &mut Vec<String>) -> Vec<End> {
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for pattern in patterns {
        let ends = pattern.ends(network);
        if ends.is_empty() {
            nobody.push(pattern.to_string());
        }
        all.extend(ends.into_iter().filter(|end| seen.insert(*end)));
    }
    all
}

/// The expectations of a file, or all that is wrong with it.
///
/// # Errors
/// Each field that is missing, unknown or of another type, with its place.
pub fn expectations(file: &str, manifest: &Manifest) -> Result<Vec<Expectation>, Vec<Refused>> {
    let mut reader = Reader {
        source: &manifest.source,
        file: File { name: Arc::from(file), manifest: 0 },
        refused: Vec::new(),
    };
    let mut found = Vec::new();
    for document in &manifest.documents {
        let Some(list) = document.get("expect") else {
            reader.refuse(document.span, "expect", Wrong::Missing);
            continue;
        };
        if list.items().is_empty() {
            let wrong = Wrong::Type { wanted: "a list of expectations", found: list.kind() };
            reader.refuse(list.span, "expect", wrong);
        }
        for (index, item) in list.items().iter().enumerate() {
            found.extend(reader.expectation(item, &format!("expect[{index}]")));
        }
    }
    if reader.refused.is_empty() { Ok(found) } else { Err(reader.refused) }
}

const FIELDS: [&str; 6] = ["name", "from", "to", "port", "allowed", "only"];

struct Reader<'m> {
    source: &'m Source,
    file: File,
    refused: Vec<Refused>,
}

impl Reader<'_> {
    fn refuse(&mut self, span: Span, path: &str, wrong: Wrong) {
        let place = self.file.place(self.source, span);
        self.refused.push(Refused { place, path: path.to_owned(), wrong });
    }

    fn expectation(&mut self, node: &Node, path: &str) -> Option<Expectation> {
        let before = self.refused.len();
        let Some(mapping) = node.as_mapping() else {
            self.refuse(node.span, path, Wrong::Type { wanted: "a mapping", found: node.kind() });
            return None;
        };
        for field in mapping.fields.iter().filter(|field| !FIELDS.contains(&&*field.name)) {
            let wrong = Wrong::Unknown(FIELDS.join(", "));
            self.refuse(field.name_span, &format!("{path}.{}", field.name), wrong);
        }
        let to = self.patterns(node, path, "to");
        let ports = self.ports(node, path);
        let (from, wanted) = match (node.get("allowed"), node.get("only")) {
            (Some(allowed), None) => {
                let from = self.patterns(node, path, "from");
                let Some(wanted) = node.boolean("allowed") else {
                    let wrong = Wrong::Type { wanted: "true or false", found: allowed.kind() };
                    self.refuse(allowed.span, &format!("{path}.allowed"), wrong);
                    return None;
                };
                (from, Wanted::Allowed(wanted.value))
            }
            (None, Some(_)) => {
                if let Some(from) = node.get("from") {
                    let wrong = Wrong::Beside("only");
                    self.refuse(from.span, &format!("{path}.from"), wrong);
                }
                let only = self.patterns(node, path, "only");
                (vec![Pattern::read("*")], Wanted::Only(only))
            }
            (Some(allowed), Some(_)) => {
                self.refuse(allowed.span, &format!("{path}.allowed"), Wrong::Beside("only"));
                return None;
            }
            (None, None) => {
                self.refuse(node.span, &format!("{path}.allowed"), Wrong::Missing);
                return None;
            }
        };
        if self.refused.len() > before {
            return None;
        }
        let name =
            node.text("name").map_or_else(|| says(&from, &to, &wanted), |one| one.value.to_owned());
        let place = self.file.place(self.source, node.span);
        Some(Expectation { name, place, from, to, ports, wanted })
    }

    fn patterns(&mut self, node: &Node, path: &str, name: &str) -> Vec<Pattern> {
        let path = format!("{path}.{name}");
        let Some(value) = node.get(name) else {
            self.refuse(node.span, &path, Wrong::Missing);
            return Vec::new();
        };
        self.each(value, &path, "a pod as NAMESPACE/NAME, an address, or a list of them", |one| {
            one.as_str().map(Pattern::read)
        })
    }

    fn ports(&mut self, node: &Node, path: &str) -> Vec<(u16, Protocol)> {
        let path = format!("{path}.port");
        let Some(value) = node.get("port") else {
            self.refuse(node.span, &path, Wrong::Missing);
            return Vec::new();
        };
        self.each(value, &path, "a port like 80 or 53/UDP, or a list of them", |one| {
            let text = match one.as_str() {
                Some(text) => text.to_owned(),
                None => one.as_integer()?.to_string(),
            };
            let (number, protocol) = text.split_once('/').unwrap_or((&text, "TCP"));
            let number = number.parse::<u16>().ok().filter(|port| *port > 0)?;
            Some((number, Protocol::named(protocol)?))
        })
    }

    /// The value, or each item of it.
    fn each<T>(
        &mut self,
        value: &Node,
        path: &str,
        wanted: &'static str,
        read: impl Fn(&Node) -> Option<T>,
    ) -> Vec<T> {
        let items = value.items();
        let nodes: Vec<&Node> =
            if items.is_empty() { vec![value] } else { items.iter().map(|item| &**item).collect() };
        let mut found = Vec::new();
        for node in nodes {
            match read(node) {
                Some(one) => found.push(one),
                None => self.refuse(node.span, path, Wrong::Type { wanted, found: node.kind() }),
            }
        }
        found
    }
}

/// What an expectation without a name is called.
fn says(from: &[Pattern], to: &[Pattern], wanted: &Wanted) -> String {
    let list = |patterns: &[Pattern]| {
        patterns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    match wanted {
        Wanted::Allowed(true) => format!("{} reaches {}", list(from), list(to)),
        Wanted::Allowed(false) => format!("{} does not reach {}", list(from), list(to)),
        Wanted::Only(only) => format!("only {} reaches {}", list(only), list(to)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netpol::Cluster;

    const CLUSTER: &str = "\
kind: Pod
apiVersion: v1
metadata: {namespace: shop, name: web, labels: {app: web}}
spec: {containers: []}
---
kind: Pod
apiVersion: v1
metadata: {namespace: shop, name: db, labels: {app: db}}
spec: {containers: []}
---
kind: Pod
apiVersion: v1
metadata: {namespace: other, name: job}
spec: {containers: []}
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {namespace: shop, name: db}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress: [{from: [{podSelector: {}}], ports: [{port: 5432}]}]
";

    fn parsed(text: &str) -> Manifest {
        Manifest::parse(Source::new(text))
    }

    fn tried(expect: &str) -> Vec<Tried> {
        let manifest = parsed(CLUSTER);
        let cluster = Cluster::of([("a.yaml", &manifest)]);
        let network = Network::new(&cluster);
        let all = expectations("expect.yaml", &parsed(expect)).unwrap();
        all.iter().map(|one| one.try_on(&network)).collect()
    }

    #[test]
    fn what_is_expected_holds_or_names_the_traffic() {
        let found = tried(
            "expect:\n- {from: shop/web, to: shop/db, port: 5432, allowed: true}\n\
             - {from: 'other/*', to: 'shop/d*', port: [5432, 80], allowed: false}\n\
             - {to: shop/db, port: 5432, only: shop/web}\n\
             - {from: '*', to: shop/web, port: 80/TCP, allowed: false}\n\
             - {from: 10.0.0.1, to: shop/db, port: 5432, allowed: false}\n\
             - {from: shop/nobody, to: shop/db, port: 1, allowed: true}\n",
        );
        let said: Vec<_> = found.iter().map(|one| (one.asked, one.holds())).collect();
        assert_eq!(said, [(1, true), (2, true), (2, true), (2, false), (1, true), (0, false)]);
        assert_eq!(found[3].broken.len(), 2);
        assert_eq!(found[5].nobody, ["shop/nobody"]);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_named_with_its_line() {
        let wrong = |text: &str| {
            let refused = expectations("e.yaml", &parsed(text)).unwrap_err();
            refused.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            wrong("expect:\n- from: a/b\n  to: c/d\n  prot: 5\n  allowed: true\n"),
            [
                "e.yaml:4: `expect[0].prot` is no field here: expected name, from, to, port, \
                 allowed, only",
                "e.yaml:2: `expect[0].port` is missing",
            ]
        );
        assert_eq!(wrong("a: b\n"), ["e.yaml:1: `expect` is missing"]);
        assert_eq!(wrong("expect: [{from: a/b, to: c/d, port: 99999, allowed: true}]\n").len(), 1);
        assert_eq!(wrong("expect: [{to: c/d, port: 1, allowed: true, only: a/b}]\n").len(), 1);
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, is) in [
            ("*", "", true),
            ("web-*", "web-1", true),
            ("web-*", "web", false),
            ("*-db-*", "a-db-1", true),
            ("a*a", "a", false),
            ("web", "web", true),
            ("web", "web1", false),
        ] {
            assert_eq!(matches(pattern, text), is, "{pattern} {text}");
        }
    }
}
