//! The pane of packages.

use std::cmp::Reverse;

use plimsoll_model::Package;
use ratatui::style::Style;
use ratatui::text::Line;

use super::contents::{Contents, PackageFacts};
use super::list::List;
use super::narrow::Narrow;
use super::order::Order;
use super::row::Row;
use super::theme::{Theme, short};

/// What packages are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Sort {
    #[default]
    Severity,
    Name,
    Kind,
}

impl Order for Sort {
    const ALL: &'static [(Self, &'static str)] =
        &[(Self::Severity, "worst first"), (Self::Name, "by name"), (Self::Kind, "by type")];
}

/// The packages that are shown, by their places in the inventory.
#[derive(Debug, Default)]
pub(super) struct Packages {
    pub(super) rows: Vec<u32>,
    pub(super) list: List,
    pub(super) sort: Sort,
}

impl Packages {
    /// Chooses and orders them anew; the cursor stays on its package where that is still shown.
    pub(super) fn arrange(&mut self, contents: &Contents, narrow: &Narrow<'_>) {
        let at_cursor = self.chosen();
        let all = 0..u32::try_from(contents.packages.len()).unwrap_or(u32::MAX);
        self.rows = all.filter(|at| narrow.has_package(*at, contents)).collect();
        let of = |at: &u32| contents.package(*at);
        let name = |at: &u32| of(at).map(|(package, _)| (&package.name, &package.version));
        match self.sort {
            Sort::Severity => self.rows.sort_by(|a, b| {
                let rank = |at: &u32| {
                    let facts = of(at).map(|(_, facts)| facts);
                    facts.map(|it| Reverse((it.worst, it.is_exploited, it.findings.len())))
                };
                rank(a).cmp(&rank(b)).then_with(|| name(a).cmp(&name(b)))
            }),
            Sort::Name => self.rows.sort_by(|a, b| name(a).cmp(&name(b))),
            // The inventory is in that order.
            Sort::Kind => {}
        }
        let place = at_cursor.and_then(|at| self.rows.iter().position(|other| *other == at));
        self.list.cursor = place.unwrap_or(0);
    }

    /// The package that the cursor is on.
    pub(super) fn chosen(&self) -> Option<u32> {
        self.rows.get(self.list.cursor).copied()
    }
}

/// Columns of each cell but the last.
struct Widths {
    name: usize,
    version: usize,
}

impl Widths {
    fn of(width: usize) -> Self {
        // Severity, mark, count and type with their gaps take 19.
        let rest = width.saturating_sub(19);
        let version = (rest / 2).min(24);
        Self { name: rest.saturating_sub(version.saturating_add(1)), version }
    }
}

pub(super) fn head(width: usize, theme: Theme) -> Line<'static> {
    let faint = theme.faint();
    let widths = Widths::of(width);
    Row::new(width)
        .cell(4, "sev", faint)
        .put("  ".into(), faint)
        .right(3, "n", faint)
        .cell(widths.name, "package", faint)
        .cell(widths.version, "version", faint)
        .last("type", faint)
        .line()
}

pub(super) fn line(at: u32, contents: &Contents, width: usize, theme: Theme) -> Line<'static> {
    let Some((package, facts)) = contents.package(at) else { return Line::default() };
    let widths = Widths::of(width);
    let style = if facts.removed_in.is_some() { theme.faint() } else { Style::new() };
    let count = match facts.findings.len() {
        0 => String::new(),
        count => count.to_string(),
    };
    let mark = if facts.is_exploited { "! " } else { "  " };
    Row::new(width)
        .cell(4, short(facts.worst), theme.level(facts.worst))
        .put(mark.into(), theme.warning())
        .right(3, &count, style)
        .name(widths.name, &package.name, style)
        .cell(widths.version, &package.version, style)
        .last(&kind(package, facts), theme.faint())
        .line()
}

/// Its type, or that it is gone.
fn kind(package: &Package, facts: &PackageFacts) -> String {
    match facts.removed_in {
        Some(layer) => format!("gone #{layer}"),
        None if package.declared => "declared".to_owned(),
        None => package.kind.purl_type().to_owned(),
    }
}
