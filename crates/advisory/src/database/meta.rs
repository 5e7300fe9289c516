//! The figures of the feeds, as JSON: read by `db status` and reports, never while matching.

use plimsoll_model::FeedStatus;
use serde::{Deserialize, Serialize};

use super::DatabaseError;

/// What the section holds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Meta {
    pub(super) starter: bool,
    pub(super) feeds: Vec<FeedStatus>,
}

pub(super) fn section(feeds: &[FeedStatus], starter: bool) -> Result<Vec<u8>, DatabaseError> {
    let meta = Meta { starter, feeds: feeds.to_vec() };
    serde_json::to_vec(&meta).map_err(|_| DatabaseError::Damaged { what: "figures of the feeds" })
}

pub(super) fn read(section: &[u8]) -> Option<Meta> {
    serde_json::from_slice(section).ok()
}
