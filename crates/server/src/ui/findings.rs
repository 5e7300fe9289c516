//! Findings of the whole estate, each once however many images have it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use plimsoll_model::Severity;

use super::table::{self, Table, cell, plain};
use super::visit::{Failure, Visit};
use super::{layout, parts};
use crate::address::encode;
use crate::app::App;
use crate::auth::reach;
use crate::moment;
use crate::store::components::{self, Shown};
use crate::store::findings::{Stored, severity_number};
use crate::store::lists;

/// How many findings are on a page.
const PAGE: usize = 50;

/// Columns of findings.
pub(super) const COLUMNS: &[table::Column] = &[
    table::keep("weakness", "Weakness"),
    table::keep("severity", "Severity"),
    table::main("component", "Component"),
    table::data("purl"),
    table::keep("fixed_in", "Fixed in"),
    table::data("fix_state"),
    table::number("images", "Images"),
    table::data("exploited"),
    table::keep("opened", "Opened").minor(),
    table::data("title"),
];

/// A finding as a row of [`COLUMNS`].
pub(super) fn row(table: &mut Table, finding: &Stored, shown: &Shown) {
    let component = html! {
        a href=(format!("/components/{}", shown.id)) { (shown.name) } " " span.code { (shown.version) }
        @if !finding.title.is_empty() { span.soft { (finding.title) } }
    };
    table.row(vec![
        cell(
            finding.weakness.clone(),
            html! { (weakness(&finding.weakness)) (parts::exploited(finding.kev)) },
        ),
        cell(parts::level_name(finding.severity), parts::level(finding.severity)),
        cell(format!("{} {}", shown.name, shown.version), component),
        plain(shown.purl.clone()),
        cell(finding.fixed_in.clone(), parts::fix(&finding.fix_state, &finding.fixed_in)),
        plain(finding.fix_state.clone()),
        cell(shown.images, parts::count(shown.images, "")),
        plain(finding.kev),
        cell(moment::timestamp(finding.opened_at).to_string(), parts::time(finding.opened_at)),
        plain(finding.title.clone()),
    ]);
}

/// A weakness by its name.
pub(super) fn weakness(name: &str) -> Markup {
    html! { a href=(format!("/weaknesses/{}", encode(name))) { (name) } }
}

pub(super) async fn page(State(app): State<Arc<App>>, visit: Visit) -> Result<Response, Failure> {
    let severity = match visit.ask("severity") {
        "" => None,
        word => Some(word.parse::<Severity>().map_err(Failure::bad)?),
    };
    let state = visit.ask("state");
    if !matches!(state, "" | "open" | "overdue" | "resolved") {
        return Err(Failure::bad("Findings are `open`, `overdue` or `resolved`."));
    }
    let sight = reach::sight(&app, &visit.actor).await?;
    let wanted = lists::Findings {
        only: sight.map(|it| it.components.clone()),
        after: visit.after::<2>("findings")?.map(|[severity, id]| (severity, id)),
        severity: severity.map(severity_number),
        fix_state: visit.ask("fix").to_owned(),
        exploited: visit.ask("exploited") == "yes",
        text: visit.ask("q").to_owned(),
        resolved: state == "resolved",
        overdue: state == "overdue",
    };
    let mut read = app.store.read().await?;
    let rows = visit.rows(PAGE);
    let limit = i64::try_from(rows).unwrap_or(0) + 1;
    let mut found = lists::findings(&mut read, &wanted, limit).await?;
    let more = found.len() > rows;
    found.truncate(rows);
    let ids: Vec<i64> = found.iter().map(|it| it.component).collect();
    let about = components::shown(&mut read, &ids).await?;
    drop(read);
    let mut table = Table::new("findings", "Findings, worst first", COLUMNS);
    for finding in &found {
        if let Some(shown) = about.get(&finding.component) {
            row(&mut table, finding, shown);
        }
    }
    table.next(found.last().filter(|_| more).map(|it| format!("{}.{}", it.severity, it.id)));
    if let Some(export) = table.export(&visit) {
        return Ok(export);
    }
    let fixes = [
        ("", "any"),
        ("fixed", "there is one"),
        ("not_fixed", "none yet"),
        ("will_not_fix", "will not be fixed"),
        ("deferred", "deferred"),
        ("end_of_life", "out of support"),
    ];
    let body = html! {
        div.head { div { h1 { "Findings" } p.lead { "What advisories say of components that images have; each once, worst first." } } }
        form.filter action="/findings" hx-get="/findings" hx-target="#list" hx-select="#list" hx-swap="outerHTML"
            hx-push-url="true" hx-trigger="input changed delay:250ms from:find input, change, submit" {
            label { "Weakness or component" input type="search" name="q" value=(visit.ask("q")) placeholder="CVE-2021-44228, openssl"; }
            label { "Severity" select name="severity" { (parts::severities(visit.ask("severity"))) } }
            label { "Fix" select name="fix" { (parts::options(visit.ask("fix"), &fixes)) } }
            label { "Exploited" select name="exploited" { (parts::options(visit.ask("exploited"), &[("", "any"), ("yes", "exploited")])) } }
            label { "State" select name="state" { (parts::options(visit.ask("state"), &[("", "open"), ("overdue", "open for too long"), ("resolved", "resolved")])) } }
            button.quiet { "Filter" }
        }
        div #list {
            @if table.is_empty() {
                (parts::empty("No finding is like that", &html! { p { a href="/findings" { "All open findings" } } }))
            } @else { (table.show(&visit)) }
        }
    };
    Ok(layout::page(&app, &visit, "Findings", &body))
}
