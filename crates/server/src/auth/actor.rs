//! Who asks.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Role;

/// Who asks. [`super::identity`] puts one into every request before handlers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// What the audit calls them.
    pub name: String,
    /// What they may; `None` is nothing.
    pub role: Option<Role>,
    /// Patterns of the repositories that they see; `None` is all of them.
    pub repositories: Option<Arc<[String]>>,
    /// How they showed who they are.
    pub via: Via,
}

/// How somebody showed who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// Not at all.
    Nothing,
    /// They are on this machine.
    Here,
    /// By a key, which may be limited to parts of the API.
    Key {
        /// Its number.
        id: i64,
        /// Whose it is.
        user: Option<i64>,
        /// Parts of the API; empty for all.
        scopes: Arc<[String]>,
        /// It counts once.
        once: bool,
    },
    /// By the cookie of a session.
    Session {
        /// Its number.
        id: i64,
        /// Whose it is; nobody's after a token of the first start.
        user: Option<i64>,
        /// What forms have to bring back.
        csrf: Arc<str>,
    },
}

/// The user behind an actor.
pub type Owner = Option<i64>;

impl Actor {
    /// Somebody, who may nothing.
    pub fn anonymous() -> Self {
        Self { name: "anonymous".into(), role: None, repositories: None, via: Via::Nothing }
    }

    /// Somebody with a role who sees all repositories.
    pub fn with_role(name: impl Into<String>, role: Role, via: Via) -> Self {
        Self { name: name.into(), role: Some(role), repositories: None, via }
    }

    /// Whether they may what a role may.
    pub fn may(&self, role: Role) -> bool {
        self.role.is_some_and(|has| has >= role)
    }

    /// The user that it is, or whose key it is.
    pub fn user(&self) -> Owner {
        match &self.via {
            Via::Key { user, .. } | Via::Session { user, .. } => *user,
            Via::Nothing | Via::Here => None,
        }
    }

    /// What a form has to bring in its field `csrf`; empty where there is no session.
    pub fn csrf(&self) -> &str {
        match &self.via {
            Via::Session { csrf, .. } => csrf,
            _ => "",
        }
    }

    /// Whether a repository is one that they see.
    pub fn sees(&self, repository: &str) -> bool {
        let any = |patterns: &Arc<[String]>| {
            patterns.iter().any(|pattern| super::pattern::matches(pattern, repository))
        };
        self.repositories.as_ref().is_none_or(any)
    }
}

impl<S: Sync> FromRequestParts<S> for Actor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(Self::anonymous))
    }
}
