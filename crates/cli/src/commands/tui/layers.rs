//! The pane of layers.

use std::cmp::Reverse;

use plimsoll_report::text;
use ratatui::style::Style;
use ratatui::text::Line;

use super::contents::Contents;
use super::list::List;
use super::order::Order;
use super::row::Row;
use super::theme::{Theme, short};

/// What layers are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Sort {
    #[default]
    Order,
    Size,
    Wasted,
    Severity,
}

impl Order for Sort {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Order, "as built"),
        (Self::Size, "by size"),
        (Self::Wasted, "by waste"),
        (Self::Severity, "by findings"),
    ];
}

/// The layers, after a row that stands for all of them.
#[derive(Debug, Default)]
pub(super) struct Layers {
    pub(super) order: Vec<usize>,
    pub(super) list: List,
    pub(super) sort: Sort,
}

impl Layers {
    pub(super) fn of(contents: &Contents) -> Self {
        let mut layers = Self::default();
        layers.arrange(contents);
        layers
    }

    /// Orders them anew; the cursor stays on its layer.
    pub(super) fn arrange(&mut self, contents: &Contents) {
        let chosen = self.chosen();
        // Of a folder there is one, which is all.
        let count = if contents.is_folder() { 0 } else { contents.layers.len() };
        self.order = (0..count).collect();
        let of = |at: &usize| contents.layers.get(*at);
        match self.sort {
            Sort::Order => {}
            Sort::Size => self.order.sort_by_key(|at| Reverse(of(at).map(|it| it.bytes))),
            Sort::Wasted => self.order.sort_by_key(|at| Reverse(of(at).map(|it| it.wasted))),
            Sort::Severity => self.order.sort_by_key(|at| Reverse(of(at).map(|it| it.levels))),
        }
        let place = chosen.and_then(|chosen| self.order.iter().position(|at| *at == chosen));
        self.list.cursor = place.map_or(0, |at| at.saturating_add(1));
    }

    /// The layer that the cursor is on; none on the row of all.
    pub(super) fn chosen(&self) -> Option<usize> {
        self.order.get(self.list.cursor.checked_sub(1)?).copied()
    }

    pub(super) fn rows(&self) -> usize {
        self.order.len().saturating_add(1)
    }

    /// The layer of a row.
    pub(super) fn at(&self, row: usize) -> Option<usize> {
        self.order.get(row.checked_sub(1)?).copied()
    }

    /// What a search looks at.
    pub(super) fn said<'c>(&self, row: usize, contents: &'c Contents) -> &'c str {
        let layer = self.at(row).and_then(|at| contents.layers.get(at));
        layer.map_or("", |layer| &layer.instruction)
    }
}

pub(super) fn head(width: usize, theme: Theme) -> Line<'static> {
    let faint = theme.faint();
    let row = Row::new(width)
        .right(3, "#", faint)
        .right(SIZE, "size", faint)
        .right(SIZE, "wasted", faint)
        .right(4, "pkgs", faint)
        .cell(4, "sev", faint);
    row.last("instruction", faint).line()
}

const SIZE: usize = 7;

pub(super) fn line(
    layers: &Layers,
    row: usize,
    contents: &Contents,
    width: usize,
    theme: Theme,
    is_dim: bool,
) -> Line<'static> {
    let plain = if is_dim { theme.faint() } else { Style::new() };
    let cells = |number: &str, bytes, wasted, packages: usize, worst, said: &str| {
        let waste = if wasted == 0 { "-".to_owned() } else { text::bytes(wasted) };
        let waste_style = if wasted == 0 { theme.faint() } else { theme.warning() };
        Row::new(width)
            .right(3, number, plain)
            .right(SIZE, &text::bytes(bytes), plain)
            .right(SIZE, &waste, waste_style)
            .right(4, &packages.to_string(), plain)
            .cell(4, short(worst), theme.level(worst))
            .last(said, plain)
            .line()
    };
    if let Some((at, layer)) = layers.at(row).and_then(|at| Some((at, contents.layers.get(at)?))) {
        return cells(
            &at.to_string(),
            layer.bytes,
            layer.wasted,
            layer.packages,
            layer.worst(),
            &layer.instruction,
        );
    }
    let (bytes, wasted) = contents.bytes();
    let packages = contents.packages.iter().filter(|it| it.removed_in.is_none()).count();
    let worst = contents.layers.iter().filter_map(super::contents::LayerFacts::worst).max();
    let name = if contents.is_folder() { "the folder" } else { "all layers" };
    cells("*", bytes, wasted, packages, worst, name)
}
