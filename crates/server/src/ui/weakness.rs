//! A weakness across the estate: what it is, where it is, what to do, and its life.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use plimsoll_model::Advisory;

use super::table::{self, Table, cell, plain};
use super::visit::{Failure, Visit};
use super::{images, layout, parts, policies, prose};
use crate::app::App;
use crate::auth::{Role, reach};
use crate::moment;
use crate::store::findings::{self as stored, Stored};
use crate::store::{components, lists, postings, triage};

/// How many images are on a page.
const PAGE: usize = 50;

/// How many lines of its life are shown.
const LIFE: usize = 50;

/// How many decisions are shown.
const DECISIONS: i64 = 50;

pub(super) async fn page(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    visit: Visit,
) -> Result<Response, Failure> {
    let sight = reach::sight(&app, &visit.actor).await?;
    let mut read = app.store.read().await?;
    let mut found = lists::of_weakness(&mut read, &id).await?;
    if let Some(sight) = &sight {
        found.retain(|it| sight.has_component(it.component));
    }
    let Some(first) = found.iter().max_by_key(|it| (it.is_open, it.severity)) else {
        return Err(Failure::missing(format!("Nothing in this estate has ever had {id}.")));
    };
    let ids: Vec<i64> = found.iter().map(|it| it.component).collect();
    let about = components::shown(&mut read, &ids).await?;
    let table = of_components(found.iter().filter(|it| it.is_open), &about);
    let open: Vec<i64> = found.iter().filter(|it| it.is_open).map(|it| it.component).collect();
    let mut bitmap = postings::union(&mut read, &open).await?;
    if let Some(sight) = &sight {
        bitmap &= &sight.images;
    }
    let having = images::having(&mut read, &visit, &bitmap, "Images that have it").await?;
    let mut life = Table::new(
        "life",
        "Its life",
        &[
            table::keep("at", "When"),
            table::keep("event", "What"),
            table::main("component", "Component"),
            table::text("cause", "Why"),
            table::text("detail", "Exactly"),
        ],
    );
    let mut events = Vec::new();
    for finding in found.iter().take(20) {
        let name = about.get(&finding.component).map(|it| format!("{} {}", it.name, it.version));
        let of = stored::events(&mut read, finding.id).await?;
        events.extend(of.into_iter().map(|event| (event, name.clone().unwrap_or_default())));
    }
    let decided = triage::page(&mut read, 0, &id, DECISIONS).await?;
    drop(read);
    let decided = policies::decisions(&decided);
    events.sort_by_key(|(event, _)| std::cmp::Reverse(event.at));
    for (event, name) in events.into_iter().take(LIFE) {
        life.row(vec![
            cell(moment::timestamp(event.at).to_string(), parts::time(event.at)),
            plain(event.event),
            plain(name),
            plain(event.cause),
            plain(event.detail),
        ]);
    }
    let table = table.cut(&visit, PAGE)?;
    for table in [&table, &having, &decided, &life] {
        if let Some(export) = table.export(&visit) {
            return Ok(export);
        }
    }
    let mut packages: Vec<String> = about.values().map(|it| it.name.clone()).collect();
    packages.sort_unstable();
    packages.dedup();
    packages.truncate(50);
    let advisory = advisory(&app, first);
    let epss = app.advisories.current().database.epss(&id);
    let body = html! {
        div.head { div {
            h1 { (id) " " (parts::level(first.severity)) (parts::exploited(first.kev)) }
            p.lead { (first.title) }
        } }
        dl.figures {
            div { dt { "Images" } dd { (parts::number(i64::try_from(bitmap.len()).unwrap_or(0))) } }
            div { dt { "Components" } dd { (parts::number(i64::try_from(open.len()).unwrap_or(0))) } }
            div { dt { "Likely to be exploited" } dd {
                @if let Some(epss) = epss { (format!("{:.1} %", epss.score * 100.0)) small { "EPSS, in the next 30 days" } }
                @else { "–" small { "EPSS says nothing" } }
            } }
            div { dt { "Known here since" } dd.word { (parts::time(found.iter().map(|it| it.opened_at).min().unwrap_or_default())) } }
        }
        @if open.is_empty() {
            p { strong.good { "Resolved everywhere." } " No component that it is about is affected any more." }
        } @else {
            h2 { "Components and fixes" }
            (table.show(&visit))
            h2 { "Images" }
            @if having.is_empty() { p.soft { "No image has one of them." } } @else { (having.show(&visit)) }
        }
        @if !decided.is_empty() || visit.actor.may(Role::Triager) { h2 { "Decisions" } }
        @if !decided.is_empty() { (decided.show(&visit)) }
        // A decision is about the whole estate.
        @if sight.is_none() { (policies::decide(&visit, &id, &packages)) }
        (words(advisory.as_ref(), first))
        h2 { "Life" }
        (life.show(&visit))
    };
    Ok(layout::page(&app, &visit, &id, &body))
}

