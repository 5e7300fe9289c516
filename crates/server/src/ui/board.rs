//! What to do: one change a row, and what it mends.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::table::{self, Table, cell, plain};
use super::visit::{Failure, Visit};
use super::{Ui, findings, images, layout, parts};
use crate::address::encode;
use crate::app::App;
use crate::store::estate::{Base, Change};
use crate::store::postings;

/// How many changes are on a page.
const PAGE: usize = 50;

/// How many weaknesses that one mends.
const MENDED: usize = 12;

/// The address of a change.
pub(super) fn address(change: &Change) -> String {
    format!(
        "/remediation/change?kind={}&name={}&release={}",
        encode(&change.kind),
        encode(&change.name),
        encode(&change.release)
    )
}

pub(super) async fn page(
    State(app): State<Arc<App>>,
    Extension(ui): Extension<Ui>,
    visit: Visit,
) -> Result<Response, Failure> {
    let figures = ui.figures(&app).await?;
    let from = visit.after::<1>("changes")?.map_or(0, |[from]| usize::try_from(from).unwrap_or(0));
    let rows = visit.rows(PAGE);
    let mut table = Table::new(
        "changes",
        "Changes, the one that helps most first",
        &[
            table::main("change", "Change"),
            table::data("kind"),
            table::data("name"),
            table::data("to"),
            table::number("mends", "Mends"),
            table::text("worst", "Of them").minor(),
            table::number("weaknesses", "Weaknesses").minor(),
            table::number("images", "Images"),
            table::number("risk", "Weight").minor(),
        ],
    );
    let total: i64 = figures.changes.iter().map(|it| it.risk).sum();
    for change in figures.changes.iter().skip(from).take(rows) {
        let look = html! {
            a href=(address(change)) { (change.name) " → " (change.to) }
            @if change.exploited > 0 { (parts::exploited(true)) }
            span.soft {
                (change.kind) @if !change.release.is_empty() { " of " (change.release) }
                " · now " (few(&change.versions))
            }
        };
        let worst = html! { (parts::worst(&change.counts)) (parts::bar(&change.counts)) };
        let weight = html! { (if total == 0 { 0 } else { change.risk * 100 / total }) " %" };
        table.row(vec![
            cell(format!("{} to {}", change.name, change.to), look),
            plain(change.kind.clone()),
            plain(change.name.clone()),
            plain(change.to.clone()),
            cell(change.clears, parts::number(change.clears)),
            cell(parts::worst_words(&change.counts), worst),
            plain(i64::try_from(change.weaknesses.len()).unwrap_or(0)),
            cell(change.images, parts::number(i64::try_from(change.images).unwrap_or(0))),
            cell(change.risk, weight),
        ]);
    }
    let more = figures.changes.len() > from + rows;
    table.next(more.then(|| (from + rows).to_string()));
    let bases = bases(&figures.bases);
    for table in [&table, &bases] {
        if let Some(export) = table.export(&visit) {
            return Ok(export);
        }
    }
    let body = html! {
        div.head { div {
            h1 { "Remediation" }
            p.lead { "One change a row, the one that helps most first: severity × images, three times where it is exploited." }
        } }
        h2 { "Newer versions" }
        @if table.is_empty() {
            (parts::empty("Nothing to upgrade", &html! { p { "No open finding has a version that mends it. " a href="/findings" { "Open findings" } } }))
        } @else { (table.show(&visit)) }
        h2 { "Newer bases" }
        p.soft { "What all images on a base have comes from there: building them on its newest version mends it at once." }
        @if bases.is_empty() { p.soft { "No base has a finding with a fix that all its images share." } } @else { (bases.show(&visit)) }
    };
    Ok(layout::page(&app, &visit, "Remediation", &body))
}

fn bases(all: &[Base]) -> Table {
    let mut table = Table::new(
        "bases",
        "Bases, the one whose renewal helps most first",
        &[
            table::main("base", "Base"),
            table::data("digest"),
            table::number("images", "Images"),
            table::number("fixable", "Mends in each"),
            table::text("worst", "Of them").minor(),
            table::number("unfixed", "Stay"),
        ],
    );
    for base in all.iter().filter(|it| it.fixable > 0) {
        let look = html! {
            a href=(format!("/images?base={}", encode(&base.key))) { @if base.name.is_empty() { "a base without a name" } @else { (base.name) } }
            span.soft.code { "bottom layer " (parts::short(&base.key)) }
        };
        table.row(vec![
            cell(base.name.clone(), look),
            plain(base.key.clone()),
            plain(base.images),
            plain(base.fixable),
            cell(
                parts::worst_words(&base.counts),
                html! { (parts::worst(&base.counts)) (parts::bar(&base.counts)) },
            ),
            plain(base.unfixed),
        ]);
    }
    table
}

