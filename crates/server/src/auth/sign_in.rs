//! Signing in with a password, or with the token of the first start.
//!
//! Five failures in a row lock a name for half a minute, each further one for twice as long, up to a
//! quarter of an hour; the same for names that nobody has.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Owner, identity, name, secret, session};
use crate::app::App;
use crate::error::Result;
use crate::moment::{Millis, millis, now};
use crate::store::access::{failures, keys, users};
use crate::store::audit;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// They are in; the token of their session.
    In(String),
    /// They are not.
    No,
    /// They are not to try before so many seconds.
    Wait(u64),
}

/// So many failures are no lock yet.
const FREE: i64 = 5;
const FIRST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_mins(15);

/// How long a name is locked after so many failures.
fn lock(failed: i64) -> Option<Duration> {
    let more = failed.saturating_sub(FREE);
    if more < 0 {
        return None;
    }
    let more = u32::try_from(more).unwrap_or(u32::MAX);
    Some(FIRST.saturating_mul(2_u32.saturating_pow(more)).min(LONGEST))
}

pub(super) async fn with_password(
    app: &Arc<App>,
    address: Option<IpAddr>,
    given: &str,
    password: &str,
) -> Result<Answer> {
    if let Err(seconds) = app.auth.flood.check(address) {
        return Ok(Answer::Wait(seconds));
    }
    let key = secret::hash(given);
    let mut read = app.store.read().await?;
    let (_, locked) = failures::of(&mut read, &key).await?;
    if let Some(wait) = left(locked, now()) {
        app.auth.flood.failed(address);
        return Ok(Answer::Wait(wait));
    }
    let user = users::by_name(&mut read, given).await?.filter(|user| !user.disabled);
    drop(read);
    let hash = user.as_ref().map(|user| user.password.as_str());
    let is_it = app.auth.is_password(password, hash).await?;
    match user.filter(|_| is_it) {
        Some(user) => welcome(app, Some(user.id), &user.name, "password", Some(&key)).await,
        None => refuse(app, address, given, &key).await,
    }
}

/// Whole seconds until a lock ends.
fn left(locked: Millis, at: Millis) -> Option<u64> {
    let left = u64::try_from(locked.saturating_sub(at)).ok()?;
    (left > 0).then(|| left.div_ceil(1000))
}

async fn refuse(app: &App, address: Option<IpAddr>, given: &str, key: &str) -> Result<Answer> {
    app.auth.flood.failed(address);
    let mut write = app.store.write().await?;
    let failed = failures::note(&mut write, key, now()).await?;
    let lock = lock(failed);
    if let Some(lock) = lock {
        failures::lock(&mut write, key, now().saturating_add(millis(lock))).await?;
    }
    let from = address.map(|address| address.to_string()).unwrap_or_default();
    let given = name::shown(given);
    audit::note(&mut write, "anonymous", "sign-in failed", &given, &from).await?;
    write.commit().await?;
    Ok(Answer::No)
}

pub(super) async fn with_token(
    app: &Arc<App>,
    address: Option<IpAddr>,
    token: &str,
) -> Result<Answer> {
    if let Err(seconds) = app.auth.flood.check(address) {
        return Ok(Answer::Wait(seconds));
    }
    let id = identity::once(app, token).await?;
    let spent = match id {
        Some(id) => {
            let mut write = app.store.write().await?;
            let spent = keys::spend(&mut write, id).await?;
            write.commit().await?;
            spent
        }
        None => false,
    };
    if !spent {
        app.auth.flood.failed(address);
        return Ok(Answer::No);
    }
    welcome(app, None, "first start", "one-time token", None).await
}

/// Begins a session.
pub(super) async fn welcome(
    app: &App,
    user: Owner,
    name: &str,
    how: &str,
    failed: Option<&str>,
) -> Result<Answer> {
    let mut write = app.store.write().await?;
    if let Some(key) = failed {
        failures::clear(&mut write, key).await?;
    }
    let token = session::begin(&mut write, user).await?;
    audit::note(&mut write, name, "sign in", name, how).await?;
    write.commit().await?;
    Ok(Answer::In(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_grows_and_ends() {
        assert_eq!(lock(4), None);
        assert_eq!(lock(5), Some(FIRST));
        assert_eq!(lock(6), Some(FIRST * 2));
        assert_eq!(lock(i64::MAX), Some(LONGEST));
        assert_eq!(lock(40), Some(LONGEST));
        assert_eq!((left(1000, 1000), left(1001, 1000), left(0, 5)), (None, Some(1), None));
    }
}
