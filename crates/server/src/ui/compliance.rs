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
use crate::store::estate::{Figures, Properties};

/// Something that is asked of images.
pub(super) struct Control {
    /// What is asked.
    pub(super) name: &'static str,
    /// The same in a word, for charts.
    pub(super) short: &'static str,
    why: &'static str,
    /// How many keep to it.
    pub(super) good: fn(&Properties) -> i64,
    /// Of how many it is known.
    pub(super) of: fn(&Properties) -> i64,
    /// The list of those that do not.
    list: &'static str,
}

/// The registry, gravest first.
pub(super) const CONTROLS: &[Control] = &[
    Control {
        name: "No exploited weakness",
        short: "exploited",
        why: "Somebody uses it already: CISA lists it.",
        good: |it| it.images - it.exploited,
        of: |it| it.images,
        list: "/images?flag=exploited",
    },
    Control {
        name: "No critical finding",
        short: "critical",
        why: "CVSS 9 and above, or what a vendor calls so.",
        good: |it| it.images - it.critical,
        of: |it| it.images,
        list: "/images?flag=critical",
    },
    Control {
        name: "Nothing that a newer version mends",
        short: "mended",
        why: "What can be mended is, by a rebuild.",
        good: |it| it.images - it.fixable,
        of: |it| it.images,
        list: "/images?flag=fixable",
    },
    Control {
        name: "A distribution in support",
        short: "support",
        why: "Nobody mends what is out of support.",
        good: |it| it.images - it.end_of_life,
        of: |it| it.images,
        list: "/images?flag=end-of-life",
    },
    Control {
        name: "Does not run as root",
        short: "not root",
        why: "Whoever breaks out of it is root only where it was.",
        good: |it| it.root_known - it.root,
        of: |it| it.root_known,
        list: "/images?flag=root",
    },
    Control {
        name: "Built within a year",
        short: "age",
        why: "What is older was built on what is older still.",
        good: |it| it.young,
        of: |it| it.age_known,
        list: "/images?flag=old",
    },
    Control {
        name: "Signed",
        short: "signed",
        why: "A signature hangs on it in its registry; whose it is, `plimsoll verify` and admission say.",
        good: |it| it.signed,
        of: |it| it.tagged,
        list: "/images?flag=unsigned",
    },
    Control {
        name: "Read in the last week",
        short: "fresh",
        why: "What is in it is known as of then. Findings follow the advisories without a new reading.",
        good: |it| it.fresh,
        of: |it| it.images,
        list: "/images?flag=stale",
    },
    Control {
        name: "Wholly read",
        short: "whole",
        why: "What could not be read may hide packages.",
        good: |it| it.images - it.partial,
        of: |it| it.images,
        list: "/images?flag=partial",
    },
];

/// Controls as a table.
pub(super) fn controls(figures: &Figures) -> Table {
    let mut table = Table::new(
        "controls",
        "What is asked of images",
        &[
            table::main("control", "Control"),
            table::number("kept", "Kept by"),
            table::number("of", "Of"),
            table::number("percent", "%"),
            table::text("share", "Share"),
            table::number("open", "Not kept by"),
            table::number("unknown", "Not known"),
        ],
    );
    for control in CONTROLS {
        let (good, of) = ((control.good)(&figures.images), (control.of)(&figures.images));
        let percent = if of == 0 { 0 } else { good * 100 / of };
        let unknown = figures.images.images - of;
        let missing = of - good;
        let class = if missing == 0 { "good" } else { "medium" };
        let open = html! { @if missing == 0 { span.nil { "·" } } @else { a href=(control.list) { (parts::number(missing)) } } };
        table.row(vec![
            cell(control.name, html! { (control.name) span.soft { (control.why) } }),
            cell(good, parts::number(good)),
            cell(of, parts::number(of)),
            cell(percent, html! { @if of == 0 { span.nil { "–" } } @else { (percent) } }),
            cell(percent, parts::ratio(good, of, class)),
            cell(missing, open),
            cell(unknown, parts::count(unknown, "soft")),
        ]);
    }
    table
}

pub(super) async fn page(
    State(app): State<Arc<App>>,
    Extension(ui): Extension<Ui>,
    visit: Visit,
) -> Result<Response, Failure> {
    let figures = ui.figures(&app).await?;
    let table = controls(&figures);
    if let Some(export) = table.export(&visit) {
        return Ok(export);
    }
    let it = &figures.images;
    let asked = CONTROLS.iter().filter(|control| (control.of)(it) > 0);
    let (kept, asked) = asked.fold((0, 0), |(kept, asked), control| {
        (kept + i64::from((control.good)(it) == (control.of)(it)), asked + 1)
    });
    let body = html! {
        div.head { div {
            h1 { "Compliance" }
            p.lead { "What is asked of every image, and how many keep to it." }
        } a.button.quiet href="/policies" { "Policies" } }
        @if it.images == 0 {
            (parts::empty("No image has been read yet", &html! { p { "The " a href="/" { "overview" } " says how to give the server one." } }))
        } @else {
            dl.figures {
                div { dt { "Kept by all images" } dd { (kept) small { "of " (parts::plural(asked, "control")) } } }
                div { dt { "Images" } dd { (parts::number(it.images)) } }
                div { dt { "Exploited weaknesses" } dd { a href="/images?flag=exploited" class=[(it.exploited > 0).then_some("critical")] { (parts::number(it.exploited)) } small { "images have one" } } }
                div { dt { "Mended by a rebuild" } dd { a href="/images?flag=fixable" { (parts::number(it.fixable)) } small { "images" } } }
            }
            h2 { "Controls" }
            (table.show(&visit))
            p.small.soft { "The same as metrics: " span.code { "plimsoll_compliance_score_ratio" } " by policy. Over time: "
                a href="/trends/compliance" { "trends" } "." }
        }
    };
    Ok(layout::page(&app, &visit, "Compliance", &body))
}
