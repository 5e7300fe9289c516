//! The token of the first start.

use std::time::Duration;

use super::{Role, secret};
use crate::app::App;
use crate::error::Result;
use crate::moment::{millis, now};
use crate::store::access::{self, keys};
use crate::store::{Store, audit};

/// How long it counts.
const KEPT: Duration = Duration::from_hours(24);

/// Where nobody could sign in and no key is good: a token that counts once, for whoever starts the
/// server. It is told and not kept.
pub async fn first(app: &App) -> Result<()> {
    if app.auth.access.open || access::anybody(&mut *app.store.read().await?).await? {
        return Ok(());
    }
    let token = token(&app.store).await?;
    app.tell_lines(&format!(
        "first start: this token makes the first user or key, or signs in once, within a day:\n  \
         {token}"
    ));
    Ok(())
}

/// Makes another one; those of before do not count any more.
pub async fn token(store: &Store) -> Result<String> {
    let new = secret::NewKey::new()?;
    let at = now();
    let key = keys::Key {
        id: 0,
        prefix: new.prefix,
        hash: new.hash,
        name: "first start".into(),
        role: Role::Admin,
        scopes: Vec::new(),
        team: None,
        user: None,
        once: true,
        created: at,
        expires: Some(at.saturating_add(millis(KEPT))),
        used: None,
        revoked: None,
    };
    let mut write = store.write().await?;
    keys::revoke_once(&mut write).await?;
    keys::add(&mut write, &key).await?;
    audit::note(&mut write, "machine", "one-time token", &key.prefix, "").await?;
    write.commit().await?;
    Ok(new.shown)
}
