//! Who may reach whom, in one of the known formats, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`ReachFormat::ALL`].

mod graph;
mod json;
mod svg;
mod table;

use std::io::{self, Write};

use plimsoll_kube::netpol::{Network, Protocol};

use crate::Style;

/// The pairs that are shown.
#[derive(Debug)]
pub struct Pairs<'n> {
    /// The cluster, with its policies worked out.
    pub network: &'n Network<'n>,
    /// The receivers, by number: all of them, or the ones that were asked for.
    pub receivers: Vec<usize>,
    /// Ports that are asked about beside those that containers declare.
    pub ports: Vec<(u16, Protocol)>,
}

/// A port of a receiver.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target<'n> {
    /// The pod, by number.
    pub to: usize,
    /// The number of the port.
    pub port: u16,
    /// Its protocol.
    pub protocol: Protocol,
    /// What the container calls it; empty where it has no name.
    pub name: &'n str,
}

impl<'n> Pairs<'n> {
    /// Each port of each receiver, once.
    pub fn targets(&self) -> impl Iterator<Item = Target<'n>> {
        let pods = &self.network.cluster.pods;
        self.receivers.iter().filter_map(|to| Some((*to, pods.get(*to)?))).flat_map(|(to, pod)| {
            let own = pod.ports.iter().map(|one| (one.number, one.protocol, one.name.as_str()));
            let asked = self.ports.iter().map(|(port, protocol)| (*port, *protocol, ""));
            let mut all: Vec<_> = own.chain(asked).collect();
            all.sort_by_key(|one| (one.0, one.1));
            all.dedup_by_key(|one| (one.0, one.1));
            all.into_iter().map(move |(port, protocol, name)| Target { to, port, protocol, name })
        })
    }
}

/// A way to write it.
#[derive(Debug, Clone, Copy)]
pub struct ReachFormat {
    /// As `-o` takes it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Writes the whole document.
    pub write: fn(&Pairs<'_>, &Style, &mut dyn Write) -> io::Result<()>,
}

impl ReachFormat {
    /// The registry.
    pub const ALL: &'static [Self] = &[table::FORMAT, json::FORMAT, svg::FORMAT, graph::FORMAT];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }
}
