//! One field for everything: images, weaknesses, components.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use super::overview::image_address;
use super::table::{self, Table, cell, plain};
use super::visit::{Failure, Visit};
use super::{findings, images, layout, parts};
use crate::address::encode;
use crate::app::App;
use crate::store::lists;

/// The shortest text that is looked for within names of components.
const SHORTEST: usize = 3;

pub(super) async fn page(State(app): State<Arc<App>>, visit: Visit) -> Result<Response, Failure> {
    let text = visit.ask("q").trim();
    if text.is_empty() {
        let body = html! {
            div.head { h1 { "Search" } }
            form.filter action="/search" {
                label { "Image, digest, weakness or component" input type="search" name="q" autofocus required; }
                button { "Search" }
            }
        };
        return Ok(layout::page(&app, &visit, "Search", &body));
    }
    let mut read = app.store.read().await?;
    let wanted = lists::Images { text: text.to_owned(), ..Default::default() };
    let having = lists::images(&mut read, app.store.dialect(), &wanted, 20).await?;
    let weaknesses = lists::weaknesses(&mut read, &text.to_uppercase(), 20).await?;
    let mut components =
        lists::components(&mut read, app.store.dialect(), (text, ""), None, 20).await?;
    if components.is_empty() && text.chars().count() >= SHORTEST {
        components = crate::store::components::called(&mut read, text, 20).await?;
    }
    drop(read);
    // What can be one thing alone needs no list.
    if visit.ask("format").is_empty() {
        if let ([one], true, true) = (&weaknesses[..], having.is_empty(), components.is_empty()) {
            return Ok(Redirect::to(&format!("/weaknesses/{}", encode(&one.0))).into_response());
        }
        if let ([one], true, true) = (&having[..], weaknesses.is_empty(), components.is_empty()) {
            return Ok(Redirect::to(&image_address(&one.digest)).into_response());
        }
    }
    let of_images = images::table("images", "Images", &having);
    let mut of_weaknesses = Table::new(
        "weaknesses",
        "Weaknesses",
        &[
            table::keep("weakness", "Weakness"),
            table::keep("severity", "Severity"),
            table::main("title", "What it is"),
        ],
    );
    for (weakness, severity, title) in &weaknesses {
        of_weaknesses.row(vec![
            cell(weakness.clone(), findings::weakness(weakness)),
            cell(parts::level_name(*severity), parts::level(*severity)),
            plain(title.clone()),
        ]);
    }
    let mut of_components = Table::new(
        "components",
        "Components",
        &[
            table::main("name", "Component"),
            table::keep("version", "Version"),
            table::keep("kind", "Kind"),
            table::number("images", "Images"),
        ],
    );
    for it in &components {
        of_components.row(vec![
            cell(
                it.name.clone(),
                html! { a href=(format!("/components/{}", it.id)) { (it.name) } },
            ),
            plain(it.version.clone()),
            plain(it.kind.clone()),
            plain(it.images),
        ]);
    }
    let all = [("Images", of_images), ("Weaknesses", of_weaknesses), ("Components", of_components)];
    for (_, table) in &all {
        if let Some(export) = table.export(&visit) {
            return Ok(export);
        }
    }
    let count: usize = all.iter().map(|it| it.1.len()).sum();
    let body = html! {
        div.head { h1 { "Search: " (text) } }
        @if count == 0 {
            (parts::empty("Nothing is called that", &html! {
                p { "Images are found by any part of their name, or by how their digest begins; weaknesses and components by how they, or a part of their name, begin." }
            }))
        }
        @for (title, table) in &all { @if !table.is_empty() { h2 { (title) } (table.show(&visit)) } }
    };
    Ok(layout::page(&app, &visit, &format!("Search: {text}"), &body))
}
