//! What sensors said, as it comes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::table::{self, Table, cell, plain};
use super::visit::{Failure, Visit};
use super::{layout, parts};
use crate::address::encode;
use crate::app::App;
use crate::intake::PRIORITIES;
use crate::moment;
use crate::store::alerts::{self, Stored, Wanted};
use crate::store::estate::urgency;

/// How many alerts are on a page.
const PAGE: usize = 100;

/// How often the store is asked for new ones.
const PAUSE: Duration = Duration::from_secs(1);

/// How many are sent at a time; of more, the newest.
const BURST: i64 = 200;

/// A priority of Falco's in any case, and those that are more urgent; all where none is named.
fn at_least(word: &str) -> Option<&'static [&'static str]> {
    if word.is_empty() {
        return Some(&[]);
    }
    let at = PRIORITIES.iter().position(|it| it.eq_ignore_ascii_case(word))?;
    PRIORITIES.get(..=at)
}

fn wanted(visit: &Visit) -> Result<Wanted, Failure> {
    let priorities = at_least(visit.ask("priority"))
        .ok_or_else(|| Failure::bad("There is no such priority."))?;
    Ok(Wanted {
        priorities: priorities.iter().map(|it| (*it).to_owned()).collect(),
        rule: visit.ask("rule").to_owned(),
        source: visit.ask("source").to_owned(),
        ..Wanted::default()
    })
}

/// What can be chosen.
fn choices() -> Vec<(String, String)> {
    let mut all = vec![(String::new(), "all".to_owned())];
    for word in PRIORITIES.iter().map(|it| it.to_ascii_lowercase()) {
        all.push((word.clone(), format!("{word} and above")));
    }
    all
}

fn table(alerts: &[Stored]) -> Table {
    let mut table = Table::new(
        "alerts",
        "Runtime alerts, newest first",
        &[
            table::keep("at", "When"),
            table::keep("priority", "Priority"),
            table::main("rule", "What"),
            table::data("output"),
            table::keep("hostname", "Where"),
            table::text("image", "Image").minor(),
            table::keep("source", "Source").minor(),
        ],
    );
    for alert in alerts {
        let look = html! {
            a href=(format!("/runtime/alerts/{}", alert.id)) { (alert.rule) }
            span.soft { (alert.output.chars().take(240).collect::<String>()) }
        };
        let image = html! { @if !alert.image.is_empty() { a href=(format!("/search?q={}", encode(&alert.image))) { (alert.image) } } };
        table.row(vec![
            cell(moment::timestamp(alert.at).to_string(), parts::time(alert.at)),
            cell(alert.priority.clone(), priority(&alert.priority)),
            cell(alert.rule.clone(), look),
            plain(alert.output.clone()),
            plain(alert.hostname.clone()),
            cell(alert.image.clone(), image),
            plain(alert.source.clone()),
        ]);
    }
    table
}

fn priority(text: &str) -> Markup {
    let class = match urgency(text) {
        0 => "level critical",
        1 => "level medium",
        _ => "level other",
    };
    html! { span class=(class) { (text.to_lowercase()) } }
}

