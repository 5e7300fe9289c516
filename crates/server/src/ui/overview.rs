//! What is worst now, what one change helps most, and how much of this can be trusted.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::table::{self, Table, cell, plain};
use super::visit::{Failure, Visit};
use super::{Ui, act, board, charts, images, layout, parts};
use crate::address::encode;
use crate::app::App;
use crate::moment;
use crate::store::estate::{Change, Day, Figures};
use crate::store::lists;

/// How many of the worst images are shown.
const WORST: i64 = 8;

/// How many changes are shown beside the best one.
const NEXT: usize = 6;

pub(super) async fn page(
    State(app): State<Arc<App>>,
    Extension(ui): Extension<Ui>,
    visit: Visit,
) -> Result<Response, Failure> {
    // Whoever sees a part of the estate begins with that.
    if visit.actor.repositories.is_some() {
        return Ok(Redirect::to("/images").into_response());
    }
    let figures = ui.figures(&app).await?;
    let worst = lists::images(
        &mut *app.store.read().await?,
        app.store.dialect(),
        &lists::Images::default(),
        WORST,
    )
    .await?;
    let worst: Vec<_> = worst.into_iter().filter(|image| image.risk > 0).collect();
    let table = images::table("worst", "Images whose findings weigh most", &worst);
    let changes = changes(figures.changes.iter().skip(1).take(NEXT));
    let feeds = feeds(&app);
    for table in [&table, &changes, &feeds] {
        if let Some(export) = table.export(&visit) {
            return Ok(export);
        }
    }
    let it = &figures.images;
    let body = html! {
        div.head { h1 { "Overview" } p.lead { "Figures as of " (parts::time(figures.at)) } }
        @if it.images == 0 { (nothing(&visit)) } @else {
            @if let Some(change) = figures.changes.first() { (deed(change)) } @else { (calm(&figures)) }
            (numbers(&figures))
            h2 { "Worst images" }
            @if worst.is_empty() {
                p.soft { "No image has an open finding." }
            } @else { (table.show(&visit)) }
            div.two {
                section {
                    h2 { "Next best changes" }
                    @if !changes.is_empty() {
                        (changes.show(&visit))
                        p.small { a href="/remediation" {
                            "All " (parts::plural(i64::try_from(figures.all_changes).unwrap_or(0), "change"))
                        } }
                    } @else { p.soft { "There is no other change that mends something." } }
                }
                section {
                    h2 { "Open findings" }
                    (charts::days("On components, each once however many images have it", "lines", &figures.days, &[
                        ("Critical", "critical", &|day: &Day| day.open[0]),
                        ("High", "high", &|day: &Day| day.open[1]),
                        ("Medium", "medium", &|day: &Day| day.open[2]),
                    ]))
                    p.small { a href="/trends/vulnerabilities" { "All trends" } }
                }
            }
            h2 { "Advisories" }
            @if feeds.is_empty() {
                p.soft { "The starter set, which is part of the program. " code { "plimsoll db update" } " brings the whole." }
            } @else {
                details {
                    summary { "What " (parts::plural(i64::try_from(feeds.len()).unwrap_or(0), "feed")) " brought, and when" }
                    (feeds.show(&visit))
                }
            }
        }
    };
    Ok(layout::page(&app, &visit, "Overview", &body))
}

/// The one change that helps most.
fn deed(change: &Change) -> Markup {
    html! {
        section.deed aria-label="The change that helps most" {
            div {
                p.small.soft { "One change helps most" }
                p.what { "Take " (change.name) " to " (change.to) }
                p {
                    "mends " strong { (parts::number(change.clears)) } " findings in "
                    strong { (parts::plural(i64::try_from(change.images).unwrap_or(0), "image")) }
                    ": " (parts::worst(&change.counts))
                    @if change.exploited > 0 { (parts::exploited(true)) }
                }
            }
            a.button href=(board::address(change)) { "What and where" }
        }
    }
}

fn calm(figures: &Figures) -> Markup {
    let open: i64 = figures.open.iter().sum();
    html! {
        section.deed aria-label="Nothing to do" {
            div {
                p.what { @if open == 0 { "No open findings" } @else { "Nothing can be mended by a newer version" } }
                p { @if open > 0 { (parts::plural(open, "finding")) " have no fix yet" } @else { "in " (parts::plural(figures.images.images, "image")) } }
            }
        }
    }
}

