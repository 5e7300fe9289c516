//! What an image is, what it stands on, what vouches for it, and its bill of materials.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::super::overview::image_address;
use super::super::parts;
use super::super::visit::{Failure, Visit};
use super::Whole;
use crate::address::encode;
use crate::app::App;
use crate::auth::reach;
use crate::catalogue;
use crate::store::estate::Base;
use crate::store::images;
use crate::store::registries::{ATTESTATION, BILL, SIGNATURE};

/// The view of it.
pub(super) fn show(whole: &Whole, base: Option<&Base>) -> Markup {
    let image = &whole.image;
    let artifact = whole.inventory.as_ref().map(|it| &it.artifact);
    let problems = whole.inventory.iter().flat_map(|it| &it.problems).take(200);
    html! {
        div.two {
            section {
                h2 { "Identity" }
                dl.facts {
                    dt { "Digest" } dd.code { (image.digest) }
                    dt { "Names" } dd { @if whole.names.is_empty() { "none" } @for (repository, tag) in &whole.names { (repository) @if !tag.is_empty() { ":" (tag) } br; } }
                    dt { "Source" } dd { (image.source) }
                    dt { "Size" } dd { (parts::bytes(u64::try_from(image.size).unwrap_or(0))) }
                    dt { "Built" } dd { @if let Some(at) = image.created { (parts::time(at)) } @else { "not told" } }
                    dt { "First read" } dd { (parts::time(image.first_seen)) ", " (parts::plural(image.scans, "time")) " in all" }
                    @if let Some(it) = artifact {
                        dt { "Runs as" } dd { @if it.user.is_empty() { "root (no USER)" } @else { (it.user) } }
                        dt { "Command" } dd.code { (it.command.join(" ")) }
                    }
                }
            }
            section {
                h2 { "What vouches for it" }
                (vouching(whole))
                h2 { "Base" }
                (base_of(whole, base))
            }
        }
        div.two {
            section {
                h2 { "Where it runs" }
                @if whole.around.runs.is_empty() {
                    p.soft { "No place that tells this server what runs there runs it." }
                } @else { ul.plain { @for place in &whole.around.runs { li { (place) } } } }
            }
            section {
                h2 { "Bill of materials" }
                p {
                    @for (format, name) in [("cyclonedx-json", "CycloneDX"), ("spdx-json", "SPDX")] {
                        a.button.quiet href=(format!("{}/sbom?format={format}", image_address(&image.digest))) { (name) } " "
                    }
                }
                @if let Some(it) = artifact {
                    @if !it.labels.is_empty() {
                        h3 { "Labels" }
                        dl.facts { @for (name, value) in it.labels.iter().take(50) { dt.code { (name) } dd { (value) } } }
                    }
                }
            }
        }
        h2 { "What could not be read" }
        ul.small { @for problem in problems { li {
            @if !problem.path.is_empty() { span.code { (problem.path) } ": " } (problem.message)
        } } }
        @if whole.inventory.as_ref().is_none_or(|it| it.problems.is_empty()) { p.soft { "Everything was." } }
    }
}

/// What hangs on it in its registry, in a word each.
fn vouching(whole: &Whole) -> Markup {
    html! {
        @match whole.around.evidence {
            None => {
                dl.facts {
                    @for name in ["Signature", "Provenance", "SBOM"] { dt { (name) } dd.soft { "not looked for" } }
                }
                p.small.soft {
                    "No registry that is " a href="/coverage" { "watched" } " has a tag that leads to it, so nobody looked."
                }
            }
            Some(bits) => {
                dl.facts {
                    @for (name, bit) in [("Signature", SIGNATURE), ("Provenance", ATTESTATION), ("SBOM", BILL)] {
                        dt { (name) }
                        @if bits & bit != 0 { dd.good { "hangs on it" } } @else { dd.high { "none" } }
                    }
                }
                @if bits != 0 {
                    p.small.soft { "That it is there is not that it is good: " code { "plimsoll verify" } " says whose it is." }
                }
            }
        }
    }
}

/// What it was built on, and what comes from there.
fn base_of(whole: &Whole, base: Option<&Base>) -> Markup {
    let around = &whole.around;
    html! {
        @if around.base.is_empty() { p.soft { "It has no layers, so nothing says what it was built on." } } @else {
            dl.facts {
                dt { "Called" } dd { @if around.base_name.is_empty() { span.soft { "it does not say" } } @else { (around.base_name) } }
                dt { "Bottom layer" } dd.code title=(around.base) { (parts::short(&around.base)) }
                dt { "Images on it" } dd {
                    a href=(format!("/images?base={}", encode(&around.base))) { (parts::number(around.on_base)) }
                }
                @if let Some(base) = base.filter(|base| base.fixable + base.unfixed > 0) {
                    dt { "From there" } dd {
                        (parts::plural(base.fixable, "finding")) " that a newer one mends, "
                        (parts::number(base.unfixed)) " that it does not"
                    }
                }
            }
        }
    }
}

/// In a line: what it stands on and what vouches for it.
pub(super) fn standing(whole: &Whole) -> Markup {
    let around = &whole.around;
    let has = |bit: i64| around.evidence.map(|bits| bits & bit != 0);
    let about = format!("{}?view=about", image_address(&whole.image.digest));
    html! {
        @if !around.base.is_empty() {
            "On " a href=(format!("/images?base={}", encode(&around.base))) {
                @if around.base_name.is_empty() { "the base " (parts::short(&around.base)) } @else { (around.base_name) }
            } " · "
        }
        @match has(SIGNATURE) {
            Some(true) => { span.good { "signed" } }
            Some(false) => { span.high { "not signed" } }
            None => { a href=(about) { "signature not looked for" } }
        }
        @match has(ATTESTATION) {
            Some(true) => { " · " span.good { "with provenance" } }
            Some(false) => { " · " span.high { "without provenance" } }
            None => {}
        }
        @if !around.runs.is_empty() {
            " · " a href=(about) { "runs in " (parts::plural(i64::try_from(around.runs.len()).unwrap_or(0), "place")) }
        }
    }
}

/// A bill of materials, made from what was read.
pub(in crate::ui) async fn sbom(
    State(app): State<Arc<App>>,
    Path(digest): Path<String>,
    visit: Visit,
) -> Result<Response, Failure> {
    let format = plimsoll_supply::Format::named(visit.ask("format"));
    let format = format.ok_or_else(|| {
        let all: Vec<&str> = plimsoll_supply::Format::ALL.iter().map(|it| it.name).collect();
        Failure::bad(format!("`format` is one of {}.", all.join(", ")))
    })?;
    let sight = reach::sight(&app, &visit.actor).await?;
    let image = images::by_digest(&mut *app.store.read().await?, &digest).await?;
    let image = image.filter(|it| sight.as_ref().is_none_or(|sight| sight.has_image(it.id)));
    let image = image.ok_or_else(|| Failure::missing("No image of this digest has been read."))?;
    let inventory = catalogue::inventory(&app, &image.inventory).await?;
    let mut text = Vec::new();
    (format.write)(&inventory, &mut text)
        .map_err(|error| Failure::bad(format!("It cannot be written: {error}.")))?;
    let name = format!(
        "attachment; filename=\"{}.{}\"",
        parts::short(&digest),
        format.name.replace('-', ".")
    );
    let kind = if format.name.ends_with("json") {
        "application/json"
    } else {
        "text/plain; charset=utf-8"
    };
    Ok(([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)], text)
        .into_response())
}
