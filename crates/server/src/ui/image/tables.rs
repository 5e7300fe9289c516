//! What is in an image, as tables: findings, packages, layers, and what befell them.

use std::collections::{BTreeMap, HashMap};

use maud::{Markup, html};

use super::super::overview::image_address;
use super::super::table::{self, Table, cell, plain};
use super::super::visit::Visit;
use super::super::{findings as shown_findings, parts};
use super::Whole;
use crate::moment;
use crate::store::lists::Happened;
use crate::store::{components, estate};

pub(super) fn of_findings(whole: &Whole, visit: &Visit) -> Table {
    let mut table = Table::new(
        "findings",
        "Open findings, worst first",
        &[
            table::keep("weakness", "Weakness"),
            table::keep("severity", "Severity"),
            table::main("component", "Package"),
            table::data("purl"),
            table::keep("fixed_in", "Fixed in"),
            table::data("fix_state"),
            table::text("layer", "Where it came in").minor(),
            table::keep("opened", "Opened").minor(),
            table::data("title"),
        ],
    );
    let layer: Option<u32> = visit.ask("layer").parse().ok();
    for finding in &whole.open {
        let Some(shown) = whole.about.get(&finding.component) else { continue };
        let at = whole.layer_of(finding.component);
        if layer.is_some() && at != layer {
            continue;
        }
        let component = html! {
            a href=(format!("/components/{}", shown.id)) { (shown.name) } " " span.code { (shown.version) }
            @if !finding.title.is_empty() { span.soft { (finding.title) } }
        };
        table.row(vec![
            cell(finding.weakness.clone(), html! { (shown_findings::weakness(&finding.weakness)) (parts::exploited(finding.kev)) }),
            cell(parts::level_name(finding.severity), parts::level(finding.severity)),
            cell(format!("{} {}", shown.name, shown.version), component),
            plain(shown.purl.clone()),
            cell(finding.fixed_in.clone(), parts::fix(&finding.fix_state, &finding.fixed_in)),
            plain(finding.fix_state.clone()),
            cell(at, place(whole, finding.component, at)),
            cell(moment::timestamp(finding.opened_at).to_string(), parts::time(finding.opened_at)),
            plain(finding.title.clone()),
        ]);
    }
    table
}

/// Where a component came in: the layer, its instruction, the path.
fn place(whole: &Whole, component: i64, layer: Option<u32>) -> Markup {
    html! {
        @if let Some(layer) = layer {
            a href=(format!("{}?layer={layer}", image_address(&whole.image.digest))) { "layer " (layer) }
        }
        @if let Some(path) = whole.path_of(component) { span.soft.code { (path) } }
    }
}

pub(super) fn layer_note(whole: &Whole, visit: &Visit) -> Markup {
    let layer: Option<u32> = visit.ask("layer").parse().ok();
    html! { @if let Some(layer) = layer {
        p { "From layer " (layer) ": " span.code { (whole.instruction(layer)) } " · " a href=(visit.with(&[("layer", "")])) { "all layers" } }
    } }
}

pub(super) fn of_packages(whole: &Whole, visit: &Visit) -> Table {
    let mut table = Table::new(
        "packages",
        "Packages by name",
        &[
            table::main("name", "Package"),
            table::keep("version", "Version"),
            table::keep("kind", "Kind"),
            table::data("purl"),
            table::text("licenses", "Licences").minor(),
            table::text("layer", "Where it came in"),
            table::number("findings", "Findings"),
        ],
    );
    let wanted: Option<u32> = visit.ask("layer").parse().ok();
    let mut by_component: HashMap<i64, i64> = HashMap::new();
    for finding in &whole.open {
        *by_component.entry(finding.component).or_default() += 1;
    }
    let mut all: Vec<&components::Shown> = whole.about.values().collect();
    all.sort_by(|a, b| (&a.name, &a.version, a.id).cmp(&(&b.name, &b.version, b.id)));
    for shown in all {
        let count = by_component.get(&shown.id).copied().unwrap_or(0);
        let layer = whole.layer_of(shown.id);
        if wanted.is_some() && layer != wanted {
            continue;
        }
        let licenses: Vec<String> =
            whole.packages_of(shown.id).flat_map(|it| it.licenses.clone()).take(3).collect();
        table.row(vec![
            cell(
                shown.name.clone(),
                html! { a href=(format!("/components/{}", shown.id)) { (shown.name) } },
            ),
            cell(shown.version.clone(), html! { span.code { (shown.version) } }),
            plain(shown.kind.clone()),
            plain(shown.purl.clone()),
            plain(licenses.join(", ")),
            cell(layer, place(whole, shown.id, layer)),
            cell(count, parts::count(count, "")),
        ]);
    }
    table
}

