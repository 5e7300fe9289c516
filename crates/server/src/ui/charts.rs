//! Charts. Each is a table; a script draws it where there is one.

use maud::{Markup, html};

use super::parts;
use crate::moment;
use crate::store::estate::Day;
use crate::store::summaries::DAY;

/// A line of a chart: its name, its colour, its value on a day.
pub(super) type Line<'f> = (&'static str, &'static str, &'f dyn Fn(&Day) -> i64);

/// A chart over days; `shape` is `lines` or `bars`.
pub(super) fn days(caption: &str, shape: &str, days: &[Day], lines: &[Line<'_>]) -> Markup {
    html! {
        figure.chart data-chart=(shape) {
            figcaption { (caption) }
            details open {
                summary { "As a table" }
                div.scroll tabindex="0" role="region" aria-label=(caption) { table {
                    thead { tr {
                        th scope="col" { "Day" }
                        @for (name, colour, _) in lines { th.n scope="col" data-colour=(colour) { (name) } }
                    } }
                    tbody { @for day in days { tr {
                        td data-x=(day.day * DAY / 1000) { (moment::timestamp(day.day * DAY).date()) }
                        @for (_, _, value) in lines {
                            td.n data-v=(value(day)) { (parts::number(value(day))) }
                        }
                    } } }
                } }
            }
        }
    }
}

/// A chart of counts by name.
pub(super) fn bands(caption: &str, what: &str, colour: &str, bands: &[(String, i64)]) -> Markup {
    html! {
        figure.chart data-chart="bands" {
            figcaption { (caption) }
            details open {
                summary { "As a table" }
                div.scroll tabindex="0" role="region" aria-label=(caption) { table {
                    thead { tr { th scope="col" { "Band" } th.n scope="col" data-colour=(colour) { (what) } } }
                    tbody { @for (name, count) in bands { tr {
                        td { (name) }
                        td.n data-v=(count) { (parts::number(*count)) }
                    } } }
                } }
            }
        }
    }
}
