//! The API server of a cluster: who we are to it, and the few questions that are asked of it.

mod access;
mod client;
mod kinds;
mod login;
mod namespaces;
mod pages;

pub(crate) use access::Access;
pub(crate) use client::{Client, Failure};
pub(crate) use kinds::{Kind, Stage};
pub(crate) use namespaces::{Namespaces, is_name};
pub(crate) use pages::batch;
