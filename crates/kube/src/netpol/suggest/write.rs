//! Needs as policies: one for each pod, that lets pass what the pod needs and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::net::IpAddr;

use super::{Need, Needs, Peer, lasting};
use crate::netpol::cluster::{Cluster, Pod};
use crate::netpol::policy::Protocol;

/// What a policy means by the Internet: no private, local or metadata address.
const INTERNET: &str = "        - ipBlock:
            cidr: 0.0.0.0/0
            except: [10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]
        - ipBlock:
            cidr: '::/0'
            except: ['::1/128', 'fc00::/7', 'fe80::/10']
";

const DNS: &str = "    # names
    - to:
        - namespaceSelector:
            matchLabels: {kubernetes.io/metadata.name: kube-system}
          podSelector:
            matchLabels: {k8s-app: kube-dns}
      ports:
        - {port: 53, protocol: UDP}
        - {port: 53, protocol: TCP}
";

/// The policies, as YAML. Pods of one workload have one; pods without a label that tells them
/// apart, and those with the network of their node, have none.
pub fn write(cluster: &Cluster, needs: &Needs) -> String {
    let mut text = String::new();
    let mut ends = Ends::default();
    for need in &needs.all {
        if let Peer::Pod(to) = need.to {
            ends.to.entry(to).or_default().push(need);
        }
        if let Peer::Pod(from) = need.from {
            ends.from.entry(from).or_default().push(need);
        }
    }
    let mut alike: BTreeMap<(&str, String), BTreeSet<usize>> = BTreeMap::new();
    for (number, pod) in cluster.pods.iter().enumerate() {
        alike.entry((&pod.namespace, labels(pod))).or_default().insert(number);
    }
    for pod in &cluster.pods {
        let labels = labels(pod);
        if pod.host_network || labels.is_empty() {
            let why = if pod.host_network { "has the network of its node" } else { "has no label" };
            let _ = writeln!(text, "# {} {why}: no policy selects it", plain(pod.called()));
        } else if let Some(same) = alike.remove(&(pod.namespace.as_str(), labels.clone())) {
            policy(cluster, (needs, &ends), pod, &same, &labels, &mut text);
        }
    }
    text
}

/// What is needed, by the pods at its ends.
#[derive(Default)]
struct Ends<'n> {
    to: HashMap<usize, Vec<&'n Need>>,
    from: HashMap<usize, Vec<&'n Need>>,
}

fn policy(
    cluster: &Cluster,
    (needs, ends): (&Needs, &Ends<'_>),
    pod: &Pod,
    same: &BTreeSet<usize>,
    labels: &str,
    text: &mut String,
) {
    if !text.is_empty() && !text.ends_with("---\n") {
        text.push_str("---\n");
    }
    let _ = write!(
        text,
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {}\n  namespace: \
         {}\nspec:\n  podSelector:\n    matchLabels: {labels}\n  policyTypes: [Ingress, Egress]\n",
        quoted(&pod.name),
        quoted(&pod.namespace),
    );
    let (incoming, outgoing) = (of_pods(same, &ends.to), of_pods(same, &ends.from));
    let ingress = rules(cluster, pod, incoming, |need| need.from, "from");
    if ingress.is_empty() {
        text.push_str("  ingress: []\n");
    } else {
        let _ = write!(text, "  ingress:\n{ingress}");
    }
    let mut egress = rules(cluster, pod, outgoing, |need| need.to, "to");
    if same.iter().any(|number| needs.names.contains(number)) {
        egress.push_str(DNS);
    }
    if egress.is_empty() {
        text.push_str("  egress: []\n");
    } else {
        let _ = write!(text, "  egress:\n{egress}");
    }
}

/// What is needed of some pods.
fn of_pods<'n>(pods: &BTreeSet<usize>, by_pod: &HashMap<usize, Vec<&'n Need>>) -> Vec<&'n Need> {
    pods.iter().filter_map(|pod| by_pod.get(pod)).flatten().copied().collect()
}

/// The other end, as a policy of the pod's namespace names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Other {
    Pods(String, String),
    Address(IpAddr),
    Internet,
    Everybody,
}

/// One rule for each other end, with its ports.
fn rules<'n>(
    cluster: &Cluster,
    pod: &Pod,
    needs: Vec<&'n Need>,
    other: impl Fn(&Need) -> Peer,
    field: &str,
) -> String {
    type Ports<'n> = (BTreeSet<(u16, Protocol)>, BTreeSet<&'n str>);
    let mut by_peer: BTreeMap<Other, Ports<'n>> = BTreeMap::new();
    for need in needs {
        let other = match other(need) {
            Peer::Pod(number) => {
                let Some(peer) = cluster.pods.get(number) else { continue };
                Other::Pods(peer.namespace.clone(), labels(peer))
            }
            Peer::Address(address) => Other::Address(address),
            Peer::Internet => Other::Internet,
            Peer::Everybody => Other::Everybody,
        };
        let (ports, because) = by_peer.entry(other).or_default();
        ports.insert((need.port, need.protocol));
        because.insert(&need.because);
    }
    let mut text = String::new();
    for (other, (ports, because)) in by_peer {
        let because: Vec<String> = because.into_iter().map(plain).collect();
        let _ = writeln!(text, "    # {}", because.join(", "));
        let mut lead = "    - ";
        match other {
            Other::Everybody => {}
            Other::Internet => {
                let _ = write!(text, "{lead}{field}:\n{INTERNET}");
                lead = "      ";
            }
            Other::Address(address) => {
                let bits = if address.is_ipv4() { 32 } else { 128 };
                let _ = writeln!(
                    text,
                    "{lead}{field}:\n        - ipBlock:\n            cidr: '{address}/{bits}'"
                );
                lead = "      ";
            }
            Other::Pods(home, labels) => {
                let _ = writeln!(text, "{lead}{field}:");
                lead = "      ";
                let mut peer = "        - ";
                if home != pod.namespace {
                    let _ = writeln!(
                        text,
                        "{peer}namespaceSelector:\n            matchLabels: \
                         {{kubernetes.io/metadata.name: {}}}",
                        quoted(&home)
                    );
                    peer = "          ";
                }
                // A pod without labels is meant with all of its namespace.
                let labels = if labels.is_empty() { "{}" } else { labels.as_str() };
                let _ = writeln!(text, "{peer}podSelector:\n            matchLabels: {labels}");
            }
        }
        let _ = writeln!(text, "{lead}ports:");
        for (port, protocol) in ports {
            let _ = writeln!(text, "        - {{port: {port}, protocol: {protocol}}}");
        }
    }
    text
}

/// The labels that a pod is selected by, in braces; empty where it has none.
fn labels(pod: &Pod) -> String {
    let labels: Vec<String> =
        lasting(pod).map(|(name, value)| format!("{}: {}", quoted(name), quoted(value))).collect();
    if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(", ")) }
}

/// A text as YAML reads it again, in quotes where it would else be something else.
fn quoted(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-./_".contains(&byte))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text);
    if is_plain { text.to_owned() } else { format!("'{}'", plain(text).replace('\'', "''")) }
}

/// A text for a comment: on one line.
fn plain(text: impl AsRef<str>) -> String {
    text.as_ref().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