fn of_components<'f>(
    found: impl Iterator<Item = &'f Stored>,
    about: &HashMap<i64, components::Shown>,
) -> Table {
    let mut table = Table::new(
        "components",
        "Components that have it",
        &[
            table::main("component", "Component"),
            table::data("purl"),
            table::keep("kind", "Kind").minor(),
            table::keep("severity", "Severity"),
            table::text("fixed_in", "Fixed in"),
            table::data("fix_state"),
            table::number("images", "Images"),
            table::keep("opened", "Opened").minor(),
        ],
    );
    for finding in found {
        let Some(shown) = about.get(&finding.component) else { continue };
        let component = html! {
            a href=(format!("/components/{}", shown.id)) { (shown.name) } " " span.code { (shown.version) }
        };
        table.row(vec![
            cell(format!("{} {}", shown.name, shown.version), component),
            plain(shown.purl.clone()),
            plain(shown.kind.clone()),
            cell(parts::level_name(finding.severity), parts::level(finding.severity)),
            cell(finding.fixed_in.clone(), parts::fix(&finding.fix_state, &finding.fixed_in)),
            plain(finding.fix_state.clone()),
            cell(shown.images, parts::count(shown.images, "")),
            cell(moment::timestamp(finding.opened_at).to_string(), parts::time(finding.opened_at)),
        ]);
    }
    table
}

/// The record that says most.
fn advisory(app: &App, finding: &Stored) -> Option<Advisory> {
    let current = app.advisories.current();
    let ids = finding.advisories.lines().filter_map(|line| line.split(' ').next());
    let ids = ids.chain([finding.weakness.as_str()]).chain(finding.aliases.lines());
    let records = ids
        .flat_map(|id| current.database.by_id(id))
        .take(20)
        .filter_map(|index| current.database.advisory(index).ok());
    records.max_by_key(|it| it.details.len().max(it.summary.len()))
}

fn words(advisory: Option<&Advisory>, finding: &Stored) -> Markup {
    let is_link = |url: &str| url.starts_with("https://") || url.starts_with("http://");
    html! {
        div.two {
            section {
                h2 { "What it is" }
                @match advisory {
                    Some(it) if !it.details.is_empty() => { (prose::show(&it.details)) }
                    Some(it) => { p { (it.summary) } }
                    None => { p.soft { "The advisories have no text about it." } }
                }
            }
            section {
                h2 { "Who says so" }
                dl.facts {
                    dt { "Severity" } dd { (parts::level_name(finding.severity)) " by " (finding.severity_source) }
                    @if let Some(at) = finding.published { dt { "Published" } dd { (parts::time(at)) } }
                    @if !finding.aliases.is_empty() { dt { "Also" } dd { (finding.aliases.lines().collect::<Vec<_>>().join(", ")) } }
                    dt { "Advisories" } dd { @for line in finding.advisories.lines() { span.code { (line) } br; } }
                }
                @if let Some(advisory) = advisory {
                    @let links: Vec<_> = advisory.references.iter().filter(|it| is_link(&it.url)).take(12).collect();
                    @if !links.is_empty() {
                        h3 { "References" }
                        ul.plain { @for link in links { li { a href=(link.url) rel="noreferrer" { (link.url) } } } }
                    }
                }
            }
        }
    }
}
