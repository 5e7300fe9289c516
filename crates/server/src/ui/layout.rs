//! What all pages have around them.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use plimsoll_model::AdvisoryData;

use super::act::Form;
use super::visit::Visit;
use super::{assets, parts};
use crate::app::App;
use crate::auth::{Role, Via};
use crate::moment::{self, now};
use crate::store::summaries::DAY;

/// The groups of the menu, and in each the pages: address and name.
const MENU: &[(&str, &[(&str, &str)])] = &[
    (
        "Estate",
        &[
            ("/", "Overview"),
            ("/images", "Images"),
            ("/findings", "Findings"),
            ("/components", "Components"),
        ],
    ),
    ("Work", &[("/remediation", "Remediation"), ("/compare", "Compare"), ("/scans", "Scans")]),
    ("Watch", &[("/runtime", "Runtime alerts"), ("/trends", "Trends")]),
    (
        "Rules",
        &[("/compliance", "Compliance"), ("/policies", "Policies"), ("/coverage", "Coverage")],
    ),
];

/// Keys, and what they do.
const KEYS: &[(&str, &str)] = &[
    ("/", "search everything"),
    ("j k", "next and previous row"),
    ("Enter", "open the row"),
    ("g o", "overview"),
    ("g i", "images"),
    ("g f", "findings"),
    ("g r", "remediation"),
    ("g a", "runtime alerts"),
    ("g t", "trends"),
    ("g p", "compliance"),
    ("?", "these keys"),
];

/// A whole page: `title` for the browser, `body` below it. Whoever adds pages elsewhere (to sign in, to
/// administer) calls this, and puts the [`super::Visit`] of the request in.
pub fn page(app: &App, visit: &Visit, title: &str, body: &Markup) -> Response {
    let data = app.advisories.current().database.data();
    let age = data.compiled.map(|at| now().saturating_sub(moment::of(at)));
    let notice = html! {
        @if data.starter {
            p.notice {
                strong { "Only the starter set of advisories is here." }
                " Findings are far from complete until "
                code { "plimsoll db update" } " has run."
            }
        } @else if age.is_some_and(|age| age > 7 * DAY) {
            p.notice {
                strong { "The advisories are " (parts::span(age.unwrap_or_default())) " old." }
                " What was published since is not in these pages; " code { "plimsoll db update" }
                " brings it in."
            }
        }
    };
    let welcome = html! {
        @if matches!(visit.actor.via, Via::Session { user: None, .. }) { (welcome(visit)) }
    };
    whole(Some(visit), title, &html! { (welcome) (notice) (body) }, &foot(&data, visit))
}

/// Whoever came in by the token of the first start is nobody yet.
fn welcome(visit: &Visit) -> Markup {
    let form = Form {
        role: Role::Admin,
        sends: ("POST", "/api/v1/users"),
        then: "/sign-in",
        button: "Make the user",
    };
    let fields = html! {
        input type="hidden" name="role" value="admin";
        label { "Name" input name="name" autocomplete="username" required maxlength="64"; }
        label { "Password" input name="password" type="password" autocomplete="new-password" required minlength="12"; }
    };
    html! {
        section.notice aria-label="First start" {
            p { strong { "You are in by the token of the first start." } " Make yourself a user, who may everything, and sign in as that." }
            (form.show(visit, &fields))
        }
    }
}

/// How new the advisories are, who looks, and where to sign in or out.
fn foot(data: &AdvisoryData, visit: &Visit) -> Markup {
    html! {
        footer {
            span {
                "Advisories "
                @if data.starter { "starter set" } @else if let Some(at) = data.compiled {
                    "as of " (parts::time(moment::of(at)))
                } @else { "of unknown age" }
            }
            a href="#keys" data-keys { "Keys" }
            a href="/api/v1/openapi.json" { "API" }
            span { (visit.actor.name) }
            @if visit.actor.csrf().is_empty() { a href="/sign-in" { "Sign in" } } @else {
                form method="post" action="/sign-out" {
                    input type="hidden" name="csrf" value=(visit.actor.csrf());
                    button.link { "Sign out" }
                }
            }
        }
    }
}

