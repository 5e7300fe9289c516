//! Five boards over time: findings, alerts, compliance, scores, remediation.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::table::{self, Table, plain};
use super::visit::{Failure, Visit};
use super::{Ui, charts, compliance as controls, layout, parts};
use crate::app::App;
use crate::compliance::{ALL, Checks};
use crate::moment;
use crate::store::estate::{Day, Figures};
use crate::store::summaries::DAY;

/// The boards: the word in the address, and the name.
const BOARDS: &[(&str, &str)] = &[
    ("vulnerabilities", "Vulnerability trends"),
    ("runtime", "Runtime alerts"),
    ("compliance", "Compliance status"),
    ("scores", "Image security scores"),
    ("remediation", "Remediation progress"),
];

/// Ranges: the word, the name, days.
const RANGES: &[(&str, &str, usize)] =
    &[("7", "7 days", 7), ("30", "30 days", 30), ("90", "90 days", 90)];

pub(super) async fn page() -> Response {
    axum::response::Redirect::to("/trends/vulnerabilities").into_response()
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    Extension(ui): Extension<Ui>,
    Path(name): Path<String>,
    visit: Visit,
) -> Result<Response, Failure> {
    let board = BOARDS.iter().find(|it| it.0 == name);
    let (word, title) = *board.ok_or_else(|| Failure::missing("There is no such board."))?;
    let figures = ui.figures(&app).await?;
    let range = if visit.ask("days").is_empty() { "30" } else { visit.ask("days") };
    let range = RANGES.iter().find(|it| it.0 == range);
    let (chosen, _, length) =
        *range.ok_or_else(|| Failure::bad("The range is 7, 30 or 90 days."))?;
    let from = figures.days.len().saturating_sub(length);
    let days = figures.days.get(from..).unwrap_or_default();
    let table = export(word, days);
    // The others do not show them, and the first look at all images takes its time.
    let checks = if word == "compliance" { ui.checks(&app).await? } else { Checks::default() };
    let kept = controls::controls(&checks);
    let bands = of_bands(&figures);
    for table in [&table, &kept, &bands] {
        if let Some(export) = table.export(&visit) {
            return Ok(export);
        }
    }
    let is_over_time = !matches!(word, "scores" | "compliance");
    let body = html! {
        div.head {
            h1 { (title) }
            @if is_over_time {
                p.range { @for (value, name, _) in RANGES {
                    a href=(visit.with(&[("days", *value)])) aria-current=[(*value == chosen).then_some("true")] { (name) }
                } }
            }
        }
        ul.tabs { @for (address, name) in BOARDS {
            li { a href=(format!("/trends/{address}")) aria-current=[(*address == word).then_some("page")] { (name) } }
        } }
        @match word {
            "vulnerabilities" => { (vulnerabilities(&figures, days)) }
            "runtime" => { (runtime(days)) }
            "compliance" => { (compliance(&checks)) (kept.show(&visit)) }
            "scores" => { (scores(&figures)) (bands.links(&visit)) }
            _ => { (remediation(&figures, days)) }
        }
        @if is_over_time {
            (table.links(&visit))
        }
    };
    Ok(layout::page(&app, &visit, title, &body))
}

fn export(board: &str, days: &[Day]) -> Table {
    let names: &[&'static str] = match board {
        "runtime" => &["critical", "warning", "other"],
        "remediation" => &["opened", "resolved"],
        _ => &["critical", "high", "medium", "low", "other"],
    };
    let columns: Vec<_> =
        [table::data("day")].into_iter().chain(names.iter().map(|it| table::data(it))).collect();
    let mut table = Table::new("days", "Days", &columns);
    for day in days {
        let values: Vec<i64> = match board {
            "runtime" => day.alerts.to_vec(),
            "remediation" => vec![day.opened, day.resolved],
            _ => day.open.to_vec(),
        };
        let date = plain(moment::timestamp(day.day * DAY).date());
        table.row([date].into_iter().chain(values.into_iter().map(plain)).collect());
    }
    table
}

fn figure(name: &str, value: i64, small: &str) -> Markup {
    html! { div { dt { (name) } dd { (parts::number(value)) @if !small.is_empty() { small { (small) } } } } }
}

