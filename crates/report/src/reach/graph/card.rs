//! The cards of a graph: what stands on each, and which arrows lead to which of their rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_kube::netpol::{Door, Graph, Link, Network, Protocol, Source, Target};

use crate::text;

/// The width of every card.
pub(super) const WIDTH: f64 = 196.0;
/// What stands above the rows.
const HEAD: f64 = 46.0;
/// The height of a row.
pub(super) const ROW: f64 = 19.0;
/// Characters of a title and of the ports of a row.
const TITLE: usize = 25;
const PORTS: usize = 20;

/// All that is drawn.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// The namespaces, in the order of their lanes.
    pub(super) lanes: Vec<Lane>,
    /// The cards.
    pub(super) cards: Vec<Card>,
    /// The arrows.
    pub(super) arrows: Vec<Arrow>,
    /// How many columns there are, those of the outside left and right counted.
    pub(super) columns: usize,
}

/// A namespace.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) name: String,
    pub(super) pods: usize,
}

/// What kind of ends a card stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Pods.
    Pods([Door; 2]),
    /// A namespace, or all pods: they only send.
    Many,
    /// Addresses that send.
    Outside,
    /// Addresses that receive.
    ToOutside,
}

/// A card.
#[derive(Debug)]
pub(super) struct Card {
    pub(super) sort: Sort,
    /// Its lane; `None` for what is of no namespace.
    pub(super) lane: Option<usize>,
    pub(super) title: String,
    /// All names, for whoever points at it.
    pub(super) hint: String,
    pub(super) pods: usize,
    pub(super) rows: Vec<Row>,
    /// Where it stands, from the left.
    pub(super) column: usize,
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Ports that the same senders may reach.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) ports: String,
    /// What is said beside them: `nobody`, `open`.
    pub(super) note: &'static str,
    /// All of them.
    pub(super) hint: String,
}

/// An arrow from a card to a row of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) row: usize,
    pub(super) partial: bool,
}

/// The cards that send, and whether only some of their pods do.
type Senders = BTreeMap<usize, bool>;

/// By port, with what rows call it.
type Ports = BTreeMap<(u16, Protocol, String), Senders>;

impl Card {
    pub(super) fn height(&self) -> f64 {
        match self.sort {
            Sort::Pods(_) => {
                HEAD + self.rows_height() + if self.rows.is_empty() { 0.0 } else { 7.0 }
            }
            Sort::ToOutside => 28.0 + self.rows_height() + 5.0,
            Sort::Many | Sort::Outside => 30.0,
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "a card has few rows")]
    fn rows_height(&self) -> f64 {
        self.rows.len() as f64 * ROW
    }

    /// Where its arrows start, from its top.
    pub(super) fn exit(&self) -> f64 {
        match self.sort {
            Sort::Pods(_) => 23.0,
            _ => 15.0,
        }
    }

    /// Where the arrows to a row end, from its top.
    #[allow(clippy::cast_precision_loss, reason = "a card has few rows")]
    pub(super) fn entry(&self, row: usize) -> f64 {
        let head = if matches!(self.sort, Sort::Pods(_)) { HEAD } else { 28.0 };
        head + row as f64 * ROW + ROW / 2.0 - 1.0
    }
}

/// A port, as rows say it.
fn port_name(number: u16, protocol: Protocol) -> String {
    match (number, protocol) {
        (0, _) => "any port".to_owned(),
        (number, Protocol::TCP) => number.to_string(),
        (number, protocol) => format!("{number}/{protocol}"),
    }
}

impl Sheet {
    /// The cards of a graph; of these receivers alone, and who sends to them, where not all are asked for.
    pub(super) fn of(graph: &Graph, network: &Network<'_>, receivers: &[usize]) -> Self {
        let is_whole = receivers.len() == network.cluster.pods.len();
        let wanted: BTreeSet<usize> = receivers.iter().copied().collect();
        let is_wanted = |group: usize| {
            let pods = graph.groups.get(group).map_or(&[][..], |group| &group.pods);
            is_whole || pods.iter().any(|pod| wanted.contains(pod))
        };
        let links: Vec<&Link> = graph
            .links
            .iter()
            .filter(|link| match link.to {
                Target::Group(group, ..) => is_wanted(group),
                Target::Addresses(..) => is_whole,
            })
            .collect();
        let senders: BTreeSet<usize> = links
            .iter()
            .filter_map(|link| match link.from {
                Source::Group(group) => Some(group),
                _ => None,
            })
            .collect();
        let mut sheet = Self::default();
        let mut lanes: BTreeMap<&str, usize> = BTreeMap::new();
        let mut groups: HashMap<usize, usize> = HashMap::new();
        for (number, group) in graph.groups.iter().enumerate() {
            if !is_wanted(number) && !senders.contains(&number) {
                continue;
            }
            let lane = *lanes.entry(&group.namespace).or_insert_with(|| {
                sheet.lanes.push(Lane { name: text::one_line(&group.namespace), pods: 0 });
                sheet.lanes.len() - 1
            });
            if let Some(lane) = sheet.lanes.get_mut(lane) {
                lane.pods += group.pods.len();
            }
            let names = names(network, &group.namespace, &group.pods);
            groups.insert(number, sheet.cards.len());
            let card = Card {
                title: text::shorten(&title(&names), TITLE),
                hint: names.iter().take(40).cloned().collect::<Vec<_>>().join("\n"),
                pods: group.pods.len(),
                ..Card::new(Sort::Pods(group.doors), Some(lane))
            };
            sheet.cards.push(card);
        }
        sheet.connect(graph, &links, &groups, &lanes);
        sheet
    }

