//! `plimsoll kube netpol query`: may this pass, and what says so.

use plimsoll_kube::netpol::{Direction, End, Flow, Network, Protocol, Side, Verdict};
use serde_json::{Value, json};

use super::load::{self, Asked};
use crate::exit::Outcome;
use crate::output;

/// Tell whether traffic may pass, and which rule or policy says so
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 allowed, 1 denied, 2 wrong usage or a file that is wrong, 3 a file that cannot be read."
)]
pub(crate) struct Query {
    /// Who sends: NAMESPACE/POD, or an address outside
    #[arg(long, value_name = "NS/POD|IP")]
    from: String,

    /// Who receives: NAMESPACE/POD, or an address outside
    #[arg(long, value_name = "NS/POD|IP")]
    to: String,

    /// The receiver's port
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,

    /// TCP, UDP or SCTP
    #[arg(long, value_name = "P", default_value = "TCP", value_parser = load::protocol)]
    protocol: Protocol,

    #[command(flatten)]
    asked: Asked,
}

impl Query {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let outputs = self.asked.outputs()?;
        let cluster = self.asked.cluster()?;
        let network = Network::new(&cluster);
        let (from, to) = (load::end(&network, &self.from)?, load::end(&network, &self.to)?);
        let flow = Flow { from, to, port: self.port, protocol: self.protocol };
        let verdict = network.ask(flow);
        let answer = Answer { network: &network, flow, verdict: &verdict };
        for (format, file) in outputs {
            output::write(file, |out| match format {
                "json" => writeln!(out, "{:#}", answer.json()),
                _ => out.write_all(answer.text().as_bytes()),
            })?;
        }
        Ok(if verdict.allowed() { Outcome::Clean } else { Outcome::Gate(1) })
    }
}

/// An answer with its question.
struct Answer<'a> {
    network: &'a Network<'a>,
    flow: Flow,
    verdict: &'a Verdict<'a>,
}

impl Answer<'_> {
    fn name(&self, end: End) -> String {
        match end {
            End::Pod(pod) => self.network.name(pod).to_owned(),
            End::Address(address) => address.to_string(),
        }
    }

    fn sides(&self) -> [(Direction, String, &Side<'_>); 2] {
        [
            (Direction::Egress, self.name(self.flow.from), &self.verdict.egress),
            (Direction::Ingress, self.name(self.flow.to), &self.verdict.ingress),
        ]
    }

    fn text(&self) -> String {
        let Flow { from, to, port, protocol } = self.flow;
        let word = if self.verdict.allowed() { "allowed" } else { "denied" };
        let mut text =
            format!("{word}: {} → {} {protocol} {port}\n", self.name(from), self.name(to));
        for (direction, name, side) in self.sides() {
            let head = format!("  {} of {name}", direction.name());
            let line = match side {
                Side::Itself => format!("{head}: a pod always reaches itself\n"),
                Side::Outside => continue,
                Side::Node => format!(
                    "{head}: it has the network of its node, to which policies are not applied\n"
                ),
                Side::Open => format!("{head}: no policy isolates it\n"),
                Side::Decided(by) => format!(
                    "{head}: {} by {}, {} rule {} ({})\n",
                    if side.allowed() { "allowed" } else { "denied" },
                    by.policy.called(),
                    by.direction.name(),
                    by.index + 1,
                    by.place
                ),
                Side::Allowed(by) => by.iter().fold(String::new(), |text, by| {
                    let (policy, number) = (by.policy.called(), by.index + 1);
                    let way = by.direction.name();
                    text + &format!(
                        "{head}: allowed by {policy}, {way} rule {number} ({})\n",
                        by.place
                    )
                }),
                Side::Denied(policies) => {
                    let start = policies.iter().fold(String::new(), |text, policy| {
                        text + &format!(
                            "{head}: isolated by {} ({})\n",
                            policy.called(),
                            policy.place
                        )
                    });
                    start + &format!("{head}: no rule allows it\n")
                }
            };
            text.push_str(&line);
        }
        text
    }

    fn json(&self) -> Value {
        let side = |side: &Side<'_>| match side {
            Side::Itself => json!({"allowed": true, "why": "itself"}),
            Side::Outside => json!({"allowed": true, "why": "outside"}),
            Side::Node => json!({"allowed": true, "why": "host-network"}),
            Side::Open => json!({"allowed": true, "why": "not-isolated"}),
            Side::Decided(by) => json!({
                "allowed": side.allowed(), "why": "admin", "policy": by.policy.called(),
                "rule": by.index, "place": by.place.to_string(),
            }),
            Side::Allowed(by) => {
                let by: Vec<Value> = by.iter().map(|by| {
                    json!({"policy": by.policy.called(), "rule": by.index, "place": by.place.to_string()})
                }).collect();
                json!({"allowed": true, "why": "rule", "rules": by})
            }
            Side::Denied(policies) => {
                let by: Vec<Value> = policies.iter().map(|policy| {
                    json!({"policy": policy.called(), "place": policy.place.to_string()})
                }).collect();
                json!({"allowed": false, "why": "isolated", "policies": by})
            }
        };
        json!({
            "schema": "plimsoll.netpol-query/v1",
            "from": self.name(self.flow.from), "to": self.name(self.flow.to),
            "port": self.flow.port, "protocol": self.flow.protocol.name(),
            "allowed": self.verdict.allowed(),
            "ingress_allowed": self.verdict.ingress.allowed(),
            "egress_allowed": self.verdict.egress.allowed(),
            "ingress": side(&self.verdict.ingress), "egress": side(&self.verdict.egress),
        })
    }
}
