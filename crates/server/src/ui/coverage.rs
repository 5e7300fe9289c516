//! How much of the estate is known: registries under watch, places where images run, and what was read.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::act::Form;
use super::table::{self, Table, cell, plain};
use super::visit::{Failure, Visit};
use super::{Ui, layout, parts};
use crate::app::App;
use crate::auth::Role;
use crate::error::Result as Done;
use crate::moment;
use crate::store::{Connection, measures, registries, running};

async fn of_registries(read: &mut Connection) -> Done<Table> {
    let mut table = Table::new(
        "registries",
        "Registries under watch",
        &[
            table::main("registry", "Registry"),
            table::data("host"),
            table::text("repositories", "Repositories"),
            table::number("tags", "Tags"),
            table::number("read", "Read"),
            table::text("share", "Share"),
            table::keep("looked_at", "Looked at"),
            table::text("error", "What went wrong"),
        ],
    );
    for it in registries::all(read).await? {
        let (all, done) = registries::coverage(read, it.id).await?;
        let name = html! {
            (it.name) @if !it.enabled { " " span.flag { "off" } }
            span.soft { (it.host) }
        };
        let at = it.walked.map(|at| moment::timestamp(at).to_string());
        let look = html! { @if let Some(at) = it.walked { (parts::time(at)) } @else { span.soft { "not yet" } } };
        table.row(vec![
            cell(it.name.clone(), name),
            plain(it.host.clone()),
            cell(it.repositories.clone(), html! { @if it.repositories.is_empty() { span.soft { "all" } } @else { span.code { (it.repositories) } } }),
            cell(all, parts::number(all)),
            cell(done, parts::number(done)),
            cell(percent(done, all), share(done, all)),
            cell(at, look),
            cell(it.error.clone(), html! { span.high { (it.error) } }),
        ]);
    }
    Ok(table)
}

async fn of_places(read: &mut Connection) -> Done<Table> {
    let mut table = Table::new(
        "places",
        "Places where images run",
        &[
            table::main("place", "Place"),
            table::number("images", "Images"),
            table::number("read", "Read"),
            table::text("share", "Share"),
        ],
    );
    for (place, all, done) in running::coverage(read).await? {
        table.row(vec![
            plain(place),
            cell(all, parts::number(all)),
            cell(done, parts::number(done)),
            cell(percent(done, all), share(done, all)),
        ]);
    }
    Ok(table)
}

fn percent(part: i64, whole: i64) -> i64 {
    if whole == 0 { 100 } else { part * 100 / whole }
}

fn share(part: i64, whole: i64) -> Markup {
    let class = if part == whole { "good" } else { "medium" };
    parts::ratio(part, whole, class)
}

/// To have a registry watched.
fn watch(visit: &Visit) -> Markup {
    let form = Form {
        role: Role::Admin,
        sends: ("POST", "/api/v1/registries"),
        then: "",
        button: "Watch it",
    };
    let fields = html! {
        label { "Name" input name="name" placeholder="production" required maxlength="64"; }
        label { "Host" input name="host" placeholder="ghcr.io" required maxlength="255" spellcheck="false" autocapitalize="off"; }
        label { "Repositories" input name="repositories" placeholder="shop/**, !shop/scratch-*" maxlength="1000" spellcheck="false" autocapitalize="off"; }
    };
    form.folded(visit, "Watch another registry", &fields)
}

pub(super) async fn page(
    State(app): State<Arc<App>>,
    Extension(ui): Extension<Ui>,
    visit: Visit,
) -> Result<Response, Failure> {
    let mut read = app.store.read().await?;
    let watched = of_registries(&mut read).await?;
    let places = of_places(&mut read).await?;
    for table in [&watched, &places] {
        if let Some(export) = table.export(&visit) {
            return Ok(export);
        }
    }
    let unread = measures::unread(&mut read).await?;
    drop(read);
    let figures = ui.figures(&app).await?;
    let it = &figures.images;
    let known = it.images.saturating_add(unread);
    let body = html! {
        div.head { div { h1 { "Coverage" } p.lead { "How much of the estate is known at all: what is tagged, what runs, and what of it was read." } } }
        dl.figures {
            div { dt { "Read" } dd { (percent(it.images, known)) " %" small { (parts::number(it.images)) " of " (parts::number(known)) " images" } } }
            div { dt { "Not read yet" } dd { (parts::number(unread)) small { "tagged or running" } } }
            div { dt { "Read in the last week" } dd { (parts::number(it.fresh)) small { a href="/images?flag=stale" { "those that were not" } } } }
            div { dt { "Partly read" } dd { a href="/images?flag=partial" { (parts::number(it.partial)) } small { "may hide packages" } } }
            div { dt { "By an SBOM alone" } dd { (parts::number(it.sboms)) small { "nothing was read" } } }
        }
        h2 { "Registries" }
        @if watched.is_empty() {
            (parts::empty("No registry is watched", &html! {
                p { "The server reads what is tagged as soon as it is pushed, once it knows of the registry:" }
                pre { "curl -X POST http://localhost:6060/api/v1/registries \\\n  -H 'Content-Type: application/json' -H 'X-Api-Key: …' \\\n  -d '{\"name\": \"shop\", \"host\": \"registry.example\"}'" }
            }))
        } @else { (watched.show(&visit)) }
        (watch(&visit))
        h2 { "Where images run" }
        @if places.is_empty() {
            (parts::empty("No place says what runs there", &html! {
                p { "A list of what runs makes what runs come first. " code { "plimsoll kube scan" } " writes that of a cluster:" }
                pre { "plimsoll kube scan --format json -o workloads.json\ncurl -X POST http://localhost:6060/api/v1/running \\\n  -H 'Content-Type: application/json' -H 'X-Api-Key: …' \\\n  -d @workloads.json" }
                p { "A sensor tells what runs on its machine by itself:" }
                pre { "PLIMSOLL_SERVER_KEY=… plimsoll watch --server http://localhost:6060" }
            }))
        } @else { (places.show(&visit)) }
    };
    Ok(layout::page(&app, &visit, "Coverage", &body))
}
