//! `plimsoll kube netpol test`: whether a network is as it is expected to be.

use std::fmt::Write as _;
use std::path::PathBuf;

use plimsoll_kube::netpol::{End, Expectation, Flow, Network, Tried, expectations};
use serde_json::{Value, json};

use super::load::{self, Asked};
use crate::commands::kube::rendered::Rendering;
use crate::exit::{Outcome, Usage, tell};
use crate::output;

/// Tell whether traffic is allowed and denied as a file expects it
#[derive(Debug, clap::Args)]
#[command(after_help = "A file of expectations:
  expect:
    - {from: shop/web, to: shop/db, port: 5432, allowed: true}
    - {from: 'other/*', to: 'shop/*', port: [80, 53/UDP], allowed: false}
    - {name: backups, to: shop/db, port: 5432, only: [shop/web, shop/backup]}

Exit codes: 0 all is as expected, 1 something is not, 2 wrong usage or a file that is wrong, 3 a file
that cannot be read.")]
pub(crate) struct Test {
    /// The file of expectations, several times if wanted
    #[arg(long, value_name = "FILE", required = true)]
    expect: Vec<PathBuf>,

    #[command(flatten)]
    asked: Asked,
}

/// How much traffic of one expectation is named in a text.
const NAMED: usize = 10;

impl Test {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let outputs = self.asked.outputs()?;
        let all = read(&self.expect)?;
        let cluster = self.asked.cluster()?;
        let network = Network::new(&cluster);
        let tried: Vec<(&Expectation, Tried)> =
            all.iter().map(|one| (one, one.try_on(&network))).collect();
        for (format, file) in outputs {
            output::write(file, |out| match format {
                "json" => writeln!(out, "{:#}", document(&network, &tried)),
                _ => tried.iter().try_for_each(|(expectation, tried)| {
                    out.write_all(text(&network, expectation, tried).as_bytes())
                }),
            })?;
        }
        let holds = tried.iter().all(|(_, tried)| tried.holds());
        Ok(if holds { Outcome::Clean } else { Outcome::Gate(1) })
    }
}

fn read(files: &[PathBuf]) -> anyhow::Result<Vec<Expectation>> {
    let mut all = Vec::new();
    let mut wrong = 0_usize;
    for read in load::manifests(files, &Rendering::default())? {
        let name = read.path.display().to_string();
        for problem in &read.manifest.problems {
            tell(&read.says(problem));
            wrong += 1;
        }
        match expectations(&name, &read.manifest) {
            Ok(found) => all.extend(found),
            Err(refused) => {
                wrong += refused.len();
                for one in &refused {
                    tell(&one.to_string());
                }
            }
        }
    }
    if wrong > 0 {
        return Err(Usage("nothing is tried: mend the expectations above".into()).into());
    }
    Ok(all)
}

fn name(network: &Network<'_>, end: End) -> String {
    match end {
        End::Pod(pod) => network.name(pod).to_owned(),
        End::Address(address) => address.to_string(),
    }
}

fn text(network: &Network<'_>, expectation: &Expectation, tried: &Tried) -> String {
    let word = if tried.holds() { "ok    " } else { "broken" };
    let mut text = format!("{word} {} ({})\n", expectation.name, expectation.place);
    for nobody in &tried.nobody {
        let _ = writeln!(text, "         `{nobody}` is no pod of the files");
    }
    for (flow, allowed) in tried.broken.iter().take(NAMED) {
        let Flow { from, to, port, protocol } = *flow;
        let (from, to) = (name(network, from), name(network, to));
        let word = if *allowed { "allowed" } else { "denied" };
        let _ = writeln!(text, "         {word}: {from} → {to} {protocol} {port}");
    }
    let more = tried.broken.len().saturating_sub(NAMED);
    if more > 0 {
        let _ = writeln!(text, "         and {more} more: `-o json` has all");
    }
    text
}

fn document(network: &Network<'_>, tried: &[(&Expectation, Tried)]) -> Value {
    let flow = |(flow, allowed): &(Flow, bool)| {
        json!({
            "from": name(network, flow.from), "to": name(network, flow.to),
            "port": flow.port, "protocol": flow.protocol.name(), "allowed": allowed,
        })
    };
    let one = |(expectation, tried): &(&Expectation, Tried)| {
        json!({
            "name": expectation.name, "place": expectation.place.to_string(),
            "holds": tried.holds(), "asked": tried.asked, "nobody": tried.nobody,
            "broken": tried.broken.iter().map(flow).collect::<Vec<_>>(),
        })
    };
    let all: Vec<Value> = tried.iter().map(one).collect();
    json!({ "schema": "plimsoll.netpol-test/v1", "expectations": all })
}
