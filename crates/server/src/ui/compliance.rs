//! What is asked of every image, how many keep to it, and which do not.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::table::{self, Table, cell};
use super::visit::{Failure, Visit};
use super::{Ui, layout, parts};
use crate::app::App;
use crate::compliance::{ALL, Checks};

/// Policies as a table.
pub(super) fn controls(checks: &Checks) -> Table {
    let mut table = Table::new(
        "controls",
        "What is asked of images",
        &[
            table::main("control", "Control"),
            table::data("policy"),
            table::number("kept", "Kept by"),
            table::number("of", "Of"),
            table::number("percent", "%"),
            table::text("share", "Share"),
            table::number("open", "Not kept by"),
            table::number("unknown", "Not known"),
        ],
    );
    for policy in ALL {
        let count = checks.of(policy);
        let (good, of) = (count.passed, count.known());
        let percent = (of > 0).then(|| good * 100 / of);
        let class = if count.failed == 0 { "good" } else { "medium" };
        let list = format!("/images?policy={}", policy.name);
        let open = html! {
            @if count.failed == 0 { span.nil { "·" } } @else { a href=(list) { (parts::number(count.failed)) } }
        };
        let share =
            html! { @if of == 0 { span.nil { "–" } } @else { (parts::ratio(good, of, class)) } };
        table.row(vec![
            cell(
                capital(policy.title),
                html! { (capital(policy.title)) span.soft { (policy.why) } },
            ),
            table::plain(policy.name),
            cell(good, parts::number(good)),
            cell(of, parts::number(of)),
            cell(
                percent,
                html! { @match percent { None => { span.nil { "–" } } Some(it) => { (it) } } },
            ),
            cell(percent, share),
            cell(count.failed, open),
            cell(count.unknown, parts::count(count.unknown, "soft")),
        ]);
    }
    table
}

/// A sentence that begins with a capital.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

pub(super) async fn page(
    State(app): State<Arc<App>>,
    Extension(ui): Extension<Ui>,
    visit: Visit,
) -> Result<Response, Failure> {
    let checks = ui.checks(&app).await?;
    let table = controls(&checks);
    if let Some(export) = table.export(&visit) {
        return Ok(export);
    }
    let figures = ui.figures(&app).await?;
    let it = &figures.images;
    let asked = ALL.iter().map(|policy| checks.of(policy)).filter(|count| count.known() > 0);
    let (kept, asked) =
        asked.fold((0, 0), |(kept, asked), count| (kept + i64::from(count.failed == 0), asked + 1));
    let body = html! {
        div.head { div {
            h1 { "Compliance" }
            p.lead { "What is asked of every image, and how many keep to it." }
        } a.button.quiet href="/policies" { "Policies" } }
        @if it.images == 0 {
            (parts::empty("No image has been read yet", &html! { p { "The " a href="/" { "overview" } " says how to give the server one." } }))
        } @else {
            dl.figures {
                div { dt { "Kept by all images" } dd { (kept) small { "of " (parts::plural(asked, "control")) " of which something is known" } } }
                div { dt { "Images" } dd { (parts::number(checks.images)) } }
                div { dt { "Exploited weaknesses" } dd { a href="/images?flag=exploited" class=[(it.exploited > 0).then_some("critical")] { (parts::number(it.exploited)) } small { "images have one" } } }
                div { dt { "Mended by a rebuild" } dd { a href="/images?flag=fixable" { (parts::number(it.fixable)) } small { "images" } } }
            }
            h2 { "Controls" }
            (table.show(&visit))
            p.small.soft { "As of " (parts::time(checks.at)) ", the same as the metrics " span.code { "plimsoll_compliance_checks" }
                " and " span.code { "plimsoll_compliance_score_ratio" } " by policy: what somebody decided about counts as mended. Over time: "
                a href="/trends/compliance" { "trends" } "." }
        }
    };
    Ok(layout::page(&app, &visit, "Compliance", &body))
}
