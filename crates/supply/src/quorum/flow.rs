//! How many signers count where each counts once: the largest flow from groups by authorities to
//! signers.
//!
//! Source: Ford and Fulkerson; all capacities but those of the groups are one.

use std::collections::BTreeSet;

/// The node that everything comes from.
const SOURCE: usize = 0;

/// How many signers each group gets. `groups` has for each how many it asks for, and its
/// authorities, each as the signers that it accepts; signers are numbered from 0.
pub(super) fn counted(groups: &[(usize, Vec<&BTreeSet<usize>>)]) -> Vec<usize> {
    let mut graph = Graph::default();
    let source = graph.node();
    debug_assert_eq!(source, SOURCE);
    let sink = graph.node();
    let signers: BTreeSet<usize> =
        groups.iter().flat_map(|(_, all)| all.iter().flat_map(|one| one.iter().copied())).collect();
    let signers: Vec<(usize, usize)> = signers
        .into_iter()
        .map(|signer| {
            let node = graph.node();
            graph.edge(node, sink, 1);
            (signer, node)
        })
        .collect();
    let node_of = |signer: usize| {
        signers
            .binary_search_by_key(&signer, |(signer, _)| *signer)
            .ok()
            .and_then(|at| signers.get(at).map(|(_, node)| *node))
    };
    let mut entrances = Vec::new();
    for (count, authorities) in groups {
        let group = graph.node();
        entrances.push(graph.edge(SOURCE, group, *count));
        for accepted in authorities {
            let authority = graph.node();
            graph.edge(group, authority, 1);
            for node in accepted.iter().filter_map(|signer| node_of(*signer)) {
                graph.edge(authority, node, 1);
            }
        }
    }
    while graph.augment(sink) {}
    entrances
        .iter()
        .zip(groups)
        .map(|(entrance, (count, _))| count.saturating_sub(graph.left(*entrance)))
        .collect()
}

#[derive(Default)]
struct Graph {
    /// For each node its edges.
    nodes: Vec<Vec<usize>>,
    /// Target and what is left of the capacity; the edge back is the odd one beside it.
    edges: Vec<(usize, usize)>,
}

impl Graph {
    fn node(&mut self) -> usize {
        self.nodes.push(Vec::new());
        self.nodes.len().saturating_sub(1)
    }

    fn edge(&mut self, from: usize, to: usize, capacity: usize) -> usize {
        let edge = self.edges.len();
        self.edges.push((to, capacity));
        self.edges.push((from, 0));
        for (node, edge) in [(from, edge), (to, edge.saturating_add(1))] {
            if let Some(edges) = self.nodes.get_mut(node) {
                edges.push(edge);
            }
        }
        edge
    }

    fn left(&self, edge: usize) -> usize {
        self.edges.get(edge).map_or(0, |(_, left)| *left)
    }

    /// Sends one more from the source to `sink`, if there is a way.
    fn augment(&mut self, sink: usize) -> bool {
        let mut came_by: Vec<Option<usize>> = vec![None; self.nodes.len()];
        let mut open = vec![SOURCE];
        while let Some(node) = open.pop() {
            for edge in self.nodes.get(node).into_iter().flatten() {
                let Some((to, left)) = self.edges.get(*edge) else { continue };
                if *left == 0 || *to == SOURCE {
                    continue;
                }
                if let Some(slot) = came_by.get_mut(*to).filter(|slot| slot.is_none()) {
                    *slot = Some(*edge);
                    open.push(*to);
                }
            }
        }
        let mut at = sink;
        if came_by.get(sink).copied().flatten().is_none() {
            return false;
        }
        while let Some(edge) = came_by.get(at).copied().flatten() {
            if let Some((_, left)) = self.edges.get_mut(edge) {
                *left = left.saturating_sub(1);
            }
            if let Some((from, left)) = self.edges.get_mut(edge ^ 1) {
                *left = left.saturating_add(1);
                at = *from;
            }
            if at == SOURCE {
                break;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(groups: &[(usize, &[&[usize]])]) -> Vec<usize> {
        let sets: Vec<(usize, Vec<BTreeSet<usize>>)> = groups
            .iter()
            .map(|(count, all)| {
                (*count, all.iter().map(|one| one.iter().copied().collect()).collect())
            })
            .collect();
        let groups: Vec<_> =
            sets.iter().map(|(count, all)| (*count, all.iter().collect::<Vec<_>>())).collect();
        counted(&groups)
    }

    #[test]
    fn one_signer_counts_once_and_is_given_to_whom_he_serves_best() {
        assert_eq!(of(&[(2, &[&[0], &[0]])]), [1], "one key under two names");
        assert_eq!(of(&[(2, &[&[0, 1], &[0]])]), [2], "the first takes the other signer");
        assert_eq!(of(&[(1, &[&[0]]), (1, &[&[0]])]).iter().sum::<usize>(), 1, "across groups");
        assert_eq!(of(&[(1, &[&[0, 1]]), (1, &[&[0]])]), [1, 1]);
        assert_eq!(of(&[(2, &[&[0, 1, 2]])]), [1], "one authority counts once as well");
        assert_eq!(of(&[(2, &[&[], &[1]])]), [1]);
        assert_eq!(of(&[(0, &[])]), [0]);
    }

    /// The largest number of authorities that get a signer of their own, by trying all ways.
    fn by_trying(left: &[BTreeSet<usize>], taken: &BTreeSet<usize>) -> usize {
        let Some((first, rest)) = left.split_first() else { return 0 };
        let without = by_trying(rest, taken);
        first.difference(taken).fold(without, |best, signer| {
            let mut taken = taken.clone();
            taken.insert(*signer);
            best.max(1 + by_trying(rest, &taken))
        })
    }

    proptest! {
        #[test]
        fn as_many_count_as_by_trying_all_ways(
            authorities in proptest::collection::vec(
                proptest::collection::btree_set(0_usize..5, 0..4), 0..5
            )
        ) {
            let group = (authorities.len(), authorities.iter().collect::<Vec<_>>());
            prop_assert_eq!(counted(&[group]), [by_trying(&authorities, &BTreeSet::new())]);
        }
    }
}
