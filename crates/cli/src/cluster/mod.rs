//! The API server of a cluster: who we are to it, and the few questions that are asked of it.

mod access;
mod client;
mod follow;
mod kinds;
mod lease;
mod login;
mod namespaces;
mod pages;

pub(crate) use access::Access;
pub(crate) use client::{Client, Failure, WHOLE};
pub(crate) use follow::{Followed, Seen, follow, list};
pub(crate) use kinds::{Kind, Stage};
pub(crate) use lease::Lease;
pub(crate) use namespaces::{Namespaces, is_name, is_subdomain};
pub(crate) use pages::batch;
