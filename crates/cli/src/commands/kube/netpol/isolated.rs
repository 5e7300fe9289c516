//! `plimsoll kube netpol isolated`: which pods a policy isolates, direction by direction.

use std::fmt::Write as _;

use plimsoll_kube::netpol::{AdminPolicy, Direction, Isolation, Network};
use plimsoll_report::text;
use serde_json::{Value, json};

use super::load::{self, Asked};
use crate::exit::{Outcome, tell};
use crate::output;

/// Tell which pods policies isolate, for ingress and for egress
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll kube netpol isolated deploy/
  plimsoll kube netpol isolated --pod shop/db deploy/
  plimsoll kube netpol isolated --require ingress,egress deploy/

Exit codes: 0 told, or all are isolated as required; 1 a pod is not isolated as required, 2 wrong
usage or a file that is wrong, 3 a file that cannot be read.")]
pub(crate) struct Isolated {
    /// This pod alone, with the places of its policies; several times if wanted
    #[arg(long = "pod", value_name = "NS/POD")]
    pods: Vec<String>,

    /// Exit 1 where a pod is not isolated in these directions: ingress, egress
    #[arg(long, value_name = "DIRECTION", value_delimiter = ',', value_parser = direction)]
    require: Vec<Direction>,

    #[command(flatten)]
    asked: Asked,
}

fn direction(text: &str) -> Result<Direction, String> {
    Direction::ALL
        .into_iter()
        .find(|one| one.name() == text)
        .ok_or_else(|| format!("`{text}` is no direction: expected ingress or egress"))
}

impl Isolated {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let outputs = self.asked.outputs()?;
        let cluster = self.asked.cluster()?;
        let network = Network::new(&cluster);
        let one_by_one = !self.pods.is_empty();
        let numbers: Vec<usize> = if one_by_one {
            self.pods.iter().map(|name| load::pod(&network, name)).collect::<Result<_, _>>()?
        } else {
            (0..cluster.pods.len()).collect()
        };
        let pods: Vec<Standing<'_>> =
            numbers.iter().map(|pod| Standing::of(&network, *pod)).collect();
        for (format, file) in outputs {
            output::write(file, |out| match format {
                "json" => writeln!(out, "{:#}", document(&pods)),
                _ if one_by_one => out.write_all(in_full(&pods).as_bytes()),
                _ => out.write_all(table(&pods).as_bytes()),
            })?;
        }
        tell(&sum(&pods, &self.require));
        let lacks = |pod: &&Standing<'_>| !pod.is_isolated(&self.require);
        let Some(first) = pods.iter().find(lacks) else { return Ok(Outcome::Clean) };
        if one_by_one {
            return Ok(Outcome::Gate(1));
        }
        let more = match pods.iter().filter(lacks).count() {
            1 => " is".to_owned(),
            count => format!(" and {} more are", count - 1),
        };
        tell(&format!("{}{more} not isolated as required", first.name));
        Ok(Outcome::Gate(1))
    }
}

/// A pod, and what policies are to its two directions.
struct Standing<'c> {
    name: &'c str,
    sides: [(Direction, Isolation<'c>, Vec<&'c AdminPolicy>); 2],
}

impl<'c> Standing<'c> {
    fn of(network: &'c Network<'_>, pod: usize) -> Self {
        let side = |direction| {
            (direction, network.isolation(pod, direction), network.administered(pod, direction))
        };
        Self { name: network.name(pod), sides: Direction::ALL.map(side) }
    }

    /// Whether a policy isolates it in all these directions.
    fn is_isolated(&self, directions: &[Direction]) -> bool {
        let mut meant = self.sides.iter().filter(|(direction, ..)| directions.contains(direction));
        meant.all(|(_, isolation, _)| isolation.is_isolated())
    }

    /// A cell of the table.
    fn cell(&self, side: usize) -> String {
        let Some((direction, isolation, admin)) = self.sides.get(side) else {
            return String::new();
        };
        let mut said = match isolation {
            Isolation::Node => return "network of its node".to_owned(),
            Isolation::Open => "open".to_owned(),
            Isolation::By(policies) => {
                let names: Vec<String> = policies.iter().map(|one| one.called()).collect();
                format!("{} ({})", names.join(", "), rules(isolation.rules(*direction)))
            }
        };
        for policy in admin {
            let _ = write!(said, "; {}", policy.called());
        }
        text::one_line(&said)
    }
}