    /// Adds the cards of other ends, the rows, and the arrows to them.
    fn connect(
        &mut self,
        graph: &Graph,
        links: &[&Link],
        groups: &HashMap<usize, usize>,
        lanes: &BTreeMap<&str, usize>,
    ) {
        // By receiving card and port, who sends and whether it is only some.
        let mut ports: BTreeMap<usize, Ports> = BTreeMap::new();
        for (number, card) in groups {
            let Some(group) = graph.groups.get(*number) else { continue };
            let rows = ports.entry(*card).or_default();
            for (port, protocol) in &group.ports {
                rows.entry((*port, *protocol, port_name(*port, *protocol))).or_default();
            }
        }
        let mut others: HashMap<(u8, String), usize> = HashMap::new();
        for link in links {
            let mut other = |order: u8, label: &str, sort: Sort, lane: Option<usize>| {
                *others.entry((order, label.to_owned())).or_insert_with(|| {
                    let title = text::shorten(&text::one_line(label), TITLE);
                    let hint = text::one_line(label);
                    self.cards.push(Card { title, hint, ..Card::new(sort, lane) });
                    self.cards.len() - 1
                })
            };
            let from = match &link.from {
                Source::Group(group) => groups.get(group).copied(),
                Source::Addresses(label) => Some(other(0, label, Sort::Outside, None)),
                Source::Everybody => Some(other(1, "every pod", Sort::Many, None)),
                Source::Namespace(name) => {
                    let lane = lanes.get(name.as_str()).copied();
                    Some(other(2, &format!("every pod of {name}"), Sort::Many, lane))
                }
            };
            let (to, port) = match &link.to {
                Target::Group(group, port, protocol) => {
                    (groups.get(group).copied(), (*port, *protocol, port_name(*port, *protocol)))
                }
                Target::Addresses(label, shown) => (
                    Some(other(3, label, Sort::ToOutside, None)),
                    (shown.parse().unwrap_or(u16::MAX), Protocol::TCP, shown.clone()),
                ),
            };
            if let (Some(from), Some(to)) = (from, to) {
                let senders = ports.entry(to).or_default().entry(port).or_default();
                *senders.entry(from).or_insert(link.partial) &= link.partial;
            }
        }
        for (number, ports) in ports {
            self.add_rows(number, ports);
        }
        self.arrows.sort_unstable();
    }

    /// Adds the rows of a card: ports with the same senders are one.
    fn add_rows(&mut self, number: usize, ports: Ports) {
        let Some(card) = self.cards.get_mut(number) else { return };
        let mut rows: Vec<(Vec<String>, Senders)> = Vec::new();
        for ((_, _, name), senders) in ports {
            match rows.iter_mut().find(|(_, of)| *of == senders) {
                Some((names, _)) => names.push(name),
                None => rows.push((vec![name], senders)),
            }
        }
        for (names, mut senders) in rows {
            let among = senders.remove(&number);
            let note = match card.sort {
                _ if among == Some(true) => "some each other",
                _ if among.is_some() && senders.is_empty() => "each other",
                _ if among.is_some() => "and each other",
                Sort::Pods([Door::Open | Door::Node, _]) => "open",
                Sort::Pods([Door::Mixed, _]) => "partly open",
                Sort::Pods([Door::Isolated, _]) if senders.is_empty() => "nobody",
                _ => "",
            };
            let hint = names.join(", ");
            let row = card.rows.len();
            let room = PORTS.saturating_sub(note.len() / 2);
            card.rows.push(Row { ports: text::shorten(&hint, room), note, hint });
            let arrows = senders.into_iter();
            self.arrows.extend(arrows.map(|(from, partial)| Arrow {
                from,
                to: number,
                row,
                partial,
            }));
        }
    }
}

impl Card {
    fn new(sort: Sort, lane: Option<usize>) -> Self {
        let (title, hint, rows) = (String::new(), String::new(), Vec::new());
        Self { sort, lane, title, hint, pods: 0, rows, column: 0, x: 0.0, y: 0.0 }
    }
}

/// The names of pods within their namespace.
fn names(network: &Network<'_>, namespace: &str, pods: &[usize]) -> Vec<String> {
    let name = |pod: &usize| {
        let name = network.name(*pod);
        let name =
            name.strip_prefix(namespace).and_then(|rest| rest.strip_prefix('/')).unwrap_or(name);
        text::one_line(name)
    };
    pods.iter().map(name).collect()
}

/// What pods are called together: what their names begin with, or the first of them.
fn title(names: &[String]) -> String {
    let Some((first, others)) = names.split_first() else { return String::new() };
    if others.is_empty() {
        return first.clone();
    }
    let common = others.iter().fold(first.as_str(), |common, name| {
        let same =
            common.char_indices().zip(name.chars()).take_while(|((_, one), other)| one == other);
        let end = same.last().map_or(0, |((at, one), _)| at + one.len_utf8());
        common.get(..end).unwrap_or_default()
    });
    match common.rfind('-').and_then(|end| common.get(..end)).filter(|stem| stem.len() > 1) {
        Some(stem) => format!("{stem}-*"),
        None => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn pods_are_called_by_what_their_names_begin_with() {
        let title = |names: &[&str]| title(&names.iter().map(|&it| it.into()).collect::<Vec<_>>());
        assert_eq!(title(&["web-7d9f-x2", "web-7d9f-q8"]), "web-7d9f-*");
        assert_eq!(title(&["web", "api"]), "web, api");
        assert_eq!(title(&["db"]), "db");
        assert_eq!(title(&["é-1", "é-2"]), "é-*");
    }
}
