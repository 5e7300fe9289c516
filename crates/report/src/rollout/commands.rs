//! The commands that label the namespaces, for a shell.

use std::io::{self, Write};

use plimsoll_kube::pss::Rollout;

use super::RolloutFormat;
use crate::Style;

pub(super) const FORMAT: RolloutFormat =
    RolloutFormat { name: "commands", about: "the kubectl commands alone", write };

fn write(rollouts: &[Rollout], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let open = rollouts.iter().filter(|one| !one.is_labelled());
    for command in open.filter_map(Rollout::command) {
        writeln!(out, "{command}")?;
    }
    Ok(())
}