fn rules(count: usize) -> String {
    match count {
        0 => "closed".to_owned(),
        1 => "1 rule".to_owned(),
        count => format!("{count} rules"),
    }
}

fn table(pods: &[Standing<'_>]) -> String {
    let heads = ["POD", "INGRESS", "EGRESS"].map(str::to_owned);
    let row = |pod: &Standing<'_>| [text::one_line(pod.name), pod.cell(0), pod.cell(1)];
    let rows: Vec<[String; 3]> = std::iter::once(heads).chain(pods.iter().map(row)).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| text::width(cell)).max()
    };
    let (first, second) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
    rows.iter().fold(String::new(), |out, [pod, ingress, egress]| {
        let line = format!("{}  {}  {egress}", text::pad(pod, first), text::pad(ingress, second));
        out + line.trim_end() + "\n"
    })
}

fn in_full(pods: &[Standing<'_>]) -> String {
    let mut out = String::new();
    for pod in pods {
        let _ = writeln!(out, "{}", text::one_line(pod.name));
        for (direction, isolation, admin) in &pod.sides {
            let head = format!("  {}", direction.name());
            let said = match isolation {
                Isolation::Node => {
                    "it has the network of its node, to which policies are not applied".into()
                }
                Isolation::Open => "open, no policy selects it".to_owned(),
                Isolation::By(policies) => {
                    let by: Vec<String> = policies
                        .iter()
                        .map(|one| format!("{} ({})", one.called(), one.place))
                        .collect();
                    let rules = rules(isolation.rules(*direction));
                    format!("isolated by {}, {rules}", by.join(", "))
                }
            };
            let _ = writeln!(out, "{head}: {said}");
            for policy in admin {
                let (name, place) = (policy.called(), &policy.place);
                let _ = writeln!(out, "{head}: {name} has rules on it ({place})");
            }
        }
    }
    out
}

/// How many are isolated, in all that is required, or else in each direction.
fn sum(pods: &[Standing<'_>], required: &[Direction]) -> String {
    let count =
        |directions: &[Direction]| pods.iter().filter(|pod| pod.is_isolated(directions)).count();
    let (all, are) = (text::plural(pods.len(), "pod"), if pods.len() == 1 { "is" } else { "are" });
    match required {
        [] => format!(
            "{} of {all} {are} isolated for ingress, {} for egress",
            count(&[Direction::Ingress]),
            count(&[Direction::Egress])
        ),
        some => {
            let names: Vec<&str> = some.iter().map(|one| one.name()).collect();
            format!("{} of {all} {are} isolated for {}", count(some), names.join(" and "))
        }
    }
}

fn document(pods: &[Standing<'_>]) -> Value {
    let side = |(direction, isolation, admin): &(Direction, Isolation<'_>, Vec<&AdminPolicy>)| {
        let by: Vec<Value> = match isolation {
            Isolation::By(policies) => policies
                .iter()
                .map(|one| {
                    let rules = one.rules(*direction).len();
                    json!({"policy": one.called(), "place": one.place.to_string(), "rules": rules})
                })
                .collect(),
            Isolation::Node | Isolation::Open => Vec::new(),
        };
        let admin: Vec<Value> = admin
            .iter()
            .map(|one| json!({"policy": one.called(), "place": one.place.to_string()}))
            .collect();
        let why = match isolation {
            Isolation::Node => "host-network",
            Isolation::Open => "open",
            Isolation::By(_) if isolation.rules(*direction) == 0 => "closed",
            Isolation::By(_) => "isolated",
        };
        json!({"isolated": isolation.is_isolated(), "state": why, "policies": by, "admin": admin})
    };
    let one = |pod: &Standing<'_>| {
        let [ingress, egress] = &pod.sides;
        json!({"pod": pod.name, "ingress": side(ingress), "egress": side(egress)})
    };
    let all: Vec<Value> = pods.iter().map(one).collect();
    json!({"schema": "plimsoll.netpol-isolated/v1", "pods": all})
}
