//! Dockerfiles: the text of one enters, its syntax, its stages, findings with their repairs and
//! advice on base images leave.
#![forbid(unsafe_code)]

pub mod advice;
pub mod bases;