/// The first few versions.
fn few(versions: &[String]) -> String {
    let shown: Vec<&str> = versions.iter().take(3).map(String::as_str).collect();
    let more = versions.len().saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    Extension(ui): Extension<Ui>,
    visit: Visit,
) -> Result<Response, Failure> {
    let figures = ui.figures(&app).await?;
    let key = [visit.ask("kind"), visit.ask("name"), visit.ask("release")];
    let change = figures.changes.iter().find(|it| [&it.kind, &it.name, &it.release] == key);
    let Some(change) = change else {
        return Err(Failure::missing(
            "This change mends nothing any more, or there are hundreds that mend more.",
        ));
    };
    let mut read = app.store.read().await?;
    let bitmap = postings::union(&mut read, &change.components).await?;
    let having = images::having(&mut read, &visit, &bitmap, "Images that it helps").await?;
    drop(read);
    let mut mended = Table::new(
        "weaknesses",
        "Weaknesses that it mends",
        &[table::main("weakness", "Weakness"), table::keep("severity", "Severity")],
    );
    for (weakness, severity) in &change.weaknesses {
        mended.row(vec![
            cell(weakness.clone(), findings::weakness(weakness)),
            cell(parts::level_name(*severity), parts::level(*severity)),
        ]);
    }
    let mended = mended.cut(&visit, MENDED)?;
    for table in [&having, &mended] {
        if let Some(export) = table.export(&visit) {
            return Ok(export);
        }
    }
    let title = format!("{} to {}", change.name, change.to);
    let body = html! {
        div.head { div {
            h1 { "Take " (title) }
            p.lead { (change.kind) @if !change.release.is_empty() { " of " (change.release) } " · now " (few(&change.versions)) }
        } a.button.quiet href="/remediation" { "All changes" } }
        dl.figures {
            div { dt { "Findings mended" } dd { (parts::number(change.clears)) small { (parts::worst(&change.counts)) } } }
            div { dt { "Images" } dd { (change.images) } }
            div { dt { "Weaknesses" } dd { (change.weaknesses.len()) small { @if change.exploited > 0 { (change.exploited) " exploited" } @else { "none known to be exploited" } } } }
        }
        div.two {
            section { h2 { "Weaknesses" } (mended.show(&visit)) }
            section {
                h2 { "How" }
                (how(change))
            }
        }
        h2 { "Images" }
        (having.show(&visit))
    };
    Ok(layout::page(&app, &visit, &title, &body))
}

/// The command that makes the change, where it is a package manager's.
fn how(change: &Change) -> maud::Markup {
    let (name, to) = (&change.name, &change.to);
    // Names come from images that nobody need trust, and this is for pasting into a shell.
    let is_plain = |text: &str| {
        let fits = |it: char| it.is_ascii_alphanumeric() || "._-+~:@/".contains(it);
        !text.starts_with('-') && text.chars().all(fits)
    };
    let command = match change.kind.as_str() {
        _ if !is_plain(name) || !is_plain(to) => String::new(),
        "deb" => "apt-get update && apt-get upgrade".to_owned(),
        "apk" => "apk upgrade --no-cache".to_owned(),
        "rpm" => "dnf upgrade --refresh".to_owned(),
        "npm" => format!("npm install {name}@{to}"),
        "pypi" => format!("pip install '{name}>={to}'"),
        "golang" if name == "stdlib" => format!("build with Go {to}"),
        "golang" => format!("go get {name}@v{}", to.trim_start_matches('v')),
        "cargo" => format!("cargo update -p {name} --precise {to}"),
        "gem" => format!("bundle update {name}"),
        "composer" => format!("composer require {name}:^{to}"),
        _ => String::new(),
    };
    html! {
        @if command.is_empty() { p { "Ask for version " span.code { (to) } " or newer where it is declared, and build the images again." } }
        @else {
            pre { (command) }
            p.soft { "and build the images again. A newer base of the same release mostly has it already." }
        }
    }
}
