//! The pane of findings.

use std::cmp::{Ordering, Reverse};

use plimsoll_model::{Finding, FixState};
use ratatui::style::Style;
use ratatui::text::Line;

use super::contents::Contents;
use super::list::List;
use super::narrow::Narrow;
use super::order::Order;
use super::row::Row;
use super::theme::{Theme, short};

/// From this width on the package has room of its own.
const WIDE: usize = 56;

/// What findings are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Sort {
    #[default]
    Severity,
    Epss,
    Package,
    Id,
}

impl Order for Sort {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Severity, "worst first"),
        (Self::Epss, "likeliest first"),
        (Self::Package, "by package"),
        (Self::Id, "by id"),
    ];
}

/// The findings that are shown, by their places in the scan.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) rows: Vec<u32>,
    pub(super) list: List,
    pub(super) sort: Sort,
}

impl Findings {
    /// Chooses and orders them anew; the cursor stays on its finding where that is still shown.
    pub(super) fn arrange(&mut self, contents: &Contents, narrow: &Narrow<'_>) {
        let at_cursor = self.chosen();
        let all = 0..u32::try_from(contents.scan.findings.len()).unwrap_or(u32::MAX);
        self.rows = all.filter(|at| narrow.has_finding(*at, contents)).collect();
        let sort = self.sort;
        self.rows.sort_by(|a, b| {
            match (contents.finding(*a), contents.finding(*b)) {
                (Some(a), Some(b)) => compare(a, b, sort),
                _ => Ordering::Equal,
            }
            .then_with(|| a.cmp(b))
        });
        let place = at_cursor.and_then(|at| self.rows.iter().position(|other| *other == at));
        self.list.cursor = place.unwrap_or(0);
    }

    /// The finding that the cursor is on.
    pub(super) fn chosen(&self) -> Option<u32> {
        self.rows.get(self.list.cursor).copied()
    }
}

fn compare(a: &Finding, b: &Finding, sort: Sort) -> Ordering {
    let rank = |finding: &Finding| Reverse((finding.severity, finding.kev.is_some()));
    match sort {
        Sort::Severity => rank(a).cmp(&rank(b)),
        Sort::Epss => {
            let score = |finding: &Finding| finding.epss.map_or(-1.0, |epss| epss.score);
            score(b).total_cmp(&score(a))
        }
        Sort::Package => a.package.name.cmp(&b.package.name).then_with(|| rank(a).cmp(&rank(b))),
        Sort::Id => a.id.cmp(&b.id),
    }
}

/// What of it is repaired by what, in a few letters.
pub(super) fn fix(state: &FixState) -> &str {
    match state {
        FixState::Fixed(versions) => versions.first().map_or("-", String::as_str),
        FixState::WillNotFix => "won't fix",
        FixState::Deferred => "deferred",
        FixState::UnderInvestigation => "looked at",
        FixState::EndOfLife => "ended",
        _ => "-",
    }
}

/// Columns of cells that depend on the width.
struct Widths {
    id: usize,
    package: usize,
    fixed: usize,
}

impl Widths {
    fn of(width: usize) -> Self {
        if width < WIDE {
            let id = width.saturating_sub(22).clamp(8, 19);
            return Self { id, package: 0, fixed: 0 };
        }
        // Severity, mark and probability with their gaps take 14.
        let rest = width.saturating_sub(14 + 20 + 2);
        let package = rest * 2 / 5;
        Self { id: 19, package, fixed: rest - package }
    }
}

pub(super) fn head(width: usize, theme: Theme) -> Line<'static> {
    let faint = theme.faint();
    let widths = Widths::of(width);
    let row = Row::new(width).cell(4, "sev", faint).put("  ".into(), faint);
    if widths.package == 0 {
        return row.cell(widths.id, "finding", faint).last("fixed in", faint).line();
    }
    row.cell(widths.id, "finding", faint)
        .cell(widths.package, "package", faint)
        .cell(widths.fixed, "fixed in", faint)
        .last("EPSS", faint)
        .line()
}

pub(super) fn line(at: u32, contents: &Contents, width: usize, theme: Theme) -> Line<'static> {
    let Some(finding) = contents.finding(at) else { return Line::default() };
    let widths = Widths::of(width);
    let is_fixed = finding.fix.nearest().is_some();
    let fixed = if is_fixed { theme.good() } else { theme.faint() };
    // Known to be exploited.
    let mark = if finding.kev.is_some() { "! " } else { "  " };
    let row = Row::new(width)
        .cell(4, short(Some(finding.severity)), theme.level(Some(finding.severity)))
        .put(mark.into(), theme.warning())
        .cell(widths.id, &finding.id, Style::new());
    if widths.package == 0 {
        return row.last(fix(&finding.fix), fixed).line();
    }
    let likely = finding.epss.map(|epss| format!("{:.1}%", epss.score * 100.0));
    row.name(widths.package, &finding.package.name, Style::new())
        .cell(widths.fixed, fix(&finding.fix), fixed)
        .last(&likely.unwrap_or_default(), theme.faint())
        .line()
}