pub(super) async fn page(State(app): State<Arc<App>>, visit: Visit) -> Result<Response, Failure> {
    let mut wanted = wanted(&visit)?;
    wanted.before = visit.after::<1>("alerts")?.map(|[id]| id);
    let rows = visit.rows(PAGE);
    let limit = i64::try_from(rows).unwrap_or(0) + 1;
    let mut found = alerts::page(&mut *app.store.read().await?, &wanted, limit).await?;
    let more = found.len() > rows;
    found.truncate(rows);
    let mut table = table(&found);
    table.next(found.last().filter(|_| more).map(|it| it.id.to_string()));
    if let Some(export) = table.export(&visit) {
        return Ok(export);
    }
    let live = format!(
        "/runtime/stream?priority={}&rule={}&source={}&after={}",
        encode(visit.ask("priority")),
        encode(visit.ask("rule")),
        encode(visit.ask("source")),
        found.first().map_or(0, |it| it.id)
    );
    let is_first = visit.ask("after").is_empty();
    let chosen = visit.ask("priority").to_ascii_lowercase();
    let choices = choices();
    let choices: Vec<_> = choices.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();
    let body = html! {
        div.head {
            div { h1 { "Runtime alerts" } p.lead { "What sensors saw processes do that a rule is about." } }
            @if is_first { p #live.soft { "as of now" } }
        }
        form.filter action="/runtime" {
            label { "Priority" select name="priority" { (parts::options(&chosen, &choices)) } }
            label { "Rule" input type="search" name="rule" value=(visit.ask("rule")) placeholder="its whole name"; }
            @if !wanted.source.is_empty() {
                label { "Source" input name="source" value=(wanted.source); }
            }
            button.quiet { "Filter" }
        }
        @if table.is_empty() { div.none { (none(&visit)) } }
        // Empty it is hidden, and there for the first alert that comes.
        div data-live=[is_first.then_some(live)] hidden[table.is_empty()] { (table.show(&visit)) }
    };
    Ok(layout::page(&app, &visit, "Runtime alerts", &body))
}

fn none(visit: &Visit) -> Markup {
    if ["priority", "rule", "source", "after"].iter().any(|it| !visit.ask(it).is_empty()) {
        return parts::empty(
            "No alert is like that",
            &html! { p { a href="/runtime" { "All alerts" } } },
        );
    }
    parts::empty(
        "No alert yet",
        &html! {
            p { "Sensors send theirs here: " }
            pre { "plimsoll watch -o json -o http_output.enabled=true \\\n  -o http_output.url=http://localhost:6060/api/v1/runtime/alerts" }
            p { "Falco and Falcosidekick can send to the same address." }
        },
    )
}

/// Wanted as they come, each as the row that the page would have.
pub(super) async fn stream(State(app): State<Arc<App>>, visit: Visit) -> Result<Response, Failure> {
    let wanted = wanted(&visit)?;
    let from = visit.after::<1>("alerts")?.map_or(0, |[id]| id);
    let rows = stream::unfold((app, wanted, from, Vec::<Stored>::new()), |state| async move {
        let (app, wanted, mut from, mut waiting) = state;
        while waiting.is_empty() {
            tokio::time::sleep(PAUSE).await;
            let ask = Wanted { since: Some(from), ..wanted.clone() };
            let found = match app.store.read().await {
                Ok(mut read) => alerts::page(&mut read, &ask, BURST).await,
                Err(error) => Err(error),
            };
            // A store that does not answer now may later: the browser stays.
            waiting = found.unwrap_or_default();
            waiting.reverse();
        }
        let alert = waiting.pop()?;
        from = alert.id;
        let row = table(&[alert]).lines().into_string().replace(['\n', '\r'], " ");
        let event = Event::default().event("alert").id(from.to_string()).data(row);
        Some((Ok::<_, Infallible>(event), (app, wanted, from, waiting)))
    });
    Ok(Sse::new(rows).keep_alive(KeepAlive::default()).into_response())
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    visit: Visit,
) -> Result<Response, Failure> {
    let missing =
        || Failure::missing("There is no such alert, or it was so long ago that it is forgotten.");
    let id: i64 = id.parse().map_err(|_| missing())?;
    let ask = Wanted { before: id.checked_add(1), since: id.checked_sub(1), ..Wanted::default() };
    let found = alerts::page(&mut *app.store.read().await?, &ask, 1).await?;
    let alert = found.into_iter().next().ok_or_else(missing)?;
    let fields: Value = serde_json::from_str(&alert.fields).unwrap_or_default();
    let explanation = fields.get("explanation");
    let flat = fields.get("output_fields").and_then(Value::as_object).or(fields.as_object());
    let body = html! {
        div.head { div {
            h1 { (alert.rule) " " (priority(&alert.priority)) }
            p.lead { (parts::time(alert.at)) " on " (alert.hostname) " · " (alert.source) }
        } a.button.quiet href=(format!("/runtime?rule={}", encode(&alert.rule))) { "All of this rule" } }
        pre { (alert.output) }
        div.two {
            section { h2 { "Processes" } (processes(explanation, flat)) }
            section { h2 { "Why" }
                @match explanation.and_then(|it| it.get("conditions")).and_then(Value::as_array) {
                    Some(all) => { (reasons(all, 0)) }
                    None => { p.soft { "The alert says not why. " code { "plimsoll watch --explain" } " adds it." } }
                }
            }
        }
        h2 { "Fields" }
        dl.facts { @for (name, value) in flat.into_iter().flatten().filter(|it| !it.1.is_object()).take(200) {
            dt.code { (name) } dd.code { (word(value)) }
        } }
    };
    Ok(layout::page(&app, &visit, &alert.rule, &body))
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    }
}

/// The processes that it comes from, oldest first: as the explanation has them, else as fields do.
fn processes(explanation: Option<&Value>, fields: Option<&Map<String, Value>>) -> Markup {
    let mut all: Vec<(String, String)> = Vec::new();
    if let Some(list) = explanation.and_then(|it| it.get("ancestry")).and_then(Value::as_array) {
        for it in list.iter().take(64) {
            let of = |name: &str| it.get(name).map(word).unwrap_or_default();
            let command = if of("command").is_empty() { of("exe") } else { of("command") };
            all.push((format!("{} ({})", of("name"), of("pid")), command));
        }
    } else if let Some(fields) = fields {
        let of = |name: &str| fields.get(name).map(word).unwrap_or_default();
        for up in (2..16).rev() {
            let name = of(&format!("proc.aname[{up}]"));
            if !name.is_empty() {
                all.push((name, String::new()));
            }
        }
        for (name, command) in [("proc.pname", "proc.pcmdline"), ("proc.name", "proc.cmdline")] {
            if !of(name).is_empty() {
                all.push((of(name), of(command)));
            }
        }
    }
    html! { @if all.is_empty() { p.soft { "The alert names none." } } @else { (tree(&all)) } }
}

fn tree(all: &[(String, String)]) -> Markup {
    // Written from the innermost outwards.
    let mut inner = html! {};
    for (name, command) in all.iter().rev() {
        inner =
            html! { ul.tree { li { strong { (name) } " " span.code.soft { (command) } (inner) } } };
    }
    inner
}

fn reasons(all: &[Value], depth: usize) -> Markup {
    html! { ul.tree { @for it in all.iter().take(100) { li {
        @let of = |name: &str| it.get(name).map(word).unwrap_or_default();
        span.code { @if it.get("macro").is_some() { (of("macro")) } @else { (of("condition")) } }
        @if let Some(values) = it.get("values").and_then(Value::as_object) {
            " " span.soft.code { @for (name, value) in values { (name) "=" (word(value)) " " } }
        }
        @if depth < 12 { @if let Some(because) = it.get("because").and_then(Value::as_array) { (reasons(because, depth + 1)) } }
    } } } }
}