fn vulnerabilities(figures: &Figures, days: &[Day]) -> Markup {
    let opened: i64 = days.iter().map(|it| it.opened).sum();
    let resolved: i64 = days.iter().map(|it| it.resolved).sum();
    html! {
        dl.figures {
            (figure("Open now", figures.open.iter().sum(), "on components"))
            (figure("Opened", opened, "in this range"))
            (figure("Resolved", resolved, "in this range"))
            (figure("Exploited", figures.exploited, "open now"))
        }
        (charts::days("Open findings at the end of each day", "lines", days, &[
            ("Critical", "critical", &|day: &Day| day.open[0]),
            ("High", "high", &|day: &Day| day.open[1]),
            ("Medium", "medium", &|day: &Day| day.open[2]),
            ("Low", "low", &|day: &Day| day.open[3]),
        ]))
    }
}

fn runtime(days: &[Day]) -> Markup {
    let of = |place: usize| days.iter().filter_map(|it| it.alerts.get(place)).sum::<i64>();
    html! {
        dl.figures {
            (figure("Critical and above", of(0), "in this range"))
            (figure("Warnings and errors", of(1), "in this range"))
            (figure("Others", of(2), "in this range"))
        }
        (charts::days("Alerts a day", "lines", days, &[
            ("Critical and above", "critical", &|day: &Day| day.alerts[0]),
            ("Warnings and errors", "medium", &|day: &Day| day.alerts[1]),
            ("Others", "low", &|day: &Day| day.alerts[2]),
        ]))
        p { a href="/runtime" { "The alerts themselves" } }
    }
}

fn compliance(checks: &Checks) -> Markup {
    // What nobody knows of any image is neither kept nor broken.
    let bands: Vec<(String, i64)> = ALL
        .iter()
        .map(|policy| (policy.short.to_owned(), checks.of(policy)))
        .filter(|(_, count)| count.known() > 0)
        .map(|(name, count)| (name, count.passed * 100 / count.known()))
        .collect();
    let sum: i64 = bands.iter().map(|it| it.1).sum();
    let mean = sum / i64::try_from(bands.len().max(1)).unwrap_or(1);
    html! {
        dl.figures {
            (figure("Kept on average, %", mean, "of what is asked of images"))
            (figure("Images", checks.images, ""))
        }
        (charts::bands("Images that keep to each control, %", "%", "accent", &bands))
    }
}

/// Images by score.
fn bands(figures: &Figures) -> Vec<(String, i64)> {
    figures
        .scores
        .iter()
        .zip(0..)
        .map(|(count, band)| {
            let upto = if band == 9 { 100 } else { band * 10 + 9 };
            (format!("{}–{upto}", band * 10), *count)
        })
        .collect()
}

fn of_bands(figures: &Figures) -> Table {
    let columns = [table::data("scores"), table::data("images")];
    let mut table = Table::new("bands", "Images by score", &columns);
    for (band, count) in bands(figures) {
        table.row(vec![plain(band), plain(count)]);
    }
    table
}

fn scores(figures: &Figures) -> Markup {
    let bands = bands(figures);
    let low: i64 = figures.scores.iter().take(5).sum();
    let high: i64 = figures.scores.iter().skip(8).sum();
    html! {
        dl.figures {
            (figure("Below 50", low, "images"))
            (figure("80 and above", high, "images"))
        }
        (charts::bands("Images by score", "Images", "accent", &bands))
        p { a href="/images?sort=score" { "Images, lowest score first" } }
    }
}

fn remediation(figures: &Figures, days: &[Day]) -> Markup {
    let fixable: i64 = figures.fixable.iter().sum();
    let resolved: i64 = days.iter().map(|it| it.resolved).sum();
    let changes = i64::try_from(figures.all_changes).unwrap_or(0);
    html! {
        dl.figures {
            (figure("Findings with a fix", fixable, "open now"))
            (figure("Changes that mend them", changes, "open now"))
            (figure("Resolved", resolved, "in this range"))
        }
        (charts::days("Opened and resolved each day", "lines", days, &[
            ("Opened", "high", &|day: &Day| day.opened),
            ("Resolved", "good", &|day: &Day| day.resolved),
        ]))
        p { a href="/remediation" { "What to do first" } }
    }
}
