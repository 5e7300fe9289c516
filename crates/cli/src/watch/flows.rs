//! Captures and logs of sensors, for who spoke to whom in them.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, bail};
use plimsoll_runtime::event::{Arena, Next};
use plimsoll_runtime::profile::{FlowWitness, PodFlow};

use super::capture;
use crate::exit::{Usage, tell};

/// How many different connections are kept.
const MOST: usize = 1_000_000;

/// What a capture shows.
#[derive(Debug, Default)]
pub(crate) struct Flows {
    /// The connections of pods, each once.
    pub(crate) of_pods: BTreeSet<PodFlow>,
    /// How many there were of processes that run in no pod.
    pub(crate) others: u64,
}

/// Reads all of a capture. Where a part of it is damaged nobody knows what else was needed, and policies
/// of the rest would deny it: that is an error.
pub(crate) fn read(path: &Path) -> anyhow::Result<Flows> {
    let shown = path.display();
    let mut stream = capture::open(path, None).with_context(|| format!("cannot read `{shown}`"))?;
    let mut witness = FlowWitness::new();
    let mut arena = Arena::new();
    let mut flows = Flows::default();
    while let Some(next) = stream.next().with_context(|| format!("cannot read `{shown}`"))? {
        match next {
            Next::Call(call) => {
                arena.reset();
                match witness.flow(&call, &arena) {
                    None => {}
                    // What failed was not needed.
                    Some(Ok(flow)) if !flow.peer.established => {}
                    Some(Ok(flow)) => {
                        flows.of_pods.insert(flow);
                        if flows.of_pods.len() > MOST {
                            let why = format!(
                                "`{shown}` has more than {MOST} connections: give a shorter time"
                            );
                            return Err(Usage(why).into());
                        }
                    }
                    Some(Err(_)) => flows.others = flows.others.saturating_add(1),
                }
            }
            Next::Skipped(skipped) => tell(&format!("{shown}: {skipped}")),
            Next::Event(_) => {
                let why = format!("`{shown}` tells of no system calls: it shows no connections");
                return Err(Usage(why).into());
            }
            Next::Damaged(why) => {
                bail!("`{shown}` is damaged, so it does not show all that is needed: {why}")
            }
        }
    }
    Ok(flows)
}
