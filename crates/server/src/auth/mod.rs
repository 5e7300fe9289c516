//! Who may do what.
//!
//! ```text
//! request → identity (who is it?) → gate of the module (may they?) → handler (which objects?)
//! ```
//!
//! [`identity`] finds out who asks and puts an [`crate::api::Actor`] into the request. Each part of the
//! API stands behind a [`gate`], which knows what its routes need: a part cannot be registered without
//! saying so, and a route that says nothing of its own needs what its part does. Handlers ask
//! [`reach`] which images an actor of a team sees; parts that do not say that they ask are closed to
//! members of teams.

mod actor;
pub mod api;
mod credential;
pub mod first;
mod flood;
pub mod gate;
pub mod headers;
mod identity;
mod local;
mod name;
pub mod needs;
pub mod oidc;
mod password;
pub mod pattern;
pub mod reach;
mod recent;
mod role;
pub mod rotate;
pub mod seal;
pub mod secret;
mod session;
mod settings;
mod sign_in;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::error::Result;
use crate::moment::{millis, now};
use crate::store::Store;
use crate::store::access::{failures, flows};

pub use actor::{Actor, Owner, Via};
pub use credential::Credential;
pub use identity::{Peer, identify};
pub use name::shown;
pub use needs::{Module, Needs, Part};
pub use role::Role;
pub use settings::{Access, Tls};

/// What the server knows about who may what, beside its tables.
#[derive(Debug)]
pub struct Auth {
    /// How it is set.
    pub access: Access,
    /// Secrets that have to be read again, which are kept sealed.
    pub seal: seal::Seal,
    flood: flood::Flood,
    /// Hashing a password takes memory: so many at a time.
    hashing: Arc<Semaphore>,
    sights: reach::Sights,
    recent: recent::Recent,
    oidc: Option<oidc::Provider>,
}

impl Auth {
    /// From its settings, with the key of sealed secrets in a folder.
    pub fn new(access: Access, data_dir: &Path) -> Result<Self> {
        let seal = seal::Seal::open(&access.key_file(data_dir))?;
        let oidc = access.oidc.clone().map(oidc::Provider::new).transpose()?;
        Ok(Self {
            access,
            seal,
            flood: flood::Flood::default(),
            hashing: Arc::new(Semaphore::new(2)),
            sights: reach::Sights::default(),
            recent: recent::Recent::default(),
            oidc,
        })
    }

    /// Whether another service vouches for people.
    pub fn has_oidc(&self) -> bool {
        self.oidc.is_some()
    }
}

/// Forgets sessions, locks and sign-ins that are over.
pub async fn forget(store: &Store) -> Result<()> {
    let mut write = store.write().await?;
    session::forget(&mut write).await?;
    failures::forget(&mut write, now().saturating_sub(millis(Duration::from_hours(24)))).await?;
    flows::forget(&mut write, now()).await?;
    Ok(write.commit().await?)
}
