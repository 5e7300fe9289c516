//! All images: searched, filtered, sorted.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::html;
use roaring::RoaringBitmap;

use super::overview::image_address;
use super::table::{self, Table, cell, plain};
use super::visit::{Failure, Visit};
use super::{layout, parts};
use crate::app::App;
use crate::auth::reach;
use crate::compliance::{self, bit};
use crate::moment;
use crate::store::Connection;
use crate::store::lists::{self, FLAGS, Image, Key, Order};

/// How many images are on a page.
const PAGE: usize = 50;

/// The images of these numbers, newest first, as a table of a page.
pub(super) async fn having(
    read: &mut Connection,
    visit: &Visit,
    all: &RoaringBitmap,
    caption: &str,
) -> Result<Table, Failure> {
    let before =
        visit.after::<1>("images")?.map_or(u32::MAX, |[id]| u32::try_from(id).unwrap_or(0));
    let rows = visit.rows(PAGE);
    let mut numbers: Vec<i64> = all.range(..before).rev().take(rows + 1).map(i64::from).collect();
    let more = numbers.len() > rows;
    numbers.truncate(rows);
    let mut having = table("images", caption, &lists::images_of(read, &numbers).await?);
    having.next(numbers.last().filter(|_| more).map(ToString::to_string));
    Ok(having)
}

/// Images as a table.
pub(super) fn table(name: &'static str, caption: &str, images: &[Image]) -> Table {
    let mut table = Table::new(
        name,
        caption,
        &[
            table::main("reference", "Image").sorted("name"),
            table::data("digest"),
            table::keep("score", "Score").sorted("score"),
            table::number("critical", "Critical").sorted("worst"),
            table::number("high", "High"),
            table::number("medium", "Medium").minor(),
            table::number("low", "Low").minor(),
            table::number("other", "Other").minor(),
            table::number("fixable", "With a fix").minor(),
            table::data("exploited"),
            table::data("distribution"),
            table::keep("last_read", "Read").sorted("newest").minor(),
        ],
    );
    for image in images {
        let address = image_address(&image.digest);
        let look = html! {
            a href=(address) title=(image.reference) { (parts::name(&image.reference)) }
            (parts::exploited(image.exploited > 0))
            span.soft {
                @if !image.distro.is_empty() { (image.distro) " · " }
                span.code { (parts::short(&image.digest)) }
                @if image.partial { " · " span.high { "partly read" } }
            }
        };
        let [critical, high, medium, low, other] = image.counts;
        let count = |count: i64, class: &str| cell(count, parts::count(count, class));
        table.row(vec![
            cell(image.reference.clone(), look),
            plain(image.digest.clone()),
            cell(image.score, parts::score(image.score)),
            count(critical, "critical"),
            count(high, "high"),
            count(medium, "medium"),
            count(low, "low"),
            count(other, "other"),
            count(image.fixable, ""),
            plain(image.exploited),
            plain(image.distro.clone()),
            cell(moment::timestamp(image.last_seen).to_string(), parts::time(image.last_seen)),
        ]);
    }
    table
}

