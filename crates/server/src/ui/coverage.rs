//! What is asked of every image, how many keep to it, and which do not.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::table::{self, Table, cell, plain};
use super::visit::{Failure, Visit};
use super::{Ui, layout, parts};
use crate::app::App;
use crate::store::estate::{Figures, Properties};

/// Something that is asked of images.
pub(super) struct Control {
    /// What is asked.
    pub(super) name: &'static str,
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
        why: "Somebody uses it already: CISA lists it.",
        good: |it| it.images - it.exploited,
        of: |it| it.images,
        list: "/images?flag=exploited",
    },
    Control {
        name: "No critical finding",
        why: "CVSS 9 and above, or what a vendor calls so.",
        good: |it| it.images - it.critical,
        of: |it| it.images,
        list: "/images?flag=critical",
    },
    Control {
        name: "Nothing that a newer version mends",
        why: "What can be mended is, by a rebuild.",
        good: |it| it.images - it.fixable,
        of: |it| it.images,
        list: "/images?flag=fixable",
    },
    Control {
        name: "A distribution in support",
        why: "Nobody mends what is out of support.",
        good: |it| it.images - it.end_of_life,
        of: |it| it.images,
        list: "/images?flag=end-of-life",
    },
    Control {
        name: "Does not run as root",
        why: "Whoever breaks out of it is root only where it was.",
        good: |it| it.root_known - it.root,
        of: |it| it.root_known,
        list: "/images?flag=root",
    },
    Control {
        name: "Read in the last week",
        why: "What is in it is known as of then. Findings follow the advisories without a new reading.",
        good: |it| it.fresh,
        of: |it| it.images,
        list: "/images?sort=newest",
    },
    Control {
        name: "Wholly read",
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
        ],
    );
    for control in CONTROLS {
        let (good, of) = ((control.good)(&figures.images), (control.of)(&figures.images));
        let percent = if of == 0 { 0 } else { good * 100 / of };
        let missing = of - good;
        let class = if missing == 0 { "good" } else { "medium" };
        let open = html! { @if missing == 0 { span.nil { "·" } } @else { a href=(control.list) { (parts::number(missing)) } } };
        table.row(vec![
            cell(control.name, html! { (control.name) span.soft { (control.why) } }),
            cell(good, parts::number(good)),
            cell(of, parts::number(of)),
            plain(percent),
            cell(percent, parts::ratio(good, of, class)),
            cell(missing, open),
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
    let kept = CONTROLS.iter().filter(|control| (control.good)(it) == (control.of)(it)).count();
    let body = html! {
        div.head { div { h1 { "Coverage" } p.lead { "What is asked of every image, and how much of the estate is known at all." } } }
        @if it.images == 0 {
            (parts::empty("No image has been read yet", &html! { p { "The " a href="/" { "overview" } " says how to give the server one." } }))
        } @else {
            dl.figures {
                div { dt { "Controls kept by all images" } dd { (kept) small { "of " (CONTROLS.len()) } } }
                div { dt { "Images" } dd { (parts::number(it.images)) } }
                div { dt { "Read in the last week" } dd { (parts::number(it.fresh)) } }
                div { dt { "Known by an SBOM alone" } dd { (parts::number(it.sboms)) } }
            }
            h2 { "Controls" }
            (table.show(&visit))
        }
    };
    Ok(layout::page(&app, &visit, "Coverage", &body))
}
