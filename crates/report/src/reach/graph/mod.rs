//! What policies let pass, as a picture: cards for pods that are equal, in a lane for each namespace, and
//! arrows that end at ports.
//!
//! Cards are laid out in layers, so that what sends stands left of what receives (Sugiyama, Tagawa and
//! Toda, "Methods for Visual Understanding of Hierarchical System Structures").

mod card;
mod draw;
mod layers;
mod place;

use std::io::{self, Write};

use plimsoll_kube::netpol::Graph;

use super::{Pairs, ReachFormat};
use crate::Style;

pub(super) const FORMAT: ReachFormat =
    ReachFormat { name: "graph", about: "a picture of who may reach whom, as SVG", write };

/// More cards make a picture that nobody can look at: then coarser groups are shown.
const MOST: usize = 90;

fn write(pairs: &Pairs<'_>, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let graph = Graph::of(pairs.network, &pairs.ports, MOST);
    let mut sheet = card::Sheet::of(&graph, pairs.network, &pairs.receivers);
    layers::arrange(&mut sheet);
    let plan = place::Plan::of(&mut sheet);
    out.write_all(draw::picture(&graph, &sheet, &plan).as_bytes())
}
