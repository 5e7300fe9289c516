//! An image: its score and why, what is in it, from which layer, and since when.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use plimsoll_advisory::matching::Declared;
use plimsoll_model::{Inventory, Package};
use plimsoll_policy::Score;

use super::overview::image_address;
use super::table::{self, Table, cell, plain};
use super::visit::{Failure, Visit};
use super::{findings as shown_findings, layout, parts};
use crate::address::encode;
use crate::app::App;
use crate::catalogue::{self, Component};
use crate::moment;
use crate::store::findings::{self, Stored};
use crate::store::images::{self, Image};
use crate::store::lists::Happened;
use crate::store::{components, estate, lists, summaries};

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

/// An image with all that is known of it.
pub(super) struct Whole {
    pub(super) image: Image,
    inventory: Option<Inventory>,
    /// Open findings, worst first.
    pub(super) open: Vec<Stored>,
    /// Components by number.
    pub(super) about: HashMap<i64, components::Shown>,
    /// Packages of each component, by their place in the inventory.
    places: HashMap<i64, Vec<usize>>,
    score: Score,
    names: Vec<(String, String)>,
}

impl Whole {
    /// The image of a digest.
    pub(super) async fn of(app: &App, digest: &str) -> Result<Self, Failure> {
        let mut read = app.store.read().await?;
        let image = images::by_digest(&mut read, digest).await?;
        let image =
            image.ok_or_else(|| Failure::missing("No image of this digest has been read."))?;
        let sets = images::sets(&mut read, &[image.set]).await?;
        let set = sets.into_values().next().unwrap_or_default();
        let ids: Vec<i64> = set.iter().map(i64::from).collect();
        let mut open = findings::of_components(&mut read, &ids).await?;
        open.retain(|it| it.is_open);
        open.sort_by(|a, b| {
            (b.severity, b.kev, &a.weakness, a.id).cmp(&(a.severity, a.kev, &b.weakness, b.id))
        });
        let about = components::shown(&mut read, &ids).await?;
        let names = images::names(&mut read, digest).await?;
        let weights = summaries::weights(&mut read, Some(&set)).await?;
        let inventory = catalogue::inventory(app, &image.inventory).await.ok();
        let mut places: HashMap<i64, Vec<usize>> = HashMap::new();
        if let Some(inventory) = &inventory {
            let is_folder = inventory.artifact.source == "dir";
            let declared = if is_folder { Declared::Counts } else { Declared::Passed };
            let keys: Vec<(usize, String)> = inventory
                .packages
                .iter()
                .enumerate()
                .filter_map(|(at, package)| {
                    let it = Component::of(package, inventory.distro.as_ref(), declared)?;
                    Some((at, it.key()))
                })
                .collect();
            let all: Vec<&str> = keys.iter().map(|it| it.1.as_str()).collect();
            let known = components::known(&mut read, &all).await?;
            for (at, key) in &keys {
                if let Some(id) = known.get(key) {
                    places.entry(*id).or_default().push(*at);
                }
            }
        }
        let known = inventory.as_ref().map(|it| summaries::Known::of(app, it)).unwrap_or_default();
        let facts = summaries::facts(&image, &known, summaries::sum(&set, &weights));
        Ok(Self { image, inventory, open, about, places, score: Score::of(&facts), names })
    }

    fn package(&self, at: usize) -> Option<&Package> {
        self.inventory.as_ref()?.packages.get(at)
    }

    fn packages_of(&self, component: i64) -> impl Iterator<Item = &Package> {
        self.places.get(&component).into_iter().flatten().filter_map(|at| self.package(*at))
    }

    /// The layer that a component came with.
    fn layer_of(&self, component: i64) -> Option<u32> {
        self.packages_of(component).flat_map(|it| &it.locations).filter_map(|it| it.layer).min()
    }

    fn path_of(&self, component: i64) -> Option<&str> {
        self.packages_of(component).flat_map(|it| &it.locations).map(|it| it.path.as_str()).next()
    }

    fn instruction(&self, layer: u32) -> &str {
        let layer = usize::try_from(layer).ok();
        let layer = layer.and_then(|at| self.inventory.as_ref()?.layers.get(at));
        layer.map(|it| it.created_by.as_str()).unwrap_or_default()
    }

    fn counts(&self) -> [i64; 5] {
        let mut counts = [0; 5];
        for finding in &self.open {
            if let Some(sum) = counts.get_mut(estate::place(finding.severity)) {
                *sum += 1;
            }
        }
        counts
    }
}

