//! Users, teams, keys, the audit and signing in, over HTTP.
#![allow(unused_qualifications, reason = "utoipa's macros write the types of parameters out")]

pub mod access;
pub mod audit;
pub mod keys;
pub mod me;
pub mod page;
pub mod sign_in;
mod teams;
mod users;
