//! The gate before each part of the API: whoever may not pass is told why.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::identity::Standing;
use super::needs::{Needs, Rule, Rules};
use super::{Actor, Via, local, secret};
use crate::address::encode;
use crate::api::Problem;
use crate::app::App;
use crate::store::access::keys;

/// The gate of a part.
pub struct Gate {
    app: Arc<App>,
    name: &'static str,
    needs: Needs,
    rules: Rules,
}

/// A form of a page has at most so many bytes.
const FORM: usize = 1 << 20;

impl Gate {
    /// Before the part of this name.
    pub fn new(app: Arc<App>, name: &'static str, needs: Needs, rules: Rules) -> Self {
        Self { app, name, needs, rules }
    }

    /// What a request needs, and whether members of teams may send it.
    fn rule(&self, request: &Request) -> (Rule, bool) {
        let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let method = match *request.method() {
            Method::HEAD => Method::GET,
            ref method => method.clone(),
        };
        let key = (method, path.unwrap_or_default().to_owned());
        let rule = self.rules.get(&key).copied().unwrap_or_else(|| self.needs.of(&key.0));
        (rule, self.needs.lets_teams_to(&key.0, &key.1))
    }

    /// Whether somebody may, before anything is read of what they send.
    fn decide(&self, actor: &Actor, rule: Rule, is_by_team: bool) -> Result<(), Problem> {
        let Some(needed) = rule.role else { return Ok(()) };
        let Some(own) = actor.role else { return Err(unknown()) };
        if own < needed {
            return Err(forbidden(format!("this needs the role `{needed}`, and you have `{own}`")));
        }
        if let Via::Key { scopes, once, .. } = &actor.via {
            if *once && !rule.once {
                return Err(forbidden(
                    "this token is for the first user or key, or for signing in, and for nothing \
                     else",
                ));
            }
            if !scopes.is_empty() && !scopes.iter().any(|scope| scope == self.name) {
                let scopes = scopes.join("`, `");
                return Err(forbidden(format!(
                    "this key is for `{scopes}`, and this is `{}`",
                    self.name
                )));
            }
        }
        if actor.repositories.is_some() && !is_by_team {
            return Err(forbidden(
                "this is about the whole estate, and you see your teams' images",
            ));
        }
        Ok(())
    }
}

/// Lets a request pass, or answers it.
pub async fn check(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let (rule, is_by_team) = gate.rule(&request);
    if rule.role.is_none() {
        return next.run(request).await;
    }
    let standing = request.extensions().get::<Standing>().copied().unwrap_or_default();
    match standing {
        Standing::Good => {}
        Standing::Bad => return challenge(unknown_key()),
        Standing::Wait(seconds) => return wait(seconds),
    }
    let actor = request.extensions().get::<Actor>().cloned().unwrap_or_else(Actor::anonymous);
    if actor.role.is_none() && is_browser(&request) {
        let to = request.uri().path_and_query().map_or("/", |it| it.as_str());
        return Redirect::to(&format!("/sign-in?next={}", encode(to))).into_response();
    }
    if let Err(problem) = gate.decide(&actor, rule, is_by_team) {
        let is_unknown = actor.role.is_none();
        return if is_unknown { challenge(problem) } else { problem.into_response() };
    }
    let request = match guard(&actor, request).await {
        Ok(request) => request,
        Err(problem) => return problem.into_response(),
    };
    match actor.via {
        Via::Key { id, once: true, .. } => once(&gate.app, id, request, next).await,
        _ => next.run(request).await,
    }
}

/// A token that counts once is used up by what succeeds.
async fn once(app: &App, id: i64, request: Request, next: Next) -> Response {
    let spend = async {
        let mut write = app.store.write().await?;
        let spent = keys::spend(&mut write, id).await?;
        write.commit().await?;
        crate::Result::Ok(spent)
    };
    match spend.await {
        Err(error) => return Problem::from(error).into_response(),
        Ok(false) => return challenge(unknown_key()),
        Ok(true) => {}
    }
    let response = next.run(request).await;
    if response.status().is_client_error() || response.status().is_server_error() {
        let give_back = async {
            let mut write = app.store.write().await?;
            keys::unspend(&mut write, id).await?;
            write.commit().await?;
            crate::Result::Ok(())
        };
        if let Err(error) = give_back.await {
            app.tell(&format!("the one-time token is used up though nothing came of it: {error}"));
        }
    }
    response
}

/// A page of somebody else may have a browser send the cookie of a session: what changes something has
/// to bring the session's own word, in the header `X-CSRF-Token` or the field `csrf`, and must not say
/// that it comes from elsewhere.
async fn guard(actor: &Actor, request: Request) -> Result<Request, Problem> {
    let Via::Session { csrf, .. } = &actor.via else { return Ok(request) };
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(request);
    }
    let refused = || forbidden("the form is too old or another page's: load the page again");
    let authority = request.uri().authority().map(|it| it.as_str().to_owned());
    if !local::is_own(request.headers(), authority.as_deref()) {
        return Err(refused());
    }
    if let Some(word) = request.headers().get("x-csrf-token") {
        let is_it = word.to_str().is_ok_and(|word| secret::is_same(word, csrf));
        return if is_it { Ok(request) } else { Err(refused()) };
    }
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        return Err(refused());
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, FORM).await.map_err(|_| {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a form has at most {FORM} bytes"))
    })?;
    let fields: Vec<(String, String)> = serde_urlencoded(&body);
    let mut words = fields.iter().filter(|(name, _)| name == "csrf");
    match (words.next(), words.next()) {
        (Some((_, word)), None) if secret::is_same(word, csrf) => {
            Ok(Request::from_parts(parts, Body::from(body)))
        }
        _ => Err(refused()),
    }
}

fn serde_urlencoded(body: &[u8]) -> Vec<(String, String)> {
    let uri = format!("/?{}", String::from_utf8_lossy(body));
    let parsed = uri.parse::<axum::http::Uri>().ok();
    let fields = parsed
        .and_then(|uri| axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri).ok());
    fields.map(|fields| fields.0).unwrap_or_default()
}

fn is_browser(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|it| it.to_str().ok());
    *request.method() == Method::GET
        && !request.uri().path().starts_with("/api/")
        && accept.is_some_and(|accept| accept.contains("text/html"))
}

fn unknown() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "this needs a key (`Authorization: Bearer …` or `X-Api-Key`) or a session",
    )
}

fn unknown_key() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "the key is unknown, expired, used up or taken back")
}

fn forbidden(why: impl Into<String>) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, why)
}

fn challenge(problem: Problem) -> Response {
    let mut response = problem.into_response();
    let realm = HeaderValue::from_static("Bearer realm=\"plimsoll\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
    response
}

/// Too much failed.
pub(super) fn wait(seconds: u64) -> Response {
    let why = format!("too much of it failed: try again in {seconds} seconds");
    let mut response = Problem::new(StatusCode::TOO_MANY_REQUESTS, why).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}