pub(super) async fn page(State(app): State<Arc<App>>, visit: Visit) -> Result<Response, Failure> {
    let sort = if visit.ask("sort").is_empty() { "worst" } else { visit.ask("sort") };
    let order = Order::ALL.iter().find(|it| it.0 == sort).map(|it| it.1);
    let order = order.ok_or_else(|| Failure::bad("Images cannot be sorted by that."))?;
    let after = match visit.ask("after").rsplit_once('.') {
        None => None,
        Some((key, id)) => {
            let id = id
                .parse()
                .map_err(|_| Failure::bad("This address leads to no page of the list."))?;
            let key = match (order, key.parse()) {
                (Order::Name, _) => Key::Text(key.to_owned()),
                (_, Ok(number)) => Key::Number(number),
                _ => return Err(Failure::bad("This address leads to no page of the list.")),
            };
            Some((key, id))
        }
    };
    let flag = visit.ask("flag");
    if !flag.is_empty() && !FLAGS.iter().any(|it| it.0 == flag) {
        return Err(Failure::bad("Images have no such property."));
    }
    let policy = match visit.ask("policy") {
        "" => None,
        name => Some(bit(name).ok_or_else(|| Failure::bad("There is no such policy."))?),
    };
    let sight = reach::sight(&app, &visit.actor).await?;
    let wanted = lists::Images {
        only: sight.map(|it| it.images.clone()),
        order,
        text: visit.ask("q").to_owned(),
        flag: flag.to_owned(),
        policy,
        distro: visit.ask("distro").to_owned(),
        base: visit.ask("base").to_owned(),
        after,
    };
    let rows = visit.rows(PAGE);
    let limit = i64::try_from(rows).unwrap_or(0) + 1;
    let mut found =
        lists::images(&mut *app.store.read().await?, app.store.dialect(), &wanted, limit).await?;
    let more = found.len() > rows;
    found.truncate(rows);
    let next = found.last().filter(|_| more).map(|last| match order {
        Order::Worst => format!("{}.{}", last.risk, last.id),
        Order::Score | Order::Best => format!("{}.{}", last.score.unwrap_or(0), last.id),
        Order::Newest => format!("{}.{}", last.last_seen, last.id),
        Order::Name => format!("{}.{}", last.reference, last.id),
    });
    let mut table = table("images", "Images", &found).sorted(sort);
    table.next(next);
    if let Some(export) = table.export(&visit) {
        return Ok(export);
    }
    let flags: Vec<_> =
        [("", "all")].into_iter().chain(FLAGS.iter().map(|it| (it.0, it.1))).collect();
    let orders = [
        ("worst", "worst findings"),
        ("score", "lowest score"),
        ("best", "highest score"),
        ("newest", "read last"),
        ("name", "name"),
    ];
    let body = html! {
        div.head { h1 { "Images" } a.button.quiet href="/compare" { "Compare two" } }
        form.filter action="/images" hx-get="/images" hx-target="#list" hx-select="#list" hx-swap="outerHTML"
            hx-push-url="true" hx-trigger="input changed delay:250ms from:find input, change, submit" {
            label { "Name or digest" input type="search" name="q" value=(visit.ask("q")) placeholder="nginx, sha256:…"; }
            label { "Show" select name="flag" { (parts::options(visit.ask("flag"), &flags)) } }
            label { "Order" select name="sort" { (parts::options(sort, &orders)) } }
            @for kept in ["distro", "base", "policy"] {
                @if !visit.ask(kept).is_empty() { input type="hidden" name=(kept) value=(visit.ask(kept)); }
            }
            button.quiet { "Filter" }
        }
        div #list {
            @if !wanted.distro.is_empty() || !wanted.base.is_empty() || policy.is_some() {
                p.soft {
                    @for policy in compliance::ALL.iter().filter(|it| it.name == visit.ask("policy")) {
                        "Without " a href="/compliance" { (policy.title) }
                    }
                    @if !wanted.distro.is_empty() { "Of " strong { (wanted.distro) } }
                    @if !wanted.base.is_empty() { " On the base " span.code { (parts::short(&wanted.base)) } }
                    " · " a href=(visit.with(&[("distro", ""), ("base", ""), ("policy", ""), ("after", "")])) { "all" }
                }
            }
            @if table.is_empty() { (none(&visit)) } @else { (table.show(&visit)) }
        }
    };
    Ok(layout::page(&app, &visit, "Images", &body))
}

fn none(visit: &Visit) -> maud::Markup {
    let is_filtered = ["q", "flag", "policy", "distro", "base", "after"]
        .iter()
        .any(|it| !visit.ask(it).is_empty());
    if is_filtered {
        parts::empty("No image is like that", &html! { p { a href="/images" { "All images" } } })
    } else {
        parts::empty(
            "No image has been read yet",
            &html! { p { "The " a href="/" { "overview" } " says how to give the server one." } },
        )
    }
}