pub(super) async fn page(
    State(app): State<Arc<App>>,
    Path(digest): Path<String>,
    visit: Visit,
) -> Result<Response, Failure> {
    let whole = Whole::of(&app, &digest).await?;
    let view = visit.ask("view");
    let table = match view {
        "" => Some(of_findings(&whole, &visit)),
        "packages" => Some(of_packages(&whole)),
        "layers" => Some(of_layers(&whole)),
        "timeline" => {
            let ids: Vec<i64> = whole.about.keys().copied().collect();
            let life = lists::happened(&mut *app.store.read().await?, &ids, LIFE).await?;
            Some(of_life(&whole, &life))
        }
        "about" => None,
        _ => return Err(Failure::missing("An image has no such view.")),
    };
    if let Some(export) = table.as_ref().and_then(|table| table.export(&visit)) {
        return Ok(export);
    }
    let image = &whole.image;
    let body = html! {
        div.head {
            div {
                h1 { (image.reference) }
                p.lead {
                    @if !image.distro.is_empty() { a href=(format!("/images?distro={}", encode(&image.distro))) { (image.distro) } " · " }
                    @if !image.platform.is_empty() { (image.platform) " · " }
                    span.code title=(image.digest) { (parts::short(&image.digest)) } " · read " (parts::time(image.last_seen))
                    @if image.partial { " · " span.high { "partly read" } }
                }
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
            Some(table) if table.is_empty() => { (nothing(&whole, view, &visit)) }
            Some(table) => { @if view.is_empty() { (layer_note(&whole, &visit)) } (table.show(&visit)) }
            None => { (about(&whole)) }
        }
    };
    Ok(layout::page(&app, &visit, &image.reference, &body))
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
                span.soft { "−" (format!("{}.{}", part.lost / 10, part.lost % 10)) " of " (part.of / 10) }
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

fn of_findings(whole: &Whole, visit: &Visit) -> Table {
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
            table::text("layer", "Where it came in"),
            table::keep("opened", "Opened"),
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

fn layer_note(whole: &Whole, visit: &Visit) -> Markup {
    let layer: Option<u32> = visit.ask("layer").parse().ok();
    html! { @if let Some(layer) = layer {
        p { "From layer " (layer) ": " span.code { (whole.instruction(layer)) } " · " a href=(visit.with(&[("layer", "")])) { "all layers" } }
    } }
}

fn of_packages(whole: &Whole) -> Table {
    let mut table = Table::new(
        "packages",
        "Packages by name",
        &[
            table::main("name", "Package"),
            table::keep("version", "Version"),
            table::keep("kind", "Kind"),
            table::data("purl"),
            table::text("licenses", "Licences"),
            table::text("layer", "Where it came in"),
            table::number("findings", "Findings"),
        ],
    );
    let mut by_component: HashMap<i64, i64> = HashMap::new();
    for finding in &whole.open {
        *by_component.entry(finding.component).or_default() += 1;
    }
    let mut all: Vec<&components::Shown> = whole.about.values().collect();
    all.sort_by(|a, b| (&a.name, &a.version, a.id).cmp(&(&b.name, &b.version, b.id)));
    for shown in all {
        let count = by_component.get(&shown.id).copied().unwrap_or(0);
        let layer = whole.layer_of(shown.id);
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

fn of_layers(whole: &Whole) -> Table {
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
            table::text("worst", "Of them"),
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
        let found = html! {
            @if sum == 0 { span.nil { "·" } } @else {
                a href=(format!("{}?layer={number}", image_address(&whole.image.digest))) { (sum) }
            }
        };
        table.row(vec![
            plain(number),
            cell(layer.created_by.clone(), instruction),
            plain(digest.clone()),
            cell(layer.size, parts::bytes(layer.size)),
            cell(
                packages.get(&number).copied().unwrap_or(0),
                parts::count(packages.get(&number).copied().unwrap_or(0), ""),
            ),
            cell(sum, found),
            cell(
                parts::worst_words(&own),
                html! { @if sum > 0 { (parts::worst(&own)) (parts::bar(&own)) } },
            ),
        ]);
    }
    table
}

fn of_life(whole: &Whole, life: &[Happened]) -> Table {
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
            table::text("detail", "Exactly"),
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

fn nothing(whole: &Whole, view: &str, visit: &Visit) -> Markup {
    match view {
        "layers" => parts::empty(
            "No layers",
            &html! { p { "A " (whole.image.source) " has none: layers belong to images." } },
        ),
        "packages" => parts::empty(
            "No packages",
            &html! { p { "Nothing that Plimsoll knows was found in it." } },
        ),
        "timeline" => parts::empty(
            "Nothing has befallen it",
            &html! { p { "No finding on it was opened, changed or resolved." } },
        ),
        _ if !visit.ask("layer").is_empty() => parts::empty(
            "This layer brings no finding",
            &html! { p { a href=(visit.with(&[("layer", "")])) { "All layers" } } },
        ),
        _ => parts::empty(
            "No open findings",
            &html! { p { "The advisories say nothing of what is in it, as of now." } },
        ),
    }
}

fn about(whole: &Whole) -> Markup {
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
                    dt { "Signature" } dd.soft { "not asked for by this server" }
                    dt { "Provenance" } dd.soft { "not asked for by this server" }
                }
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

/// A bill of materials, made from what was read.
pub(super) async fn sbom(
    State(app): State<Arc<App>>,
    Path(digest): Path<String>,
    visit: Visit,
) -> Result<Response, Failure> {
    let format = plimsoll_supply::Format::named(visit.ask("format"));
    let format = format.ok_or_else(|| {
        let all: Vec<&str> = plimsoll_supply::Format::ALL.iter().map(|it| it.name).collect();
        Failure::bad(format!("`format` is one of {}.", all.join(", ")))
    })?;
    let image = images::by_digest(&mut *app.store.read().await?, &digest).await?;
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
