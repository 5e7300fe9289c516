//! Where cards and the bends of arrows are: in their columns, with few crossings, level with what they are
//! joined to.

use std::collections::{BTreeMap, HashMap};

use super::card::{Arrow, Sheet, WIDTH};

/// Around everything.
pub(super) const MARGIN: f64 = 28.0;
/// What stands above the lanes, and below them.
pub(super) const TOP: f64 = 92.0;
pub(super) const BOTTOM: f64 = 78.0;
/// Within a lane: above and below the cards, and left and right of them.
const LANE_HEAD: f64 = 36.0;
const LANE_FOOT: f64 = 16.0;
pub(super) const LANE_SIDE: f64 = 18.0;
/// Between lanes, and between cards.
const LANE_GAP: f64 = 14.0;
const GAP: f64 = 14.0;
/// The room of an arrow that passes a column.
const WAY: f64 = 9.0;
/// How often the order and the places are made better.
const SWEEPS: usize = 16;
/// More arrows are not laid out so finely: it would take too long.
const MANY: usize = 4_000;

/// The lanes and the ways of the arrows.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// By lane, its top and its height.
    pub(super) lanes: Vec<(f64, f64)>,
    /// From where to where lanes go.
    pub(super) sides: (f64, f64),
    /// By arrow, the points that it passes; each pair is joined by a curve, or by a line within a column.
    pub(super) ways: Vec<Vec<(f64, f64)>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A card or the bend of an arrow.
#[derive(Debug, Clone, Copy)]
struct Spot {
    lane: Option<usize>,
    column: usize,
    height: f64,
    y: f64,
}

/// A part of an arrow between neighbouring columns: the two spots, and how far below their tops it is.
#[derive(Debug, Clone, Copy)]
struct Part {
    from: (usize, f64),
    to: (usize, f64),
}

/// What is laid out: cards first, then bends.
struct Layout {
    spots: Vec<Spot>,
    /// By arrow, its bends.
    bends: Vec<Vec<usize>>,
    parts: Vec<Part>,
    /// By spot, its parts.
    joined: Vec<Vec<usize>>,
    /// By lane, or outside of all, and column: what stands there, from above.
    cells: BTreeMap<(usize, usize), Vec<usize>>,
    lanes: Vec<(f64, f64)>,
    bottom: f64,
}

impl Plan {
    /// Lays out the cards.
    pub(super) fn of(sheet: &mut Sheet) -> Self {
        let mut layout = Layout::new(sheet);
        let sweeps = if sheet.arrows.len() > MANY { 2 } else { SWEEPS };
        for sweep in 0..sweeps {
            layout.sort(sheet.columns, sweep % 2 == 0);
        }
        for _ in 0..sweeps {
            layout.level();
        }
        let xs = columns(sheet, &layout);
        for (card, spot) in sheet.cards.iter_mut().zip(&layout.spots) {
            card.y = spot.y;
            card.x = xs.get(card.column).copied().unwrap_or(MARGIN);
        }
        let ways = sheet.arrows.iter().zip(&layout.bends);
        let ways = ways.map(|(arrow, bends)| way(sheet, &layout, &xs, *arrow, bends)).collect();
        let inner = |column: usize| xs.get(column).copied().unwrap_or(MARGIN);
        let last = sheet.columns.saturating_sub(1);
        let sides = (inner(1) - LANE_SIDE, inner(last.saturating_sub(1)) + WIDTH + LANE_SIDE);
        let outer = sheet.cards.iter().any(|card| card.column == last && card.lane.is_none());
        let right = if outer { inner(last) + WIDTH } else { sides.1 };
        let (width, height) = ((right + MARGIN).max(760.0), layout.bottom + BOTTOM);
        Self { lanes: layout.lanes, sides, ways, width, height }
    }
}

/// Where each column begins.
#[allow(clippy::cast_precision_loss, reason = "arrows are few")]
fn columns(sheet: &Sheet, layout: &Layout) -> Vec<f64> {
    let has_left = sheet.cards.iter().any(|card| card.column == 0);
    let mut xs = vec![MARGIN];
    for column in 1..sheet.columns {
        let crossing = layout.parts.iter().filter(|part| {
            let at = |spot: usize| layout.spots.get(spot).map_or(0, |spot| spot.column);
            at(part.from.0).min(at(part.to.0)) + 1 == column
        });
        let gutter = (crossing.count() as f64).mul_add(2.4, 66.0).min(190.0);
        let before = xs.last().copied().unwrap_or(MARGIN);
        let next = match column {
            1 if !has_left => MARGIN + LANE_SIDE,
            1 => before + WIDTH + gutter + LANE_SIDE,
            last if last + 1 == sheet.columns => before + WIDTH + gutter + LANE_SIDE,
            _ => before + WIDTH + gutter,
        };
        xs.push(next);
    }
    xs
}

