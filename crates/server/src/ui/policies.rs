//! What was agreed on: how long a finding may stay open, what was decided about weaknesses, who is told.

use std::sync::Arc;

use axum::extract;
use axum::response::Response;
use maud::{Markup, html};
use plimsoll_model::Severity;
use serde_json::Value;

use super::act::{Button, Form};
use super::table::{self, Table, cell, plain};
use super::visit::{Failure, Visit};
use super::{findings as shown_findings, layout, parts};
use crate::app::App;
use crate::auth::Role;
use crate::error::Result as Done;
use crate::moment::{self, now};
use crate::notify::{self, Setting};
use crate::store::{Connection, findings, measures, notifiers, triage};
use crate::triage::{Sla, State};

/// How many decisions are on a page.
const PAGE: usize = 50;

/// How long findings may stay open, and how many do for longer.
async fn limits(read: &mut Connection, sla: &Sla) -> Done<Table> {
    let overdue = measures::overdue(read, now(), sla).await?;
    let mut table = Table::new(
        "limits",
        "How long a finding may stay open",
        &[
            table::keep("severity", "Severity"),
            table::number("days", "Days"),
            table::number("overdue", "Open for longer"),
        ],
    );
    for severity in Severity::ALL.into_iter().filter(|it| sla.days(*it).is_some()) {
        let number = findings::severity_number(severity);
        let count = overdue.get(&number).copied().unwrap_or(0);
        let list = format!("/findings?severity={}&state=overdue", severity.name());
        let look = html! { @if count == 0 { span.nil { "·" } } @else { a href=(list) { (parts::number(count)) } } };
        table.row(vec![
            cell(severity.name(), parts::level(number)),
            plain(sla.days(severity)),
            cell(count, look),
        ]);
    }
    Ok(table)
}

/// To agree on other limits.
fn agree(visit: &Visit, sla: &Sla) -> Markup {
    let form = Form {
        role: Role::Triager,
        sends: ("PUT", "/api/v1/sla"),
        then: "",
        button: "Agree on it",
    };
    let all =
        [("critical", sla.critical), ("high", sla.high), ("medium", sla.medium), ("low", sla.low)];
    let fields = html! { @for (name, days) in all {
        label { (name) ", days" input name=(name) type="number" min="1" max="3650" value=[days] data-as="number?"; }
    } };
    form.folded(visit, "Agree on other limits", &fields)
}

/// To decide about a weakness, everywhere or in one of these packages.
pub(super) fn decide(visit: &Visit, weakness: &str, packages: &[String]) -> Markup {
    let form =
        Form { role: Role::Triager, sends: ("POST", "/api/v1/triage"), then: "", button: "Decide" };
    let states: Vec<(&str, &str)> =
        State::ALL.iter().map(|it| (it.name(), in_words(it.name()).0)).collect();
    let fields = html! {
        input type="hidden" name="weakness" value=(weakness);
        label { "Decision" select name="state" { (parts::options("accepted", &states)) } }
        label { "Where" select name="scope" {
            option value="" { "everywhere" }
            @for name in packages { option value=(name) { (name) } }
        } }
        label { "Until" input name="until" type="date" data-as="day"; }
        label { "Owner" input name="owner" maxlength="200"; }
        label { "Labels" input name="labels" maxlength="1000" placeholder="rewrite, q3" data-as="words"; }
        label.long { "Why" input name="statement" maxlength="2000" required; }
    };
    form.folded(visit, "Decide about it", &fields)
}

/// Decisions as a table.
pub(super) fn decisions(all: &[triage::Decision]) -> Table {
    let mut table = Table::new(
        "decisions",
        "Decisions about weaknesses",
        &[
            table::keep("weakness", "Weakness"),
            table::keep("state", "Decision"),
            table::main("why", "Why"),
            table::text("scope", "Where"),
            table::text("owner", "Owner"),
            table::text("labels", "Labels").minor(),
            table::keep("until", "Until"),
            table::text("actor", "By"),
            table::keep("changed", "When"),
        ],
    );
    for it in all {
        let words = it.justification.replace('_', " ");
        let why = if it.statement.is_empty() { words.clone() } else { it.statement.clone() };
        let why_look = html! {
            @if it.statement.is_empty() { (words) } @else {
                (it.statement) @if !words.is_empty() { span.soft { (words) } }
            }
        };
        let scope = html! { @if it.scope.is_empty() { span.soft { "everywhere" } } @else { span.code { (it.scope) } } };
        let until = html! {
            @match it.until {
                None => { span.soft { "no end" } }
                Some(at) if at <= now() => { span.soft { "ended " (parts::time(at)) } }
                Some(at) => { (parts::time(at)) }
            }
        };
        table.row(vec![
            cell(it.weakness.clone(), shown_findings::weakness(&it.weakness)),
            cell(it.state.clone(), state(&it.state)),
            cell(why, why_look),
            cell(it.scope.clone(), scope),
            plain(it.owner.clone()),
            plain(it.labels.lines().collect::<Vec<_>>().join(", ")),
            cell(it.until.map(|at| moment::timestamp(at).to_string()), until),
            plain(it.actor.clone()),
            cell(moment::timestamp(it.changed).to_string(), parts::time(it.changed)),
        ]);
    }
    table
}

/// A decision in words.
fn state(name: &str) -> Markup {
    let (words, class) = in_words(name);
    html! { span class=(class) { (words) } }
}

/// What a decision is called, and its class.
fn in_words(name: &str) -> (&str, &'static str) {
    match name {
        "not_affected" => ("not affected", "good"),
        "in_triage" => ("being looked at", ""),
        "affected" => ("to be mended", "high"),
        "fixed" => ("mended", "good"),
        "accepted" => ("risk taken", "medium"),
        other => (other, ""),
    }
}

