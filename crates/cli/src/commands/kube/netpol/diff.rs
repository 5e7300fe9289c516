//! `plimsoll kube netpol diff`: what a change opens and closes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use plimsoll_kube::netpol::{Cluster, Matrix, Network, Protocol, Row};

use super::load;
use crate::commands::kube::rendered::Rendering;
use crate::exit::Outcome;
use crate::output;

/// Tell what newer manifests open and close
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A line for each pair of pods that is in both: `+` is allowed now, `-` no longer.

Exit codes: 0 nothing changes, 1 something does, 2 wrong usage or a file that is wrong, 3 a file
that cannot be read."
)]
pub(crate) struct Diff {
    /// A file or folder as it was
    #[arg(value_name = "OLD")]
    old: PathBuf,

    /// A file or folder as it is to be
    #[arg(value_name = "NEW")]
    new: PathBuf,

    #[command(flatten)]
    rendering: Rendering,

    /// Ask about this port of every pod too, whether or not a container declares it
    #[arg(long = "port", value_name = "N[/PROTOCOL]", value_parser = load::port)]
    ports: Vec<(u16, Protocol)>,
}

impl Diff {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let old = load::whole(std::slice::from_ref(&self.old), &self.rendering)?;
        let new = load::whole(std::slice::from_ref(&self.new), &self.rendering)?;
        let (old, new) = (Network::new(&old), Network::new(&new));
        let (mut before, mut after) = (Matrix::new(&old), Matrix::new(&new));
        let pairs = shared(&old, &new);
        let mut changed = false;
        output::write(None, |out| {
            for (name, (was_to, to)) in &pairs {
                for (port, protocol) in self.ports_of(old.cluster, *was_to, new.cluster, *to) {
                    let rows =
                        before.row(*was_to, port, protocol).zip(after.row(*to, port, protocol));
                    let Some((was, is)) = rows else { continue };
                    for (from, (was_from, is_from)) in &pairs {
                        let sign = match differ(&was, *was_from, &is, *is_from) {
                            None => continue,
                            Some(true) => '+',
                            Some(false) => '-',
                        };
                        changed = true;
                        writeln!(out, "{sign} {from} → {name} {protocol} {port}")?;
                    }
                }
            }
            Ok(())
        })?;
        Ok(if changed { Outcome::Gate(1) } else { Outcome::Clean })
    }

    fn ports_of(
        &self,
        old: &Cluster,
        was: usize,
        new: &Cluster,
        is: usize,
    ) -> BTreeSet<(u16, Protocol)> {
        let pods = [old.pods.get(was), new.pods.get(is)];
        let declared = pods.into_iter().flatten().flat_map(|pod| &pod.ports);
        let declared = declared.map(|port| (port.number, port.protocol));
        declared.chain(self.ports.iter().copied()).collect()
    }
}

/// The pods that both have, by name, with their numbers in each.
fn shared(old: &Network<'_>, new: &Network<'_>) -> BTreeMap<String, (usize, usize)> {
    let names = |network: &Network<'_>| -> BTreeMap<String, usize> {
        (0..network.cluster.pods.len()).map(|pod| (network.name(pod).to_owned(), pod)).collect()
    };
    let before = names(old);
    let both = names(new).into_iter().filter_map(|(name, is)| {
        let was = *before.get(&name)?;
        Some((name, (was, is)))
    });
    both.collect()
}

/// Whether a pair is allowed now, where it was not before or the other way round.
fn differ(was: &Row, was_from: usize, is: &Row, is_from: usize) -> Option<bool> {
    let now = is.allows(is_from);
    (was.allows(was_from) != now).then_some(now)
}
