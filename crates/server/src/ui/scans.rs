//! What is being read, waits to be, or was; and what else the server does.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::overview::image_address;
use super::table::{self, Table, cell, plain};
use super::visit::{Failure, Visit};
use super::{act, layout, parts};
use crate::app::App;
use crate::jobs;
use crate::moment;
use crate::queue::State as JobState;
use crate::store;

/// How many jobs are on a page.
const PAGE: usize = 50;

pub(super) async fn page(State(app): State<Arc<App>>, visit: Visit) -> Result<Response, Failure> {
    let kinds: Vec<&str> = jobs::ALL.iter().map(|it| it.kind()).collect();
    let kind = if visit.ask("kind").is_empty() { jobs::SCAN } else { visit.ask("kind") };
    if !kinds.contains(&kind) {
        return Err(Failure::missing("There is no such kind of job."));
    }
    let before = visit.after::<1>("scans")?.map_or(i64::MAX, |[id]| id);
    let mut read = app.store.read().await?;
    let rows = visit.rows(PAGE);
    let limit = i64::try_from(rows).unwrap_or(0) + 1;
    let mut found = store::jobs::page(&mut read, kind, before, limit).await?;
    let depth = store::jobs::depth(&mut read).await?;
    drop(read);
    let more = found.len() > rows;
    found.truncate(rows);
    let mut table = Table::new(
        "scans",
        "Jobs, newest first",
        &[
            table::number("id", "Number"),
            table::main("what", "What"),
            table::keep("state", "State"),
            table::number("attempt", "Attempt"),
            table::number("components", "Components"),
            table::keep("created", "Asked for"),
            table::keep("finished", "Ended"),
            table::data("error"),
        ],
    );
    table.next(found.last().filter(|_| more).map(|it| it.job.id.to_string()));
    for status in &found {
        let done: Option<jobs::Done> = serde_json::from_str(&status.result).ok();
        let what = html! {
            @match &done {
                Some(done) => { a href=(image_address(&done.digest)) { (status.job.key) } }
                None => { (status.job.key) }
            }
            @if !status.error.is_empty() && status.state != JobState::Done { span.soft { (status.error) } }
        };
        let class = match status.state {
            JobState::Done => "good",
            JobState::Dead => "critical",
            _ => "",
        };
        let components = done.as_ref().map(|it| it.components);
        table.row(vec![
            plain(status.job.id),
            cell(status.job.key.clone(), what),
            cell(status.state.name(), html! { span class=(class) { (status.state.name()) } }),
            plain(status.job.attempt),
            plain(components),
            cell(
                moment::timestamp(status.job.created).to_string(),
                parts::time(status.job.created),
            ),
            cell(
                status.finished.map(|at| moment::timestamp(at).to_string()),
                html! { @if let Some(at) = status.finished { (parts::time(at)) } },
            ),
            plain(status.error.clone()),
        ]);
    }
    if let Some(export) = table.export(&visit) {
        return Ok(export);
    }
    let waiting: i64 = depth.iter().map(|it| it.1).sum();
    let oldest = depth.iter().map(|it| it.2).min();
    let body = html! {
        div.head { div {
            h1 { "Scans" }
            p.lead {
                @if waiting == 0 { "Nothing waits." } @else {
                    (parts::plural(waiting, "job")) " waiting or running"
                    @if let Some(oldest) = oldest { ", the oldest asked for " (parts::time(oldest)) }
                }
            }
        } }
        (act::read(&visit))
        ul.tabs {
            @for it in &kinds {
                li { a href=(visit.with(&[("kind", *it), ("after", "")])) aria-current=[(*it == kind).then_some("page")] {
                    (it) @if let Some(depth) = depth.iter().find(|depth| depth.0 == *it) { " (" (depth.1) ")" }
                } }
            }
        }
        @if table.is_empty() {
            (parts::empty("There was none of these", &html! { p { "The " a href="/" { "overview" } " says how to give the server an image." } }))
        } @else { (table.show(&visit)) }
    };
    Ok(layout::page(&app, &visit, "Scans", &body))
}
