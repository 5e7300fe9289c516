//! Components that images have.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::html;
use plimsoll_model::PackageKind;

use super::table::{self, Table, cell, plain};
use super::visit::{Failure, Visit};
use super::{findings, images, layout, parts};
use crate::address::encode;
use crate::app::App;
use crate::auth::reach;
use crate::store::{components, findings as stored, lists, postings};

/// How many components are on a page.
const PAGE: usize = 100;

pub(super) async fn page(State(app): State<Arc<App>>, visit: Visit) -> Result<Response, Failure> {
    let after = match visit.ask("after").rsplit_once('.') {
        None => None,
        Some((name, id)) => {
            let id: i64 = id
                .parse()
                .map_err(|_| Failure::bad("This address leads to no page of the list."))?;
            Some((name, id))
        }
    };
    let mut read = app.store.read().await?;
    let rows = visit.rows(PAGE);
    let limit = i64::try_from(rows).unwrap_or(0) + 1;
    let wanted = (visit.ask("q"), visit.ask("kind"));
    let mut found = lists::components(&mut read, app.store.dialect(), wanted, after, limit).await?;
    let more = found.len() > rows;
    found.truncate(rows);
    let ids: Vec<i64> = found.iter().map(|it| it.id).collect();
    let counts = stored::counts(&mut read, &ids).await?;
    drop(read);
    let mut table = Table::new(
        "components",
        "Components by name",
        &[
            table::main("name", "Component"),
            table::keep("version", "Version"),
            table::keep("kind", "Kind").minor(),
            table::data("purl"),
            table::number("images", "Images"),
            table::number("critical", "Critical"),
            table::number("high", "High"),
            table::number("medium", "Medium").minor(),
            table::number("low", "Low").minor(),
            table::number("other", "Other").minor(),
        ],
    );
    for it in &found {
        let mut by_level = [0_i64; 5];
        for (severity, count) in counts.get(&it.id).into_iter().flatten() {
            if let Some(sum) = by_level.get_mut(crate::store::estate::place(*severity)) {
                *sum += count;
            }
        }
        let mut cells = vec![
            cell(
                it.name.clone(),
                html! { a href=(format!("/components/{}", it.id)) { (it.name) } },
            ),
            cell(it.version.clone(), html! { span.code { (it.version) } }),
            plain(it.kind.clone()),
            plain(it.purl.clone()),
            cell(it.images, parts::count(it.images, "")),
        ];
        cells.extend(
            by_level
                .iter()
                .zip(parts::LEVELS)
                .map(|(count, level)| cell(*count, parts::count(*count, level.1))),
        );
        table.row(cells);
    }
    table.next(found.last().filter(|_| more).map(|it| format!("{}.{}", it.name, it.id)));
    if let Some(export) = table.export(&visit) {
        return Ok(export);
    }
    let kinds: Vec<_> = [("", "any")]
        .into_iter()
        .chain(PackageKind::ALL.iter().map(|it| (it.purl_type(), it.purl_type())))
        .collect();
    let body = html! {
        div.head { div { h1 { "Components" } p.lead { "Each once, however many images have it." } } }
        form.filter action="/components" hx-get="/components" hx-target="#list" hx-select="#list" hx-swap="outerHTML"
            hx-push-url="true" hx-trigger="input changed delay:250ms from:find input, change, submit" {
            label { "Name begins with" input type="search" name="q" value=(visit.ask("q")); }
            label { "Kind" select name="kind" { (parts::options(visit.ask("kind"), &kinds)) } }
            button.quiet { "Filter" }
        }
        div #list {
            @if table.is_empty() {
                (parts::empty("No component is called that", &html! { p { a href="/components" { "All components" } } }))
            } @else { (table.show(&visit)) }
        }
    };
    Ok(layout::page(&app, &visit, "Components", &body))
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    visit: Visit,
) -> Result<Response, Failure> {
    let missing = || Failure::missing("There is no such component.");
    let id: i64 = id.parse().map_err(|_| missing())?;
    let sight = reach::sight(&app, &visit.actor).await?;
    if sight.as_ref().is_some_and(|sight| !sight.has_component(id)) {
        return Err(missing());
    }
    let mut read = app.store.read().await?;
    let shown = components::shown(&mut read, &[id]).await?.remove(&id).ok_or_else(missing)?;
    let mut found = stored::of_components(&mut read, &[id]).await?;
    found.sort_by(|a, b| {
        (b.is_open, b.severity, &a.weakness).cmp(&(a.is_open, a.severity, &b.weakness))
    });
    let mut open = Table::new("findings", "Open findings on it", findings::COLUMNS);
    for finding in found.iter().filter(|it| it.is_open) {
        findings::row(&mut open, finding, &shown);
    }
    let mut bitmap = postings::union(&mut read, &[id]).await?;
    if let Some(sight) = &sight {
        bitmap &= &sight.images;
    }
    let having = images::having(&mut read, &visit, &bitmap, "Images that have it").await?;
    let others =
        lists::components(&mut read, app.store.dialect(), (&shown.name, &shown.kind), None, 50)
            .await?;
    drop(read);
    let open = open.cut(&visit, PAGE)?;
    for table in [&open, &having] {
        if let Some(export) = table.export(&visit) {
            return Ok(export);
        }
    }
    let is_seen = |id: i64| sight.as_ref().is_none_or(|sight| sight.has_component(id));
    let others: Vec<_> = others
        .into_iter()
        .filter(|it| it.name == shown.name && it.id != id && is_seen(it.id))
        .collect();
    let title = format!("{} {}", shown.name, shown.version);
    let body = html! {
        div.head { div {
            h1 { (title) }
            p.lead.code { (shown.purl) }
        } }
        @if !others.is_empty() {
            p { "Other versions: "
                @for (at, other) in others.iter().take(20).enumerate() {
                    @if at > 0 { ", " }
                    a href=(format!("/components/{}", other.id)) { (other.version) }
                }
                " · " a href=(format!("/components?q={}", encode(&shown.name))) { "all" }
            }
        }
        h2 { "Open findings" }
        @if open.is_empty() { p.soft { "The advisories say nothing of it." } } @else { (open.show(&visit)) }
        h2 { (parts::plural(i64::try_from(bitmap.len()).unwrap_or(0), "image")) }
        @if having.is_empty() { p.soft { "No image has it any more." } } @else { (having.show(&visit)) }
    };
    Ok(layout::page(&app, &visit, &title, &body))
}
