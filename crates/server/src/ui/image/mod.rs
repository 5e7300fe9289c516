//! An image: its score and why, what is in it, from which layer, and since when.

mod about;
mod tables;
mod whole;

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use plimsoll_policy::Score;

use super::overview::image_address;
use super::visit::{Failure, Visit};
use super::{Ui, layout, parts};
use crate::address::encode;
use crate::app::App;
use crate::store::lists;

pub(super) use about::sbom;
pub(super) use whole::Whole;

/// How many rows of what is in it are on a page.
const PAGE: usize = 200;

/// How many lines of its timeline are shown.
const LIFE: i64 = 200;

/// The views of an image: the word in the address, and the tab.
const VIEWS: &[(&str, &str)] = &[
    ("", "Findings"),
    ("packages", "Packages"),
    ("layers", "Layers"),
    ("timeline", "Timeline"),
    ("about", "About"),
];

pub(super) async fn page(
    State(app): State<Arc<App>>,
    Extension(ui): Extension<Ui>,
    Path(digest): Path<String>,
    visit: Visit,
) -> Result<Response, Failure> {
    let whole = Whole::of(&app, &visit.actor, &digest).await?;
    let view = visit.ask("view");
    let table = match view {
        "" => Some(tables::of_findings(&whole, &visit)),
        "packages" => Some(tables::of_packages(&whole, &visit)),
        "layers" => Some(tables::of_layers(&whole)),
        "timeline" => {
            let ids: Vec<i64> = whole.about.keys().copied().collect();
            let life = lists::happened(&mut *app.store.read().await?, &ids, LIFE).await?;
            Some(tables::of_life(&whole, &life))
        }
        "about" => None,
        _ => return Err(Failure::missing("An image has no such view.")),
    };
    let table = table.map(|table| table.cut(&visit, PAGE)).transpose()?;
    if let Some(export) = table.as_ref().and_then(|table| table.export(&visit)) {
        return Ok(export);
    }
    let figures = ui.figures_if_any(&app).await;
    let mut bases = figures.iter().flat_map(|figures| &figures.bases);
    let base = bases.find(|it| it.key == whole.around.base);
    // What others have on it is theirs.
    let base = base.filter(|_| visit.actor.repositories.is_none());
    let image = &whole.image;
    let body = html! {
        div.head {
            div {
                h1 title=(image.reference) { (parts::name(&image.reference)) }
                p.lead {
                    @if !image.distro.is_empty() { a href=(format!("/images?distro={}", encode(&image.distro))) { (image.distro) } " · " }
                    @if !image.platform.is_empty() { (image.platform) " · " }
                    span.code title=(image.digest) { (parts::short(&image.digest)) } " · read " (parts::time(image.last_seen))
                    @if image.partial { " · " span.high { "partly read" } }
                }
                p.lead { (about::standing(&whole)) }
            }
            div {
                a.button.quiet href=(format!("/compare?a={}", encode(&image.digest))) { "Compare" } " "
                a.button.quiet href=(format!("{}/sbom?format=cyclonedx-json", image_address(&image.digest))) { "SBOM" }
            }
        }
        div.two {
            section aria-label="Score" {
                p class={ "big " (parts::grade(i64::from(whole.score.value))) } { (whole.score.value) span.soft.small { " of 100" } }
                (score(&whole.score))
            }
            section aria-label="Findings" {
                p.big { (whole.open.len()) span.soft.small { " open findings" } }
                p { (parts::bar(&whole.counts())) }
                (counts(&whole))
            }
        }
        ul.tabs {
            @for (word, name) in VIEWS {
                li { a href=(tab(&image.digest, word)) aria-current=[(*word == view).then_some("page")] { (name) } }
            }
        }
        @match &table {
            Some(table) if table.is_empty() => { (tables::nothing(&whole, view, &visit)) }
            Some(table) => { @if matches!(view, "" | "packages") { (tables::layer_note(&whole, &visit)) } (table.show(&visit)) }
            None => { (about::show(&whole, base)) }
        }
    };
    Ok(layout::page(&app, &visit, parts::name(&image.reference), &body))
}

fn tab(digest: &str, view: &str) -> String {
    let address = image_address(digest);
    if view.is_empty() { address } else { format!("{address}?view={view}") }
}

fn score(score: &Score) -> Markup {
    html! {
        ul.parts { @for part in &score.parts {
            li {
                span { (part.name) }
                (parts::ratio(i64::try_from(part.lost).unwrap_or(0), i64::try_from(part.of).unwrap_or(1), if part.lost == 0 { "good" } else { "high" }))
                span.soft {
                    @if part.lost > 0 { "−" (part.lost / 10) "." (part.lost % 10) } @else { "0" }
                    " of " (part.of / 10)
                }
                span.soft { @if part.reasons.is_empty() { "nothing to mend" } @else { (part.reasons.join("; ")) } }
            }
        } }
    }
}

fn counts(whole: &Whole) -> Markup {
    let fixable = whole.open.iter().filter(|it| it.fix_state == "fixed").count();
    let exploited = whole.open.iter().filter(|it| it.kev).count();
    html! {
        dl.facts {
            @for (count, (name, class)) in whole.counts().iter().zip(parts::LEVELS) {
                @if *count > 0 { dt { span class=(format!("level {class}")) { (name) } } dd { (parts::number(*count)) } }
            }
            dt { "With a fix" } dd { (fixable) }
            @if exploited > 0 { dt { "Exploited" } dd.critical { (exploited) } }
            dt { "Components" } dd { (whole.about.len()) }
        }
    }
}