fn numbers(figures: &Figures) -> Markup {
    let it = &figures.images;
    let fixable: i64 = figures.fixable.iter().sum();
    let open: i64 = figures.open.iter().sum();
    let percent = |part: i64| if it.images == 0 { 0 } else { part * 100 / it.images };
    html! {
        dl.figures {
            div {
                dt { "Exploited" }
                dd { a href="/images?flag=exploited" class=[(it.exploited > 0).then_some("critical")] { (parts::number(it.exploited)) }
                    small { "images of " (parts::number(it.images)) } }
            }
            div {
                dt { "Critical" }
                dd { a href="/images?flag=critical" { (parts::number(it.critical)) }
                    small { "images, " (percent(it.critical)) " % of all" } }
            }
            div {
                dt { "Open findings" }
                dd { a href="/findings" { (parts::number(open)) }
                    small { (parts::number(fixable)) " with a fix" } }
            }
            div {
                dt { "Components" }
                dd { a href="/components" { (parts::number(figures.components)) }
                    small { "shared by all images" } }
            }
            div {
                dt { "Read in the last week" }
                dd { a href="/coverage" { (percent(it.fresh)) " %" }
                    small { @if it.partial > 0 { (parts::number(it.partial)) " partly read" } @else { "none partly read" } } }
            }
            div {
                dt { "Out of support" }
                dd { a href="/images?flag=end-of-life" { (parts::number(it.end_of_life)) }
                    small { "images of old distributions" } }
            }
        }
    }
}

fn changes<'c>(changes: impl Iterator<Item = &'c Change>) -> Table {
    let mut table = Table::new(
        "changes",
        "Changes, best first",
        &[
            table::main("change", "Change"),
            table::number("mends", "Mends"),
            table::number("images", "Images"),
        ],
    );
    for change in changes {
        let look = html! {
            a href=(board::address(change)) { (change.name) " → " (change.to) }
            @if change.exploited > 0 { (parts::exploited(true)) }
            span.soft { (parts::worst(&change.counts)) @if !change.release.is_empty() { " · " (change.release) } }
        };
        table.row(vec![
            cell(format!("{} to {}", change.name, change.to), look),
            cell(change.clears, parts::number(change.clears)),
            cell(change.images, parts::number(i64::try_from(change.images).unwrap_or(0))),
        ]);
    }
    table
}

/// Where advisories come from; empty where there is only the starter set.
fn feeds(app: &App) -> Table {
    let current = app.advisories.current();
    let data = current.database.data();
    let mut table = Table::new(
        "feeds",
        "Feeds, and how new they are",
        &[
            table::main("feed", "Feed"),
            table::number("records", "Records"),
            table::number("left_out", "Left out"),
            table::keep("newest", "Newest record"),
            table::keep("fetched", "Fetched"),
        ],
    );
    let time = |at: Option<plimsoll_model::Timestamp>| {
        let at = at.map(moment::of);
        let look = html! { @if let Some(at) = at { (parts::time(at)) } @else { span.soft { "not told" } } };
        cell(at.map(|at| moment::timestamp(at).to_string()), look)
    };
    let starter = data.starter;
    for feed in data.feeds.iter().filter(|_| !starter) {
        let rejected = i64::try_from(feed.rejected).unwrap_or(0);
        let records = i64::try_from(feed.records).unwrap_or(0);
        table.row(vec![
            plain(feed.name.clone()),
            cell(records, parts::number(records)),
            cell(rejected, parts::count(rejected, "")),
            time(feed.newest),
            time(feed.fetched),
        ]);
    }
    table
}

fn nothing(visit: &Visit) -> Markup {
    parts::empty(
        "No image has been read yet",
        &html! {
            p { "Give the server one, and this page shows what is worst in it and what to do first." }
            (act::read(visit))
            p { "From a shell:" }
            pre { "curl -X POST http://localhost:6060/api/v1/scans \\\n  -H 'Content-Type: application/json' \\\n  -d '{\"reference\": \"nginx:1.27\"}'" }
            p {
                "A bill of materials will do as well: " code { "POST /api/v1/sboms" } ". A registry can be "
                a href="/coverage" { "watched" } ". What is being read: " a href="/scans" { "scans" } "."
            }
        },
    )
}

/// The address of an image.
pub(super) fn image_address(digest: &str) -> String {
    format!("/images/{}", encode(digest))
}
