//! For each port of each receiver, who may reach it; for people.

use std::collections::BTreeMap;
use std::io::{self, Write};

use plimsoll_kube::netpol::{Bits, Direction, Matrix, Network};

use super::{Pairs, ReachFormat};
use crate::style::{Role, Style};
use crate::text;

pub(super) const FORMAT: ReachFormat =
    ReachFormat { name: "table", about: "who may reach each port", write };

const HEADS: [&str; 3] = ["TO", "PORT", "FROM"];

fn write(pairs: &Pairs<'_>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let network = pairs.network;
    let mut matrix = Matrix::new(network);
    let namespaces = namespaces(network);
    let mut rows = Vec::new();
    for target in pairs.targets() {
        let Some(row) = matrix.row(target.to, target.port, target.protocol) else { continue };
        let (senders, role) = senders(network, &namespaces, target.to, &row.senders());
        let name = if target.name.is_empty() { String::new() } else { format!(" {}", target.name) };
        let port = format!("{}/{}{name}", target.port, target.protocol);
        let is_open = network.isolating(target.to, Direction::Ingress).is_empty()
            && network.cluster.admin_policies.is_empty();
        let from = if is_open { format!("{senders} (no ingress policy)") } else { senders };
        rows.push(([network.name(target.to).to_owned(), port, from], role));
    }
    if rows.is_empty() {
        let text = "No pod declares a port: ask about one with --port.";
        return writeln!(out, "{}", text::wrap(text, style.columns()));
    }
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|(cells, _)| cells.get(column));
        let head = HEADS.get(column).map_or(0, |head| text::width(head));
        cells.map(|cell| text::width(&text::one_line(cell))).max().unwrap_or(0).max(head)
    };
    let (to, port) = (width(0), width(1));
    let [to_head, port_head, from_head] = HEADS;
    let head = format!("{}  {}  {from_head}", text::pad(to_head, to), text::pad(port_head, port));
    writeln!(out, "{}", style.paint(Role::Strong, &head))?;
    let mut before = "";
    for ([receiver, name, from], role) in &rows {
        let shown = if receiver == before { "" } else { receiver };
        before = receiver;
        let room = style.columns().map(|all| all.saturating_sub(to + port + 4).max(20));
        let from = text::one_line(from);
        let from = room.map_or(from.clone(), |room| text::shorten(&from, room));
        writeln!(
            out,
            "{}  {}  {}",
            text::pad(&text::one_line(shown), to),
            text::pad(&text::one_line(name), port),
            style.paint(*role, &from)
        )?;
    }
    Ok(())
}

/// The pods of each namespace.
fn namespaces<'n>(network: &'n Network<'_>) -> BTreeMap<&'n str, Vec<usize>> {
    let mut found: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, pod) in network.cluster.pods.iter().enumerate() {
        found.entry(&pod.namespace).or_default().push(number);
    }
    found
}

/// Who sends, in few words: whole namespaces as one.
fn senders(
    network: &Network<'_>,
    namespaces: &BTreeMap<&str, Vec<usize>>,
    to: usize,
    senders: &Bits,
) -> (String, Role) {
    let others = network.cluster.pods.len().saturating_sub(1);
    match senders.count().saturating_sub(1) {
        0 if others > 0 => return ("nobody else".to_owned(), Role::Good),
        count if count == others => return ("everyone".to_owned(), Role::Warning),
        _ => {}
    }
    let mut parts = Vec::new();
    for (namespace, pods) in namespaces {
        let mut rest = pods.iter().filter(|pod| **pod != to).peekable();
        if rest.peek().is_none() {
            continue;
        }
        let allowed: Vec<usize> =
            rest.clone().copied().filter(|one| senders.contains(*one)).collect();
        if allowed.len() > 1 && allowed.len() == rest.count() {
            parts.push(format!("{namespace}/*"));
        } else {
            parts.extend(allowed.into_iter().map(|pod| network.name(pod).to_owned()));
        }
    }
    (parts.join(", "), Role::Plain)
}
