//! Signing in and out with a browser.

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Extension, Form, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::page::{self, Door, next};
use crate::api::{Actor, Asked, Module, Problem, Routes};
use crate::app::App;
use crate::auth::sign_in::{Answer, with_password, with_token};
use crate::auth::{Peer, Via, local, oidc, session};
use crate::store::access::{self, sessions};
use crate::store::audit;

/// The part.
pub const MODULE: Module = Module { name: "sign-in", routes };

fn routes() -> Routes {
    Routes::new()
        .routes(routes!(form, sign_in))
        .routes(routes!(sign_out))
        .routes(routes!(oidc_begin))
        .routes(routes!(oidc_end))
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Going {
    /// Where the browser goes then.
    #[serde(default)]
    next: String,
}

/// The page for signing in
#[utoipa::path(get, path = "/sign-in", tag = "sign-in", params(Going), security(()), responses(
    (status = 200, description = "A page", content_type = "text/html"),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
))]
async fn form(
    State(app): State<Arc<App>>,
    Asked(going): Asked<Going>,
) -> Result<Response, Problem> {
    Ok(page::sign_in(StatusCode::OK, "", door(&app, next(&going.next)).await?))
}

/// What is known of whoever is about to sign in.
async fn door<'a>(app: &App, next: &'a str) -> Result<Door<'a>, Problem> {
    let is_first = !access::anybody(&mut *app.store.read().await?).await?;
    Ok(Door { next, has_oidc: app.auth.has_oidc(), is_first })
}

#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(default)]
struct Given {
    name: String,
    password: String,
    /// The token of the first start, in place of both.
    token: String,
    next: String,
}

/// Sign in
#[utoipa::path(post, path = "/sign-in", tag = "sign-in", security(()),
    request_body(content = Given, content_type = "application/x-www-form-urlencoded"), responses(
    (status = 303, description = "They are in"),
    (status = 400, description = "It is no form", body = Problem,
        content_type = "application/problem+json"),
    (status = 401, description = "They are not", content_type = "text/html"),
    (status = 403, description = "The form is another page's", body = Problem,
        content_type = "application/problem+json"),
    (status = 413, description = "It is too large", body = Problem,
        content_type = "application/problem+json"),
    (status = 415, description = "It is no form", body = Problem,
        content_type = "application/problem+json"),
    (status = 422, description = "It is no form", body = Problem,
        content_type = "application/problem+json"),
    (status = 429, description = "Too much failed", content_type = "text/html"),
))]
async fn sign_in(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    uri: Uri,
    headers: HeaderMap,
    given: Result<Form<Given>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(given) =
        given.map_err(|refused| Problem::new(refused.status(), refused.body_text()))?;
    // HTTP/2 has the name in the address.
    if !local::is_own(&headers, uri.authority().map(Authority::as_str)) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "the form is another page's"));
    }
    let address = peer.map(|Extension(peer)| peer.address.ip());
    let answer = if given.token.is_empty() {
        with_password(&app, address, &given.name, &given.password).await?
    } else {
        with_token(&app, address, given.token.trim()).await?
    };
    let to = next(&given.next);
    Ok(match answer {
        Answer::In(token) => {
            let mut response = Redirect::to(to).into_response();
            set_cookie(&mut response, &session::cookie(&token));
            response
        }
        Answer::No => page::sign_in(
            StatusCode::UNAUTHORIZED,
            "That name and password, or that token, do not count.",
            door(&app, to).await?,
        ),
        Answer::Wait(seconds) => {
            let why = format!("Too much of it failed. Try again in {seconds} seconds.");
            let mut response =
                page::sign_in(StatusCode::TOO_MANY_REQUESTS, &why, door(&app, to).await?);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
    })
}

/// Sign out
#[utoipa::path(post, path = "/sign-out", tag = "sign-in", security(("role" = ["viewer"])),
    responses((status = 303, description = "The session has ended")))]
async fn sign_out(State(app): State<Arc<App>>, actor: Actor) -> Result<Response, Problem> {
    if let Via::Session { id, .. } = actor.via {
        let mut write = app.store.write().await?;
        sessions::end(&mut write, id).await?;
        audit::note(&mut write, &actor.name, "sign out", &actor.name, "").await?;
        write.commit().await.map_err(crate::Error::from)?;
    }
    let mut response = Redirect::to("/sign-in").into_response();
    set_cookie(&mut response, &session::no_cookie());
    Ok(response)
}

/// Sign in where one's organisation knows one
#[utoipa::path(get, path = "/sign-in/oidc", tag = "sign-in", params(Going), security(()), responses(
    (status = 303, description = "The browser goes there"),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
    (status = 404, description = "No organisation is set", body = Problem,
        content_type = "application/problem+json"),
    (status = 502, description = "It does not answer", content_type = "text/html"),
    (status = 503, description = "Too many sign in", body = Problem,
        content_type = "application/problem+json"),
))]
async fn oidc_begin(
    State(app): State<Arc<App>>,
    Asked(going): Asked<Going>,
) -> Result<Response, Problem> {
    match oidc::begin(&app, next(&going.next)).await {
        Ok(begun) => {
            let mut response = Redirect::to(&begun.to).into_response();
            set_cookie(&mut response, &begun.cookie);
            Ok(response)
        }
        Err(oidc::Refusal::Problem(problem)) => Err(problem),
        Err(oidc::Refusal::Provider(why)) => Ok(failed(&app, &why)),
    }
}

/// Back from one's organisation
#[utoipa::path(get, path = "/sign-in/oidc/callback", tag = "sign-in", params(oidc::Answered),
    security(()), responses(
    (status = 200, description = "They are in", content_type = "text/html"),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
    (status = 403, description = "They are not", body = Problem,
        content_type = "application/problem+json"),
    (status = 404, description = "No organisation is set", body = Problem,
        content_type = "application/problem+json"),
    (status = 502, description = "It does not answer as it should", content_type = "text/html"),
))]
async fn oidc_end(
    State(app): State<Arc<App>>,
    Asked(answered): Asked<oidc::Answered>,
    request: Request,
) -> Result<Response, Problem> {
    let browser = oidc::browser(request.headers());
    match oidc::end(&app, &answered, browser.as_deref()).await {
        Ok(signed) => {
            let mut response = page::go_on(next(&signed.next));
            set_cookie(&mut response, &session::cookie(&signed.token));
            set_cookie(&mut response, &oidc::no_cookie());
            Ok(response)
        }
        Err(oidc::Refusal::Problem(problem)) => Err(problem),
        Err(oidc::Refusal::Provider(why)) => Ok(failed(&app, &why)),
    }
}

/// What exactly went wrong is for whoever runs the server.
fn failed(app: &App, why: &str) -> Response {
    app.tell(&format!("oidc: {}", crate::auth::shown(why)));
    page::page(
        StatusCode::BAD_GATEWAY,
        "Not signed in",
        &html! {
            p {
                "Your organisation did not answer as it should. Whoever runs this server finds the \
                 reason in its log."
            }
            p { a.button href="/sign-in" { "Back" } }
        },
    )
}

fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
