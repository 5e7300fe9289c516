//! Any container image, archive, file system or folder, read as layers and catalogued.
//!
//! A [`plimsoll_model::Reference`] enters; a [`plimsoll_model::Inventory`] leaves: which packages
//! are installed, by which layer and in which file each was found, what a later layer removed,
//! and what could not be read. Bytes are streamed once; nothing is kept but what a cataloguer
//! asked for, so memory does not grow with the image.
//!
//! This crate knows nothing of advisories, and it must not.
#![forbid(unsafe_code)]

pub mod cataloguer;
pub mod cataloguers;
pub mod content;
pub mod layer;
pub mod merge;
pub mod tar;
pub mod wants;
