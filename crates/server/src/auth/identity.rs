//! Finds out who asks.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::credential::Credential;
use super::{Actor, Role, Via, local, secret, session};
use crate::api::Problem;
use crate::app::App;
use crate::error::Result;
use crate::moment::{Millis, now};
use crate::store::access::{keys, teams, users};

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Address of the client.
    pub address: SocketAddr,
    /// Whether it came over TLS.
    pub is_tls: bool,
}

/// How it stands with what a request brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Standing {
    /// It counts, or there is nothing.
    #[default]
    Good,
    /// It does not count.
    Bad,
    /// Too much failed from there; so many seconds.
    Wait(u64),
}

/// How long the store is asked for a key that counted a moment ago.
const PROMPT: Duration = Duration::from_secs(2);

/// How often the use of a key is noted.
const NOTED: Millis = 60_000;

/// Puts an [`Actor`] into a request.
pub async fn identify(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let address = request.extensions().get::<Peer>().map(|peer| peer.address.ip());
    let mut cookie = None;
    let found = match Credential::of(request.headers()) {
        Credential::Key(key) => by_key(&app, address, &key).await,
        Credential::Session(token) => match session::find(&app, &token).await {
            Ok(Some((actor, rotated))) => {
                cookie = rotated.map(|token| session::cookie(&token));
                Ok((Some(actor), Standing::Good))
            }
            Ok(None) => {
                cookie = Some(session::no_cookie());
                Ok((None, Standing::Good))
            }
            Err(error) => Err(error),
        },
        Credential::None => Ok((None, Standing::Good)),
    };
    let (actor, standing) = match found {
        Ok(found) => found,
        Err(error) => return Problem::from(error).into_response(),
    };
    let actor = match (actor, standing) {
        (Some(actor), _) => actor,
        (None, Standing::Good) => without(&app, address, &request),
        (None, _) => Actor::anonymous(),
    };
    request.extensions_mut().insert(standing);
    request.extensions_mut().insert(actor);
    let mut response = next.run(request).await;
    // Whoever signs in or out sets its own.
    let is_set = response.headers().contains_key(header::SET_COOKIE);
    if let Some(cookie) = cookie.filter(|_| !is_set)
        && let Ok(cookie) = HeaderValue::from_str(&cookie)
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Whoever brings nothing.
fn without(app: &App, address: Option<IpAddr>, request: &Request) -> Actor {
    let access = &app.auth.access;
    let authority = request.uri().authority().map(Authority::as_str);
    let is_local = local::is_local(address, request.headers(), authority);
    // Tests ask without an address.
    if access.open && (is_local || address.is_none()) {
        return Actor::with_role("local", Role::Admin, Via::Here);
    }
    if is_local && !access.require_auth {
        return Actor::with_role("local", Role::Scanner, Via::Here);
    }
    if access.anonymous_read {
        return Actor::with_role("anonymous", Role::Viewer, Via::Nothing);
    }
    Actor::anonymous()
}

async fn by_key(
    app: &Arc<App>,
    address: Option<IpAddr>,
    key: &str,
) -> Result<(Option<Actor>, Standing)> {
    if let Some(actor) = prompt(app, key).await? {
        return Ok((Some(actor), Standing::Good));
    }
    // Nobody guesses 256 bits; whoever tries all the same is not to cost a look into the store.
    let standing = match app.auth.flood.check(address) {
        Ok(()) => Standing::Bad,
        Err(seconds) => Standing::Wait(seconds),
    };
    app.auth.flood.failed(address);
    Ok((None, standing))
}

/// Whose key it is; where the store cannot say, whose it was a moment ago.
async fn prompt(app: &Arc<App>, key: &str) -> Result<Option<Actor>> {
    let found = match app.auth.recent.actor(key) {
        None => actor_of(app, key).await?,
        Some(known) if app.auth.recent.is_away() => return Ok(Some(known)),
        Some(known) => match tokio::time::timeout(PROMPT, actor_of(app, key)).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) if !error.is_outage() => return Err(error),
            Ok(Err(_)) | Err(_) => {
                app.auth.recent.note_away();
                return Ok(Some(known));
            }
        },
    };
    app.auth.recent.note(key, found.as_ref());
    Ok(found)
}

async fn actor_of(app: &Arc<App>, shown: &str) -> Result<Option<Actor>> {
    let Some((prefix, secret)) = secret::parts(shown) else { return Ok(None) };
    let mut read = app.store.read().await?;
    let key = keys::by_prefix(&mut read, prefix).await?;
    let Some(key) = key.filter(|key| secret::is_same(&key.hash, &secret::hash(secret))) else {
        return Ok(None);
    };
    if !key.counts(now()) {
        return Ok(None);
    }
    let (mut role, mut name) = (key.role, format!("key {} ({})", key.prefix, key.name));
    let mut repositories = None;
    if let Some(id) = key.user {
        let user = users::by_id(&mut read, id).await?.filter(|user| !user.disabled);
        let Some(user) = user else { return Ok(None) };
        role = role.min(user.role);
        name = format!("{} by key {} ({})", user.name, key.prefix, key.name);
        let theirs = teams::of_user(&mut read, id).await?;
        if key.team.is_some_and(|team| !theirs.is_empty() && theirs.iter().all(|it| it.id != team))
        {
            // They are not in that team any more.
            return Ok(None);
        }
        repositories = patterns(theirs);
    }
    if let Some(team) = key.team {
        let Some(team) = teams::by_id(&mut read, team).await? else { return Ok(None) };
        repositories = patterns(vec![team]);
    }
    drop(read);
    if key.used.is_none_or(|used| now().saturating_sub(used) > NOTED) && !key.once {
        let app = Arc::clone(app);
        tokio::spawn(async move {
            // Whether it was noted is nobody's trouble.
            let _ = note_use(&app, key.id).await;
        });
    }
    let via = Via::Key { id: key.id, user: key.user, scopes: key.scopes.into(), once: key.once };
    Ok(Some(Actor { name, role: Some(role), repositories, via }))
}

async fn note_use(app: &App, id: i64) -> Result<()> {
    let mut write = app.store.write().await?;
    keys::used(&mut write, id).await?;
    Ok(write.commit().await?)
}

/// What members of teams see; members of none see everything.
pub(super) fn patterns(teams: Vec<teams::Team>) -> Option<Arc<[String]>> {
    if teams.is_empty() {
        return None;
    }
    Some(teams.into_iter().flat_map(|team| team.repositories).collect())
}

/// The number of a key that counts once and is not used yet.
pub(super) async fn once(app: &App, shown: &str) -> Result<Option<i64>> {
    let Some((prefix, secret)) = secret::parts(shown) else { return Ok(None) };
    let key = keys::by_prefix(&mut *app.store.read().await?, prefix).await?;
    let hash = secret::hash(secret);
    let good = |key: &keys::Key| key.once && key.counts(now()) && secret::is_same(&key.hash, &hash);
    Ok(key.filter(good).map(|key| key.id))
}
