//! Findings of the whole estate, each once however many images have it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use plimsoll_model::Severity;

use super::table::{self, Cell, Table, cell, plain};
use super::visit::{Failure, Visit};
use super::{layout, parts};
use crate::address::encode;
use crate::app::App;
use crate::auth::reach;
use crate::moment;
use crate::store::components::{self, Shown};
use crate::store::findings::{Stored, severity_number};
use crate::store::{lists, triage};

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

/// Whose a finding is, and words to find it by: as the decision that holds for it says.
const OWNED: [table::Column; 2] =
    [table::text("owner", "Owner").minor(), table::text("labels", "Labels").minor()];

/// The same where nobody decided about any.
const UNOWNED: [table::Column; 2] = [table::data("owner"), table::data("labels")];

/// A finding as a row of [`COLUMNS`].
pub(super) fn row(table: &mut Table, finding: &Stored, shown: &Shown) {
    table.row(cells(finding, shown));
}

fn cells(finding: &Stored, shown: &Shown) -> Vec<Cell> {
    let component = html! {
        a href=(format!("/components/{}", shown.id)) { (shown.name) } " " span.code { (shown.version) }
        @if !finding.title.is_empty() { span.soft { (finding.title) } }
    };
    vec![
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
    ]
}

/// A weakness by its name.
pub(super) fn weakness(name: &str) -> Markup {
    html! { a href=(format!("/weaknesses/{}", encode(name))) { (name) } }
}

/// A word that leads to all findings that have it.
fn filter(name: &str, word: &str) -> Markup {
    html! { @if !word.is_empty() { a href=(format!("/findings?{name}={}", encode(word))) { (word) } } }
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
        owner: visit.ask("owner").to_owned(),
        label: visit.ask("label").to_owned(),
        ..lists::Findings::default()
    };
    let mut read = app.store.read().await?;
    let rows = visit.rows(PAGE);
    let limit = i64::try_from(rows).unwrap_or(0) + 1;
    let mut found = lists::findings(&mut read, &wanted, limit).await?;
    let more = found.len() > rows;
    found.truncate(rows);
    let ids: Vec<i64> = found.iter().map(|it| it.component).collect();
    let about = components::shown(&mut read, &ids).await?;
    let of = |it: &'_ Stored| about.get(&it.component).map(|shown| (it.clone(), shown.clone()));
    let rows: Vec<(Stored, Shown)> = found.iter().filter_map(of).collect();
    let keys: Vec<(&str, &str, &str)> = rows
        .iter()
        .map(|(it, shown)| (it.weakness.as_str(), shown.name.as_str(), shown.purl.as_str()))
        .collect();
    let decided = triage::holding(&mut read, &keys).await?;
    drop(read);
    let is_owned = decided.iter().flatten().any(|it| !it.owner.is_empty() || !it.labels.is_empty());
    let columns = [COLUMNS, if is_owned { &OWNED } else { &UNOWNED }].concat();
    let mut table = Table::new("findings", "Findings, worst first", &columns);
    for ((finding, shown), decision) in rows.iter().zip(decided) {
        let mut cells = cells(finding, shown);
        let (owner, labels) = decision.map(|it| (it.owner, it.labels)).unwrap_or_default();
        cells.push(cell(owner.clone(), filter("owner", &owner)));
        let look = html! { @for label in labels.lines() { (filter("label", label)) " " } };
        cells.push(cell(labels.lines().collect::<Vec<_>>().join(", "), look));
        table.row(cells);
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
            label { "Owner" input type="search" name="owner" value=(visit.ask("owner")) placeholder="team-a"; }
            label { "Label" input type="search" name="label" value=(visit.ask("label")) placeholder="rewrite"; }
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
