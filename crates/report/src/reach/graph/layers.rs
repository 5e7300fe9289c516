//! In which column each card stands: left of what it sends to, where no circle forbids it.

use std::collections::BTreeSet;

use super::card::{Sheet, Sort};

/// Columns that cards without arrows are spread over.
const SPREAD: usize = 4;

/// Gives each card its column, and orders the lanes by where their cards stand.
pub(super) fn arrange(sheet: &mut Sheet) {
    let inner = inner(sheet);
    let order = order(sheet, &inner);
    let mut rank = vec![0_usize; sheet.cards.len()];
    for (at, card) in order.iter().enumerate() {
        if let Some(rank) = rank.get_mut(*card) {
            *rank = at;
        }
    }
    // Arrows against the order are laid out as if they went the other way.
    let forward: Vec<(usize, usize)> = inner
        .iter()
        .map(|(from, to)| if rank.get(*from) < rank.get(*to) { (*from, *to) } else { (*to, *from) })
        .collect();
    let mut column = vec![1_usize; sheet.cards.len()];
    for card in &order {
        let before =
            forward.iter().filter(|(_, to)| to == card).filter_map(|(from, _)| column.get(*from));
        let own = before.max().map_or(1, |most| most + 1);
        if let Some(column) = column.get_mut(*card) {
            *column = own;
        }
    }
    // Who only sends stands next to whom it sends to.
    for card in order.iter().rev() {
        let to: Vec<usize> = forward
            .iter()
            .filter(|(from, _)| from == card)
            .filter_map(|(_, to)| column.get(*to).copied())
            .collect();
        if let (Some(nearest), false) = (to.iter().min(), forward.iter().any(|(_, to)| to == card))
            && let Some(column) = column.get_mut(*card)
        {
            *column = nearest.saturating_sub(1).max(1);
        }
    }
    let last = column.iter().copied().max().unwrap_or(1).max(1);
    let widest = last.max(SPREAD.min(sheet.cards.len()));
    let joined: BTreeSet<usize> = sheet.arrows.iter().flat_map(|one| [one.from, one.to]).collect();
    let is_spread = joined.is_empty();
    let columns = if is_spread { widest } else { last };
    let mut used = vec![vec![0.0_f64; columns + 1]; sheet.lanes.len()];
    for (number, card) in sheet.cards.iter_mut().enumerate() {
        card.column = match card.sort {
            Sort::Outside => 0,
            Sort::Many if card.lane.is_none() => 0,
            Sort::ToOutside => columns + 1,
            _ => column.get(number).copied().unwrap_or(1),
        };
        if joined.contains(&number)
            && let Some(height) =
                card.lane.and_then(|lane| used.get_mut(lane)?.get_mut(card.column))
        {
            *height += card.height();
        }
    }
    // Cards without arrows fill what is empty.
    for (number, card) in sheet.cards.iter_mut().enumerate() {
        let Some(used) = card.lane.and_then(|lane| used.get_mut(lane)) else { continue };
        if joined.contains(&number) {
            continue;
        }
        let room = used.iter().enumerate().skip(1);
        if let Some((free, _)) = room.min_by(|(_, one), (_, other)| one.total_cmp(other)) {
            card.column = free;
            if let Some(height) = used.get_mut(free) {
                *height += card.height();
            }
        }
    }
    sheet.columns = columns + 2;
    order_lanes(sheet);
}

/// The arrows between cards of lanes, each pair once, without circles of one.
fn inner(sheet: &Sheet) -> Vec<(usize, usize)> {
    let is_inner = |card: usize| sheet.cards.get(card).is_some_and(|card| card.lane.is_some());
    let pairs = sheet.arrows.iter().map(|one| (one.from, one.to));
    let pairs = pairs.filter(|(from, to)| from != to && is_inner(*from) && is_inner(*to));
    pairs.collect::<BTreeSet<_>>().into_iter().collect()
}

/// An order of the cards with few arrows against it: who only sends comes first, who only receives
/// last, and of those between who sends more than it receives (Eades, Lin and Smyth, "A fast and
/// effective heuristic for the feedback arc set problem").
fn order(sheet: &Sheet, arrows: &[(usize, usize)]) -> Vec<usize> {
    let mut left: BTreeSet<usize> = (0..sheet.cards.len()).collect();
    let (mut first, mut last) = (Vec::new(), Vec::new());
    while !left.is_empty() {
        let sends = |card: usize| {
            arrows.iter().filter(|(from, to)| *from == card && left.contains(to)).count()
        };
        let receives = |card: usize| {
            arrows.iter().filter(|(from, to)| *to == card && left.contains(from)).count()
        };
        let next = left.iter().copied().find(|card| receives(*card) == 0);
        let sink = left.iter().copied().find(|card| sends(*card) == 0);
        let (card, is_last) = match (next, sink) {
            (Some(card), _) => (card, false),
            (None, Some(card)) => (card, true),
            (None, None) => {
                let most = left.iter().copied().max_by_key(|card| {
                    let (sends, receives) = (sends(*card), receives(*card));
                    (sends.saturating_add(left.len()).saturating_sub(receives), usize::MAX - card)
                });
                let Some(card) = most else { break };
                (card, false)
            }
        };
        left.remove(&card);
        if is_last { last.push(card) } else { first.push(card) }
    }
    first.extend(last.into_iter().rev());
    first
}

/// Lanes whose cards stand further left come first, so that what passes goes down and to the right.
#[allow(clippy::cast_precision_loss, reason = "columns are few")]
fn order_lanes(sheet: &mut Sheet) {
    let mean = |lane: usize| {
        let columns: Vec<usize> = sheet
            .cards
            .iter()
            .enumerate()
            .filter(|(number, card)| {
                card.lane == Some(lane)
                    && sheet.arrows.iter().any(|one| one.from == *number || one.to == *number)
            })
            .map(|(_, card)| card.column)
            .collect();
        // Namespaces that nothing passes to or from are last.
        if columns.is_empty() {
            f64::MAX
        } else {
            columns.iter().sum::<usize>() as f64 / columns.len() as f64
        }
    };
    let means: Vec<f64> = (0..sheet.lanes.len()).map(mean).collect();
    let mut order: Vec<usize> = (0..sheet.lanes.len()).collect();
    order.sort_by(|one, other| {
        let at = |lane: &usize| means.get(*lane).copied().unwrap_or(f64::MAX);
        at(one).total_cmp(&at(other)).then(one.cmp(other))
    });
    let mut lanes: Vec<Option<super::card::Lane>> = sheet.lanes.drain(..).map(Some).collect();
    sheet.lanes = order.iter().filter_map(|lane| lanes.get_mut(*lane)?.take()).collect();
    for card in &mut sheet.cards {
        card.lane = card.lane.and_then(|lane| order.iter().position(|one| *one == lane));
    }
}