/// The points of an arrow.
fn way(
    sheet: &Sheet,
    layout: &Layout,
    xs: &[f64],
    arrow: Arrow,
    bends: &[usize],
) -> Vec<(f64, f64)> {
    let (Some(from), Some(to)) = (sheet.cards.get(arrow.from), sheet.cards.get(arrow.to)) else {
        return Vec::new();
    };
    let is_back = to.column < from.column;
    let (start, end) = if is_back {
        ((from.x, from.y + from.exit()), (to.x + WIDTH, to.y + to.entry(arrow.row)))
    } else {
        ((from.x + WIDTH, from.y + from.exit()), (to.x, to.y + to.entry(arrow.row)))
    };
    let mut points = vec![start];
    for spot in bends.iter().filter_map(|bend| layout.spots.get(*bend)) {
        let left = xs.get(spot.column).copied().unwrap_or(0.0);
        let y = spot.y + WAY / 2.0;
        let (one, other) = ((left, y), (left + WIDTH, y));
        points.extend(if is_back { [other, one] } else { [one, other] });
    }
    points.push(end);
    points
}

impl Layout {
    fn new(sheet: &Sheet) -> Self {
        let mut spots: Vec<Spot> = sheet
            .cards
            .iter()
            .map(|card| Spot {
                lane: card.lane,
                column: card.column,
                height: card.height(),
                y: 0.0,
            })
            .collect();
        let mut known: HashMap<(usize, usize, usize), usize> = HashMap::new();
        let (mut bends, mut parts) = (Vec::new(), Vec::new());
        for arrow in &sheet.arrows {
            let (Some(from), Some(to)) = (sheet.cards.get(arrow.from), sheet.cards.get(arrow.to))
            else {
                bends.push(Vec::new());
                continue;
            };
            let between: Vec<usize> = if from.column < to.column {
                (from.column + 1..to.column).collect()
            } else {
                (to.column + 1..from.column).rev().collect()
            };
            // All that goes to one row goes together.
            let own: Vec<usize> = between
                .into_iter()
                .map(|column| {
                    *known.entry((arrow.to, arrow.row, column)).or_insert_with(|| {
                        let lane = to.lane.or(from.lane);
                        spots.push(Spot { lane, column, height: WAY, y: 0.0 });
                        spots.len() - 1
                    })
                })
                .collect();
            let mut before = (arrow.from, from.exit());
            for bend in &own {
                parts.push(Part { from: before, to: (*bend, WAY / 2.0) });
                before = (*bend, WAY / 2.0);
            }
            parts.push(Part { from: before, to: (arrow.to, to.entry(arrow.row)) });
            bends.push(own);
        }
        let mut joined = vec![Vec::new(); spots.len()];
        for (number, part) in parts.iter().enumerate() {
            for spot in [part.from.0, part.to.0] {
                if let Some(joined) = joined.get_mut(spot) {
                    joined.push(number);
                }
            }
        }
        let outside = sheet.lanes.len();
        let mut cells: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (number, spot) in spots.iter().enumerate() {
            cells.entry((spot.lane.unwrap_or(outside), spot.column)).or_default().push(number);
        }
        let mut layout =
            Self { spots, bends, parts, joined, cells, lanes: Vec::new(), bottom: TOP };
        layout.size(outside);
        layout
    }

    /// Gives lanes their height, and all their first places.
    fn size(&mut self, outside: usize) {
        let mut top = TOP;
        for lane in 0..outside {
            let cells = self.cells.range((lane, 0)..=(lane, usize::MAX));
            let most = cells.map(|(_, cell)| self.stack(cell)).fold(0.0, f64::max);
            let height = LANE_HEAD + most + LANE_FOOT;
            self.lanes.push((top, height));
            top += height + LANE_GAP;
        }
        let outer = self.cells.range((outside, 0)..=(outside, usize::MAX));
        let outer = outer.map(|(_, cell)| self.stack(cell)).fold(0.0, f64::max);
        self.bottom = (top - LANE_GAP).max(TOP + outer + 20.0);
        let all: Vec<(usize, usize)> = self.cells.keys().copied().collect();
        for cell in all {
            self.centre(cell);
        }
    }