/// A page where nothing is known of the request.
pub(super) fn bare(title: &str, body: &Markup) -> Response {
    whole(None, title, &html! { div.head { h1 { (title) } } (body) }, &html! {})
}

/// A page for whoever is not in: without the menu, and without scripts. `head` is what it has in its
/// head beside the styles.
pub fn outside(status: StatusCode, title: &str, head: &Markup, body: &Markup) -> Response {
    let text = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Plimsoll" }
                link rel="icon" href=(assets::ICON.path);
                link rel="stylesheet" href=(assets::STYLE.path);
                (head)
            }
            body.outside { main { (brand()) h1 { (title) } (body) } }
        }
    };
    (status, Html(text.into_string())).into_response()
}

fn brand() -> Markup {
    html! {
        a.brand href="/" {
            svg viewBox="0 0 26 26" fill="none" stroke="currentColor" stroke-width="2.4" aria-hidden="true" {
                circle cx="13" cy="13" r="8" {}
                path d="M1 13h24" {}
            }
            "Plimsoll"
        }
    }
}

fn whole(visit: Option<&Visit>, title: &str, body: &Markup, foot: &Markup) -> Response {
    let path = visit.map(|visit| visit.path.as_str()).unwrap_or_default();
    let is_here = |address: &str| {
        if address == "/" {
            path == "/"
        } else {
            path.strip_prefix(address).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
    };
    let is_here = |address: &str| {
        is_here(address) || (address == "/findings" && path.starts_with("/weaknesses/"))
    };
    // Members of teams are not led to what is about the whole estate.
    let sees_all = visit.is_none_or(|visit| visit.actor.repositories.is_none());
    let is_open = |address: &str| {
        let leads_there = |route: &&str| route.strip_prefix("GET ") == Some(address);
        sees_all || (address != "/" && super::BY_TEAM.iter().any(leads_there))
    };
    let csrf = visit.map(|visit| visit.actor.csrf()).filter(|word| !word.is_empty());
    let text = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="htmx-config" content=r#"{"allowEval":false,"includeIndicatorStyles":false,"selfRequestsOnly":true,"historyCacheSize":0}"#;
                title { (title) " · Plimsoll" }
                link rel="icon" href=(assets::ICON.path);
                link rel="stylesheet" href=(assets::PLOT_STYLE.path);
                link rel="stylesheet" href=(assets::STYLE.path);
                script src=(assets::HTMX.path) defer {}
                script src=(assets::PLOT.path) defer {}
                script src=(assets::SCRIPT.path) defer {}
            }
            body data-csrf=[csrf] {
                a.skip href="#page" { "To the page" }
                header.side {
                    (brand())
                    input.menu #menu type="checkbox";
                    label for="menu" { "Menu" }
                    form.find action="/search" role="search" {
                        label.hidden for="find" { "Search everything" }
                        input #find type="search" name="q" placeholder="Search  /" maxlength="200";
                    }
                    nav aria-label="Pages" {
                        @for (group, pages) in MENU {
                            @let pages = pages.iter().filter(|it| is_open(it.0)).collect::<Vec<_>>();
                            @if !pages.is_empty() { div {
                                p { (group) }
                                ul {
                                    @for (address, name) in pages {
                                        li { a href=(address) aria-current=[is_here(address).then_some("page")] { (name) } }
                                    }
                                }
                            } }
                        }
                    }
                }
                main #page tabindex="-1" { (body) }
                (foot)
                dialog #keys aria-labelledby="keys-title" {
                    h2 #keys-title { "Keys" }
                    dl.facts { @for (key, what) in KEYS { dt { kbd { (key) } } dd { (what) } } }
                    form method="dialog" { button { "Close" } }
                }
            }
        }
    };
    Html(text.into_string()).into_response()
}
