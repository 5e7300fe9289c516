//! Who may do what, and who can come to the whole cluster by what he may do.
//!
//! Roles and bindings are read as the RBAC authorizer reads them:
//! <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>, and what a right can be used
//! for is what <https://kubernetes.io/docs/concepts/security/rbac-good-practices/> warns of.

mod access;
mod builtin;
mod grant;
mod paths;
mod subject;
mod techniques;

pub(crate) use access::account;
pub use access::{Access, Binding, Builder, Held};
pub use grant::{Grant, Place, Request};
pub use paths::{Path, Paths, Step};
pub use subject::{Scope, Subject};
