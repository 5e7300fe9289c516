//! A `NetworkPolicy`: <https://kubernetes.io/docs/concepts/services-networking/network-policies/>.
//!
//! A capture knows addresses and no pods, so each end is an `ipBlock` of one address. Connections
//! within the pod itself are no matter of a policy.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::IpAddr;

use crate::engine::constant::Network;
use crate::profile::{Deed, Direction, Judge, Kind, Observed, Peer, Verdict};
use crate::syscall::SystemCall;
use crate::yaml::{self, Node};

pub(super) const KIND: Kind =
    Kind { name: "network", file: "networkpolicy.yaml", what: "NetworkPolicy", write, read };

/// Whether a policy has to do with it.
fn concerns(peer: &Peer) -> bool {
    !peer.address.is_loopback() && !peer.address.is_unspecified()
}

fn write(observed: &Observed) -> String {
    let name = &observed.name;
    let mut text = format!(
        "# The addresses that `{name}` was observed to speak to. Put the selectors of pods and the\n\
         # labels of this one in place of what is known here.\n\
         apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {name}\nspec:\n  \
         podSelector:\n    matchLabels:\n      app: {name}\n  policyTypes: [Ingress, Egress]\n"
    );
    for (direction, key, ends) in
        [(Direction::In, "ingress", "from"), (Direction::Out, "egress", "to")]
    {
        // Addresses that are spoken to on the same ports are one rule.
        let mut ports: BTreeMap<IpAddr, BTreeSet<(u16, &str)>> = BTreeMap::new();
        for peer in observed.peers.iter().filter(|it| it.direction == direction && concerns(it)) {
            ports.entry(peer.address).or_default().insert((peer.port, peer.protocol));
        }
        let mut rules: BTreeMap<BTreeSet<(u16, &str)>, Vec<IpAddr>> = BTreeMap::new();
        for (address, ports) in ports {
            rules.entry(ports).or_default().push(address);
        }
        if rules.is_empty() {
            let _ = writeln!(text, "  {key}: []");
            continue;
        }
        let _ = writeln!(text, "  {key}:");
        for (ports, addresses) in rules {
            let _ = writeln!(text, "    - {ends}:");
            for address in addresses {
                let bits = if address.is_ipv4() { 32 } else { 128 };
                let _ = writeln!(text, "        - ipBlock: {{cidr: \"{address}/{bits}\"}}");
            }
            text.push_str("      ports:\n");
            for (port, protocol) in ports {
                let _ = writeln!(text, "        - {{protocol: {protocol}, port: {port}}}");
            }
        }
    }
    text
}

struct Policy {
    grants: Vec<String>,
    rules: Vec<Rule>,
}

struct Rule {
    direction: Direction,
    /// Each with its grant.
    blocks: Vec<(Network, usize)>,
    ports: Vec<(String, u16, usize)>,
}

fn read(text: &str) -> Result<Box<dyn Judge>, String> {
    let documents = yaml::read(text).map_err(|error| error.what)?;
    let spec = documents.first().and_then(|it| it.get("spec")).ok_or("no `spec`")?;
    let types = spec.get("policyTypes").and_then(|it| it.sequence()).unwrap_or_default();
    let mut policy = Policy { grants: Vec::new(), rules: Vec::new() };
    for (direction, kind, key, ends) in
        [(Direction::In, "Ingress", "ingress", "from"), (Direction::Out, "Egress", "egress", "to")]
    {
        if !types.iter().any(|it| it.scalar() == Some(kind)) {
            return Err(format!("`policyTypes` lacks {kind}"));
        }
        for node in spec.get(key).and_then(|it| it.sequence()).unwrap_or_default() {
            let rule = policy.rule(direction, node, key, ends)?;
            policy.rules.push(rule);
        }
    }
    Ok(Box::new(policy))
}

impl Policy {
    fn rule(
        &mut self,
        direction: Direction,
        node: &Node,
        key: &str,
        ends: &str,
    ) -> Result<Rule, String> {
        let mut rule = Rule { direction, blocks: Vec::new(), ports: Vec::new() };
        let list = |name: &str| node.get(name).and_then(|it| it.sequence()).unwrap_or_default();
        for end in list(ends) {
            let cidr = end.get("ipBlock").and_then(|it| it.get("cidr"));
            let cidr = cidr.and_then(|it| it.scalar()).ok_or("no `ipBlock.cidr`")?;
            let block = Network::parse(cidr).ok_or_else(|| format!("`{cidr}` is no network"))?;
            rule.blocks.push((block, self.grant(format!("{key} {ends} {cidr}"))));
        }
        for port in list("ports") {
            let text = |name: &str| port.get(name).and_then(|it| it.scalar());
            let (Some(protocol), Some(number)) =
                (text("protocol"), text("port").and_then(|port| port.parse().ok()))
            else {
                return Err("a port without protocol or number".to_owned());
            };
            let grant = self.grant(format!("{key} port {number}/{protocol}"));
            rule.ports.push((protocol.to_owned(), number, grant));
        }
        // An empty list permits everything.
        if rule.blocks.is_empty() || rule.ports.is_empty() {
            return Err(format!("a rule of `{key}` permits everything"));
        }
        Ok(rule)
    }

    fn grant(&mut self, name: String) -> usize {
        self.grants.push(name);
        self.grants.len().saturating_sub(1)
    }
}

impl Judge for Policy {
    fn grants(&self) -> &[String] {
        &self.grants
    }

    fn judge(&mut self, _: &SystemCall<'_>, deed: &Deed) -> Verdict {
        let Some(peer) = deed.peer.as_ref().filter(|peer| concerns(peer)) else {
            return Verdict::INDIFFERENT;
        };
        let mut permitting = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.direction == peer.direction) {
            let blocks = rule.blocks.iter().filter(|it| it.0.contains(peer.address));
            for (_, block) in blocks {
                let fits = |it: &&(String, u16, usize)| it.0 == peer.protocol && it.1 == peer.port;
                permitting
                    .extend(rule.ports.iter().filter(fits).map(|(_, _, port)| [*block, *port]));
            }
        }
        match permitting.as_slice() {
            [] => Verdict::Denied(format!(
                "{} {}:{}/{}",
                if peer.direction == Direction::In { "from" } else { "to" },
                peer.address,
                peer.port,
                peer.protocol
            )),
            [both] => Verdict::Permitted(both.to_vec()),
            _ => Verdict::INDIFFERENT,
        }
    }
}
