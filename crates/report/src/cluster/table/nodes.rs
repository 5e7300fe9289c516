//! A row for each node: what it runs on, and the worst of what runs on it.

use std::cmp::Reverse;
use std::io::{self, Write};

use plimsoll_kube::assessment::Node;
use plimsoll_kube::releases::Support;

use super::{Cell, heading, print};
use crate::cluster::{ClusterScan, Severities};
use crate::style::{Role, Style};

/// How many nodes a summary has, the worst first.
const MOST: usize = 25;

pub(super) fn write(scan: &ClusterScan<'_>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let nodes = &scan.assessment.nodes;
    if nodes.is_empty() {
        return Ok(());
    }
    heading("Nodes", style, out)?;
    let with_images = !scan.images.is_empty();
    let severities = Severities::of(&scan.images);
    let mut all: Vec<(&String, &Node, [usize; 6], [usize; 4])> = nodes
        .iter()
        .map(|(name, node)| (name, node, severities.together(&node.images), scan.levels_of(node)))
        .collect();
    all.sort_by_key(|(name, _, counts, levels)| (Reverse(*counts), Reverse(*levels), *name));
    let left = |name: &str| Cell::left(name, Role::Faint);
    let right = |name: &str| Cell { text: name.to_owned(), role: Role::Faint, right: true };
    let mut titles =
        vec![left("NODE"), left("KUBELET"), left("RUNTIME"), left("SYSTEM"), right("PODS")];
    if with_images {
        titles.extend(["CRITICAL", "HIGH", "MEDIUM"].map(right));
    }
    titles.extend(["ERRORS", "WARNINGS"].map(right));
    let mut rows = vec![titles];
    let shown = if scan.is_whole { all.len() } else { MOST };
    let today = scan.scanned_at.date();
    let said = |text: &str, support: Support| {
        let role = if support.has_ended() { Role::Bad } else { Role::Plain };
        Cell::left(if text.is_empty() { "-" } else { text }, role)
    };
    for (name, node, [critical, high, medium, ..], [errors, warnings, ..]) in all.iter().take(shown)
    {
        let pods = usize::try_from(node.pods).unwrap_or(usize::MAX);
        let mut cells = vec![
            Cell::text(name),
            said(&node.kubelet, scan.support(&node.kubelet)),
            said(&node.runtime.replace("://", " "), Support::of_runtime(&node.runtime, &today)),
            said(&node.system, Support::of_system(&node.system, &today)),
            Cell::number(pods, Role::Plain),
        ];
        if with_images {
            cells.extend([
                Cell::number(*critical, Role::Bad),
                Cell::number(*high, Role::Warning),
                Cell::number(*medium, Role::Plain),
            ]);
        }
        cells.extend([Cell::number(*errors, Role::Bad), Cell::number(*warnings, Role::Warning)]);
        rows.push(cells);
    }
    print(&rows, style, out)?;
    let more = all.len().saturating_sub(shown);
    if more > 0 {
        let line = format!("and {more} nodes with no more than the last: `--report all` has each");
        writeln!(out, "{}", style.paint(Role::Faint, &line))?;
    }
    Ok(())
}