    /// How high things are on top of each other.
    fn stack(&self, cell: &[usize]) -> f64 {
        let heights = cell.iter().filter_map(|spot| self.spots.get(*spot)).map(|spot| spot.height);
        heights.fold(0.0, |sum, height| if sum > 0.0 { sum + GAP + height } else { height })
    }

    /// From where to where a cell goes.
    fn bounds(&self, lane: usize) -> (f64, f64) {
        match self.lanes.get(lane) {
            Some((top, height)) => (top + LANE_HEAD, top + height - LANE_FOOT),
            None => (TOP, self.bottom),
        }
    }

    /// Stacks a cell in its middle.
    fn centre(&mut self, cell: (usize, usize)) {
        let (top, bottom) = self.bounds(cell.0);
        let Some(own) = self.cells.get(&cell) else { return };
        let mut y = top + (bottom - top - self.stack(own)).max(0.0) / 2.0;
        for spot in own {
            if let Some(spot) = self.spots.get_mut(*spot) {
                spot.y = y;
                y += spot.height + GAP;
            }
        }
    }

    /// Where a spot would be level with what it is joined to in columns that are asked about.
    fn wanted(&self, spot: usize, counts: &dyn Fn(usize) -> bool) -> Option<f64> {
        let (mut sum, mut count) = (0.0, 0.0);
        for part in self.joined.get(spot)?.iter().filter_map(|part| self.parts.get(*part)) {
            let (own, other) =
                if part.from.0 == spot { (part.from, part.to) } else { (part.to, part.from) };
            let Some(neighbour) = self.spots.get(other.0) else { continue };
            if counts(neighbour.column) {
                sum += neighbour.y + other.1 - own.1;
                count += 1.0;
            }
        }
        (count > 0.0).then(|| sum / count)
    }

    /// Orders cells by what they are joined to, column by column, once to the right or to the left.
    fn sort(&mut self, columns: usize, to_the_right: bool) {
        let order: Vec<usize> =
            if to_the_right { (0..columns).collect() } else { (0..columns).rev().collect() };
        for column in order {
            let cells: Vec<(usize, usize)> =
                self.cells.keys().copied().filter(|cell| cell.1 == column).collect();
            for cell in cells {
                let counts =
                    |other: usize| if to_the_right { other < column } else { other > column };
                let Some(own) = self.cells.get(&cell) else { continue };
                let mut keyed: Vec<(f64, usize)> = own
                    .iter()
                    .map(|spot| {
                        let middle =
                            self.spots.get(*spot).map_or((0.0, 0.0), |it| (it.y, it.height / 2.0));
                        let wanted = self.wanted(*spot, &counts).unwrap_or(middle.0);
                        (wanted + middle.1, *spot)
                    })
                    .collect();
                keyed.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
                self.cells.insert(cell, keyed.into_iter().map(|(_, spot)| spot).collect());
                self.centre(cell);
            }
        }
    }

    /// Moves what may move level with what it is joined to, without another order.
    fn level(&mut self) {
        let cells: Vec<(usize, usize)> = self.cells.keys().copied().collect();
        for cell in cells {
            let (top, bottom) = self.bounds(cell.0);
            let Some(own) = self.cells.get(&cell).cloned() else { continue };
            let mut ys: Vec<(f64, f64)> = Vec::with_capacity(own.len());
            let mut least = top;
            for spot in &own {
                let (y, height) = self.spots.get(*spot).map_or((0.0, 0.0), |it| (it.y, it.height));
                let wanted = self.wanted(*spot, &|_| true).unwrap_or(y);
                let y = wanted.max(least);
                least = y + height + GAP;
                ys.push((y, height));
            }
            let mut most = bottom;
            for ((y, height), spot) in ys.iter().zip(&own).rev() {
                let y = y.min(most - height).max(top);
                most = y - GAP;
                if let Some(spot) = self.spots.get_mut(*spot) {
                    spot.y = y;
                }
            }
        }
    }
}
