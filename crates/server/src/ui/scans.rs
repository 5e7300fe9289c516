//! What is being read, waits to be, or was; and what else the server does.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::Value;

use super::act::Button;
use super::overview::image_address;
use super::table::{self, Table, cell, plain};
use super::visit::{Failure, Visit};
use super::{act, layout, parts};
use crate::app::App;
use crate::auth::Role;
use crate::jobs;
use crate::moment;
use crate::queue::{State as JobState, Status};
use crate::store::{self, ended};

/// How many jobs are on a page.
const PAGE: usize = 50;

/// To have done what failed for good.
fn again(visit: &Visit, status: &Status) -> Markup {
    let is_scan = status.job.kind == jobs::SCAN;
    let (role, part) = if is_scan { (Role::Scanner, "scans") } else { (Role::Admin, "jobs") };
    let path = format!("/api/v1/{part}/{}/retry", status.job.id);
    let button =
        Button { role, method: "POST", path: &path, says: "Try again", done: "", sure: "" };
    html! { @if ended::can_be_put_back(status) { (button.show(visit)) } }
}

fn jobs_table(visit: &Visit, found: &[Status], more: bool) -> Table {
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
            table::deeds("Do"),
        ],
    );
    table.next(found.last().filter(|_| more).map(|it| it.job.id.to_string()));
    for status in found {
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
            cell(Value::Null, again(visit, status)),
        ]);
    }
    table
}

pub(super) async fn page(State(app): State<Arc<App>>, visit: Visit) -> Result<Response, Failure> {
    let mut kinds: Vec<&str> = jobs::ALL.iter().map(|it| it.kind()).collect();
    // What is shown first stands first.
    kinds.sort_by_key(|kind| *kind != jobs::SCAN);
    let kind = if visit.ask("kind").is_empty() { jobs::SCAN } else { visit.ask("kind") };
    if !kinds.contains(&kind) {
        return Err(Failure::missing("There is no such kind of job."));
    }
    let state = match visit.ask("state") {
        "" => None,
        word => Some(JobState::named(word).ok_or_else(|| Failure::bad("There is no such state."))?),
    };
    let before = visit.after::<1>("scans")?.map(|[id]| id);
    let wanted = ended::Wanted { kind: kind.to_owned(), state, before };
    let mut read = app.store.read().await?;
    let rows = visit.rows(PAGE);
    let limit = i64::try_from(rows).unwrap_or(0) + 1;
    let mut found = ended::page(&mut read, &wanted, limit).await?;
    let depth = store::jobs::depth(&mut read).await?;
    drop(read);
    let more = found.len() > rows;
    found.truncate(rows);
    let table = jobs_table(&visit, &found, more);
    if let Some(export) = table.export(&visit) {
        return Ok(export);
    }
    let words: Vec<(&str, &str)> = JobState::ALL.iter().map(|it| (it.name(), it.name())).collect();
    let states: Vec<(&str, &str)> = [("", "any")].into_iter().chain(words).collect();
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
        form.filter action="/scans" {
            input type="hidden" name="kind" value=(kind);
            label { "State" select name="state" { (parts::options(visit.ask("state"), &states)) } }
            button.quiet { "Filter" }
        }
        @if table.is_empty() && state.is_some() {
            (parts::empty("There is none in this state", &html! { p { a href=(visit.with(&[("state", ""), ("after", "")])) { "Those in any" } } }))
        } @else if table.is_empty() {
            (parts::empty("There was none of these", &html! { p { "The " a href="/" { "overview" } " says how to give the server an image." } }))
        } @else { (table.show(&visit)) }
    };
    Ok(layout::page(&app, &visit, "Scans", &body))
}