/// To tell somebody else: a form for each kind of channel, with what that needs.
fn tell(visit: &Visit) -> Markup {
    let form = Form {
        role: Role::Admin,
        sends: ("POST", "/api/v1/notifiers"),
        then: "",
        button: "Tell them",
    };
    let severities = ["critical", "high", "medium", "low"].map(|it| (it, it));
    html! {
        @if visit.actor.may(Role::Admin) {
            details { summary { "Tell somebody else" }
                @for channel in notify::ALL {
                    (form.folded(visit, channel.kind(), &html! {
                        input type="hidden" name="kind" value=(channel.kind());
                        label { "Name" input name="name" required maxlength="100"; }
                        @for setting in channel.settings() { (of_setting(setting)) }
                        label { "From" select name="severity" { (parts::options("high", &severities)) } }
                        label { "Quiet hours" input name="quiet" placeholder="22:00-07:00" maxlength="11"; }
                        label { "Their time zone" input name="zone" placeholder="Europe/Berlin" maxlength="64"; }
                    }))
                }
            }
        }
    }
}

fn of_setting(setting: &Setting) -> Markup {
    let kind = if setting.is_secret { "password" } else { "text" };
    let is_number = setting.name == "port";
    html! {
        label {
            (setting.name) @if !setting.is_needed { " (may be empty)" }
            input name=(setting.name) type=(kind) data-in="settings" required[setting.is_needed]
                data-as=[is_number.then_some("number")] autocomplete="off" spellcheck="false" autocapitalize="off" maxlength="2000";
        }
    }
}

async fn told(read: &mut Connection, visit: &Visit) -> Done<Table> {
    let mut table = Table::new(
        "notifiers",
        "Who is told",
        &[
            table::main("name", "Name"),
            table::keep("kind", "By"),
            table::keep("severity", "From"),
            table::text("quiet", "Quiet hours"),
            table::keep("state", "State"),
            table::deeds("Do"),
        ],
    );
    for it in notifiers::all(read).await? {
        let quiet = format!("{} {}", it.quiet, if it.quiet.is_empty() { "" } else { &it.zone });
        table.row(vec![
            plain(it.name.clone()),
            plain(it.kind.clone()),
            cell(parts::level_name(it.severity), parts::level(it.severity)),
            plain(quiet.trim()),
            plain(if it.enabled { "on" } else { "off" }),
            cell(Value::Null, buttons(visit, &it)),
        ]);
    }
    Ok(table)
}

/// What can be done with somebody who is told.
fn buttons(visit: &Visit, it: &notifiers::Notifier) -> Markup {
    let path = format!("/api/v1/notifiers/{}", it.id);
    let test = Button {
        role: Role::Admin,
        method: "POST",
        path: &format!("{path}/test"),
        says: "Send a test",
        done: "It was taken.",
        sure: "",
    };
    let sure = format!("Tell {} nothing any more?", it.name);
    let remove = Button {
        role: Role::Admin,
        method: "DELETE",
        path: &path,
        says: "Remove",
        done: "",
        sure: &sure,
    };
    html! { (test.show(visit)) " " (remove.show(visit)) }
}

pub(super) async fn page(
    extract::State(app): extract::State<Arc<App>>,
    visit: Visit,
) -> Result<Response, Failure> {
    let after = visit.after::<1>("decisions")?.map_or(0, |[id]| id);
    let rows = visit.rows(PAGE);
    let mut read = app.store.read().await?;
    let sla = Sla::load(&mut read).await?;
    let limits = limits(&mut read, &sla).await?;
    let limit = i64::try_from(rows).unwrap_or(0) + 1;
    let mut found = triage::page(&mut read, after, "", limit).await?;
    let is_admin = visit.actor.may(Role::Admin);
    let told = if is_admin { Some(told(&mut read, &visit).await?) } else { None };
    drop(read);
    let more = found.len() > rows;
    found.truncate(rows);
    let mut decisions = decisions(&found);
    decisions.next(found.last().filter(|_| more).map(|it| it.id.to_string()));
    for table in [&limits, &decisions].into_iter().chain(&told) {
        if let Some(export) = table.export(&visit) {
            return Ok(export);
        }
    }
    let body = html! {
        div.head { div {
            h1 { "Policies" }
            p.lead { "What was agreed on, and what was decided. Findings stay where they are; they are told apart." }
        } a.button.quiet href="/compliance" { "Compliance" } }
        div.two {
            section {
                h2 { "How long a finding may stay open" }
                (limits.show(&visit))
                (agree(&visit, &sla))
            }
            section {
                h2 { "Who is told" }
                @match &told {
                    None => { p.soft { "Admins see it." } }
                    Some(table) if table.is_empty() => {
                        p.soft { "Nobody yet. " code { "POST /api/v1/notifiers" } " takes chat, mail, pagers and webhooks." }
                    }
                    Some(table) => { (table.show(&visit)) }
                }
                (tell(&visit))
            }
        }
        h2 { "Decisions" }
        @if decisions.is_empty() {
            (parts::empty("Nothing was decided yet", &html! {
                p { "A weakness that does no harm here, or whose risk is taken for a time, is said to be so, with a reason and an end:" }
                pre { "curl -X POST http://localhost:6060/api/v1/triage \\\n  -H 'Content-Type: application/json' -H 'X-Api-Key: …' \\\n  -d '{\"weakness\": \"CVE-2019-10744\", \"state\": \"accepted\",\n       \"statement\": \"not reachable from outside\", \"until\": \"2027-01-31T00:00:00Z\"}'" }
            }))
        } @else {
            (decisions.show(&visit))
            p.small { "As documents for others: " a href="/api/v1/vex" { "VEX" } }
        }
    };
    Ok(layout::page(&app, &visit, "Policies", &body))
}