pub(super) fn of_layers(whole: &Whole) -> Table {
    let mut table = Table::new(
        "layers",
        "Layers, bottom first",
        &[
            table::number("layer", "Layer"),
            table::main("instruction", "Instruction"),
            table::data("digest"),
            table::number("bytes", "Size"),
            table::number("packages", "Packages"),
            table::number("findings", "Findings"),
            table::text("worst", "Of them").minor(),
        ],
    );
    let mut packages: BTreeMap<u32, i64> = BTreeMap::new();
    for id in whole.about.keys() {
        if let Some(layer) = whole.layer_of(*id) {
            *packages.entry(layer).or_default() += 1;
        }
    }
    let mut counts: BTreeMap<u32, [i64; 5]> = BTreeMap::new();
    for finding in &whole.open {
        if let Some(layer) = whole.layer_of(finding.component) {
            let counts = counts.entry(layer).or_default();
            if let Some(sum) = counts.get_mut(estate::place(finding.severity)) {
                *sum += 1;
            }
        }
    }
    let layers = whole.inventory.iter().flat_map(|it| &it.layers);
    for (layer, number) in layers.zip(0_u32..) {
        let own = counts.get(&number).copied().unwrap_or_default();
        let sum: i64 = own.iter().sum();
        let digest = layer.digest.as_ref().map(ToString::to_string).unwrap_or_default();
        let instruction = html! {
            span.code { @if layer.created_by.is_empty() { "not told" } @else { (layer.created_by) } }
            span.soft.code { (parts::short(&digest)) }
        };
        let brought = packages.get(&number).copied().unwrap_or(0);
        let address = image_address(&whole.image.digest);
        let has = html! {
            @if brought == 0 { span.nil { "·" } } @else {
                a href=(format!("{address}?view=packages&layer={number}")) { (parts::number(brought)) }
            }
        };
        let found = html! {
            @if sum == 0 { span.nil { "·" } } @else {
                a href=(format!("{address}?layer={number}")) { (parts::number(sum)) }
            }
        };
        table.row(vec![
            plain(number),
            cell(layer.created_by.clone(), instruction),
            plain(digest.clone()),
            cell(layer.size, parts::bytes(layer.size)),
            cell(brought, has),
            cell(sum, found),
            cell(
                parts::worst_words(&own),
                html! { @if sum > 0 { (parts::worst(&own)) (parts::bar(&own)) } },
            ),
        ]);
    }
    table
}

pub(super) fn of_life(whole: &Whole, life: &[Happened]) -> Table {
    let mut table = Table::new(
        "timeline",
        "What befell its findings, newest first",
        &[
            table::keep("at", "When"),
            table::keep("event", "What"),
            table::keep("weakness", "Weakness"),
            table::keep("severity", "Severity"),
            table::main("component", "Package"),
            table::text("cause", "Why"),
            table::text("detail", "Exactly").minor(),
        ],
    );
    for it in life {
        let name = whole.about.get(&it.component).map(|it| format!("{} {}", it.name, it.version));
        table.row(vec![
            cell(moment::timestamp(it.at).to_string(), parts::time(it.at)),
            plain(it.event.clone()),
            cell(it.weakness.clone(), shown_findings::weakness(&it.weakness)),
            cell(parts::level_name(it.severity), parts::level(it.severity)),
            plain(name.unwrap_or_default()),
            plain(it.cause.clone()),
            plain(it.detail.clone()),
        ]);
    }
    table
}

pub(super) fn nothing(whole: &Whole, view: &str, visit: &Visit) -> Markup {
    match view {
        "layers" => parts::empty(
            "No layers",
            &html! { p { "A " (whole.image.source) " has none: layers belong to images." } },
        ),
        "packages" if visit.ask("layer").is_empty() => parts::empty(
            "No packages",
            &html! { p { "Nothing that Plimsoll knows was found in it." } },
        ),
        "timeline" => parts::empty(
            "Nothing has befallen it",
            &html! { p { "No finding on it was opened, changed or resolved." } },
        ),
        _ if !visit.ask("layer").is_empty() => parts::empty(
            "This layer brings none",
            &html! { p { a href=(visit.with(&[("layer", "")])) { "All layers" } } },
        ),
        _ => parts::empty(
            "No open findings",
            &html! { p { "The advisories say nothing of what is in it, as of now." } },
        ),
    }
}
