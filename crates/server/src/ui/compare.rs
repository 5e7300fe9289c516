//! Two images beside each other: what one has that the other has not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::image::Whole;
use super::overview::image_address;
use super::table::{self, Table, cell, plain};
use super::visit::{Failure, Visit};
use super::{findings, layout, parts};
use crate::app::App;
use crate::auth::reach;
use crate::store::lists;

/// How many rows of each table are on the page.
const PAGE: usize = 50;

pub(super) async fn page(State(app): State<Arc<App>>, visit: Visit) -> Result<Response, Failure> {
    let (a, b) = (visit.ask("a"), visit.ask("b"));
    if a.is_empty() || b.is_empty() {
        return choose(&app, &visit).await;
    }
    let (a, b) = (find(&app, &visit, a).await?, find(&app, &visit, b).await?);
    let of = |whole: &Whole| -> BTreeMap<(String, String), BTreeSet<String>> {
        let mut all: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for it in whole.about.values() {
            all.entry((it.kind.clone(), it.name.clone())).or_default().insert(it.version.clone());
        }
        all
    };
    let (of_a, of_b) = (of(&a), of(&b));
    let mut packages = Table::new(
        "packages",
        "Packages that differ",
        &[
            table::main("name", "Package"),
            table::keep("kind", "Kind"),
            table::text("a", "A"),
            table::text("b", "B"),
            table::keep("change", "Change"),
        ],
    );
    let join = |it: Option<&BTreeSet<String>>| -> String {
        it.map(|it| it.iter().cloned().collect::<Vec<_>>().join(", ")).unwrap_or_default()
    };
    let names: BTreeSet<_> = of_a.keys().chain(of_b.keys()).collect();
    let mut same = 0_i64;
    for name in names {
        let (left, right) = (of_a.get(name), of_b.get(name));
        if left == right {
            same += 1;
            continue;
        }
        let change = match (left, right) {
            (None, _) => "only in B",
            (_, None) => "only in A",
            _ => "other version",
        };
        packages.row(vec![
            plain(name.1.clone()),
            plain(name.0.clone()),
            plain(join(left)),
            plain(join(right)),
            plain(change),
        ]);
    }
    let ids =
        |whole: &Whole| whole.open.iter().map(|it| it.weakness.clone()).collect::<BTreeSet<_>>();
    let (in_a, in_b) = (ids(&a), ids(&b));
    let only_a = only("only_a", "Findings in A alone", &a, &in_b).cut(&visit, PAGE)?;
    let only_b = only("only_b", "Findings in B alone", &b, &in_a).cut(&visit, PAGE)?;
    let packages = packages.cut(&visit, PAGE)?;
    for table in [&packages, &only_a, &only_b] {
        if let Some(export) = table.export(&visit) {
            return Ok(export);
        }
    }
    let both = in_a.intersection(&in_b).count();
    let side = |letter: &str, whole: &Whole| -> Markup {
        html! { div {
            dt { (letter) }
            dd.word { a href=(image_address(&whole.image.digest)) { (parts::name(&whole.image.reference)) }
                small { (whole.open.len()) " findings · " (whole.about.len()) " components" } }
        } }
    };
    let body = html! {
        div.head { h1 { "Compare" } a.button.quiet href=(visit.with(&[("a", &b.image.digest), ("b", &a.image.digest)])) { "Swap" } }
        dl.figures {
            (side("A", &a)) (side("B", &b))
            div { dt { "Weaknesses in both" } dd { (both) } }
            div { dt { "Packages that are the same" } dd { (parts::number(same)) } }
        }
        div.two {
            section { h2 { "In A alone" } @if only_a.is_empty() { p.soft { "B has every weakness of A." } } @else { (only_a.show(&visit)) } }
            section { h2 { "In B alone" } @if only_b.is_empty() { p.soft { "A has every weakness of B." } } @else { (only_b.show(&visit)) } }
        }
        h2 { "Packages that differ" }
        @if packages.is_empty() { p.soft { "Both have the same." } } @else { (packages.show(&visit)) }
    };
    Ok(layout::page(&app, &visit, "Compare", &body))
}

fn only(name: &'static str, caption: &str, whole: &Whole, other: &BTreeSet<String>) -> Table {
    let mut table = Table::new(
        name,
        caption,
        &[
            table::keep("weakness", "Weakness"),
            table::keep("severity", "Severity"),
            table::main("component", "Package"),
        ],
    );
    for finding in whole.open.iter().filter(|it| !other.contains(&it.weakness)) {
        let about = whole.about.get(&finding.component);
        table.row(vec![
            cell(finding.weakness.clone(), findings::weakness(&finding.weakness)),
            cell(parts::level_name(finding.severity), parts::level(finding.severity)),
            plain(about.map(|it| format!("{} {}", it.name, it.version)).unwrap_or_default()),
        ]);
    }
    table
}

/// By digest, or by a text that its name contains.
async fn find(app: &App, visit: &Visit, text: &str) -> Result<Whole, Failure> {
    if text.starts_with("sha256:") && text.len() == 71 {
        return Whole::of(app, &visit.actor, text).await;
    }
    let sight = reach::sight(app, &visit.actor).await?;
    let wanted = lists::Images {
        text: text.to_owned(),
        order: lists::Order::Newest,
        only: sight.map(|it| it.images.clone()),
        ..Default::default()
    };
    let found =
        lists::images(&mut *app.store.read().await?, app.store.dialect(), &wanted, 1).await?;
    let found =
        found.first().ok_or_else(|| Failure::missing(format!("No image is called {text}.")))?;
    Whole::of(app, &visit.actor, &found.digest).await
}

async fn choose(app: &Arc<App>, visit: &Visit) -> Result<Response, Failure> {
    let sight = reach::sight(app, &visit.actor).await?;
    let wanted = lists::Images {
        order: lists::Order::Newest,
        only: sight.map(|it| it.images.clone()),
        ..Default::default()
    };
    let known =
        lists::images(&mut *app.store.read().await?, app.store.dialect(), &wanted, 50).await?;
    let field = |name: &str, title: &str| {
        html! {
            label { (title) input type="search" name=(name) list="known" value=(visit.ask(name)) placeholder="name or digest" required; }
        }
    };
    let body = html! {
        div.head { div { h1 { "Compare" } p.lead { "What one image has that another has not: two tags, two bases, before and after." } } }
        form.filter action="/compare" {
            (field("a", "A"))
            (field("b", "B"))
            datalist #known { @for image in &known { option value=(image.reference) {} } }
            button { "Compare" }
        }
    };
    Ok(layout::page(app, visit, "Compare", &body))
}
