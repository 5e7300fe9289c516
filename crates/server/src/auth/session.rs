//! Sessions: a random token in a cookie, its hash in the store.
//!
//! The token changes at sign-in and every quarter of an hour; the one of before counts for half a
//! minute more, for requests that were under way. A session ends two hours after its last use, and
//! twelve hours after it began.

use std::sync::Arc;
use std::time::Duration;

use super::credential::COOKIE;
use super::{Actor, Owner, Role, Via, identity, secret};
use crate::app::App;
use crate::error::Result;
use crate::moment::{Millis, millis, now};
use crate::store::access::{sessions, teams, users};
use crate::store::{Connection, Store};

/// After its last use.
const IDLE: Duration = Duration::from_hours(2);

/// After it began.
const WHOLE: Duration = Duration::from_hours(12);

/// Where nobody's: after a token of the first start.
const FIRST: Duration = Duration::from_hours(1);

const ROTATED: Duration = Duration::from_mins(15);
const GRACE: Duration = Duration::from_secs(30);
const NOTED: Millis = 60_000;

/// The longest that another token is tried to be written.
const PATIENCE: Duration = Duration::from_secs(2);

/// Begins one, and gives its token.
pub(super) async fn begin(connection: &mut Connection, user: Owner) -> Result<String> {
    let token = secret::token()?;
    let at = now();
    let whole = if user.is_some() { WHOLE } else { FIRST };
    let session = sessions::Session {
        id: 0,
        hash: secret::hash(&token),
        user,
        csrf: secret::token()?,
        rotated: at,
        seen: at,
        expires: at.saturating_add(millis(whole)),
    };
    sessions::add(connection, &session).await?;
    Ok(token)
}

/// Whose session a token is of, and the token of from now on where it is another.
pub(super) async fn find(app: &Arc<App>, token: &str) -> Result<Option<(Actor, Option<String>)>> {
    let at = now();
    let hash = secret::hash(token);
    let mut read = app.store.read().await?;
    let Some(session) = sessions::find(&mut read, &hash, at).await? else { return Ok(None) };
    let is_over = session.expires <= at || session.seen.saturating_add(millis(IDLE)) <= at;
    if is_over {
        return Ok(None);
    }
    let via =
        Via::Session { id: session.id, user: session.user, csrf: session.csrf.as_str().into() };
    let actor = match session.user {
        None => Actor::with_role("first start", Role::Admin, via),
        Some(id) => {
            let user = users::by_id(&mut read, id).await?.filter(|user| !user.disabled);
            let Some(user) = user else { return Ok(None) };
            let repositories = identity::patterns(teams::of_user(&mut read, id).await?);
            Actor { name: user.name, role: Some(user.role), repositories, via }
        }
    };
    drop(read);
    let is_old = session.rotated.saturating_add(millis(ROTATED)) <= at;
    if is_old && session.hash == hash {
        return Ok(Some((actor, rotate(&app.store, &session).await)));
    }
    if session.seen.saturating_add(NOTED) <= at {
        let (store, id) = (app.store.clone(), session.id);
        tokio::spawn(async move {
            // The next request notes it as well.
            let _ = seen(&store, id, at).await;
        });
    }
    Ok(Some((actor, None)))
}

async fn seen(store: &Store, id: i64, at: Millis) -> Result<()> {
    let mut write = store.write().await?;
    sessions::seen(&mut write, id, at).await?;
    Ok(write.commit().await?)
}

/// Another token; none where the store is busy, or somebody else just did it.
async fn rotate(store: &Store, session: &sessions::Session) -> Option<String> {
    let token = secret::token().ok()?;
    let hash = secret::hash(&token);
    let rotate = async {
        let mut write = store.write().await?;
        let done = sessions::rotate(&mut write, session, &hash, now(), millis(GRACE)).await?;
        write.commit().await?;
        Result::Ok(done)
    };
    match tokio::time::timeout(PATIENCE, rotate).await {
        Ok(Ok(true)) => Some(token),
        _ => None,
    }
}

/// Forgets sessions that are over.
pub(super) async fn forget(connection: &mut Connection) -> Result<()> {
    sessions::forget(connection, now(), millis(IDLE)).await
}

/// The cookie of a token.
pub(super) fn cookie(token: &str) -> String {
    let age = WHOLE.as_secs();
    format!("{COOKIE}={token}; Path=/; Max-Age={age}; Secure; HttpOnly; SameSite=Strict")
}

/// The cookie that removes it.
pub(super) fn no_cookie() -> String {
    format!("{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict")
}
