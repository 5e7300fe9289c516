//! Long lists of an API server: page by page, and of each page no more than some objects at a time.
//!
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks>

use std::io::{BufRead, BufReader};

use plimsoll_kube::manifest::{Item, Items, ItemsError, Manifest};
use plimsoll_model::text::Source;
use rayon::prelude::*;

use super::client::{Client, Failure, Page, WHOLE};
use super::kinds::Kind;

/// How many objects are asked for at a time.
const PAGE: u32 = 500;

/// How many items are read at the same time.
const BATCH: usize = 256;

/// How often one list may become too old while it is read.
const MAX_EXPIRED: u32 = 1000;

/// How a list was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) objects: u64,
    /// How often the server had forgotten the state that the list began with, and went on with a
    /// newer one.
    pub(crate) expired: u32,
}

impl Client {
    /// Gives each object of a kind to `take`, as its page comes in.
    pub(crate) fn each(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        take: &mut dyn FnMut(Manifest) -> Result<(), Failure>,
    ) -> Result<Listed, Failure> {
        let parse = |item: Item| {
            let source = Source::from_bytes(item.bytes);
            Manifest::of_json_as(source, kind.api_version, kind.kind)
        };
        let mut seen = 0_u64;
        let (listed, _) = self.items(&kind.path(namespace), WHOLE, &mut |batch| {
            let read: Vec<_> = batch.into_par_iter().map(parse).collect();
            for manifest in read {
                seen = seen.saturating_add(1);
                take(manifest.map_err(|why| Failure::Other(format!("object {seen}: {why}")))?)?;
            }
            Ok(())
        })?;
        Ok(listed)
    }

    /// Gives the items of a list to `take`, some at a time; with the version that it is of. The path
    /// ends so that a parameter may follow.
    pub(crate) fn items(
        &self,
        path: &str,
        form: &str,
        take: &mut dyn FnMut(Vec<Item>) -> Result<(), Failure>,
    ) -> Result<(Listed, String), Failure> {
        let mut listed = Listed::default();
        let mut next = String::new();
        loop {
            let response = match self.page(&format!("{path}limit={PAGE}{next}"), form)? {
                Page::Here(response) => response,
                // Whoever goes on from there has seen nothing twice.
                Page::Expired(Some(token)) if !next.is_empty() && listed.expired < MAX_EXPIRED => {
                    listed.expired = listed.expired.saturating_add(1);
                    next = going_on(&token)?;
                    continue;
                }
                Page::Expired(_) => {
                    let why = format!(
                        "the list became too old after {} objects and cannot be gone on with",
                        listed.objects
                    );
                    return Err(Failure::Said(410, why));
                }
            };
            let mut items = Items::new(BufReader::with_capacity(1 << 16, response));
            let wrong = |error: ItemsError| Failure::Other(error.to_string());
            while let Some(batch) = batch(&mut items).map_err(wrong)? {
                let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
                listed.objects = listed.objects.saturating_add(count);
                take(batch)?;
            }
            let envelope = items.envelope().map_err(wrong)?;
            match envelope.next {
                more if more.is_empty() => return Ok((listed, envelope.version)),
                more => next = going_on(&more)?,
            }
        }
    }
}

/// Some items; `None` after the last.
pub(crate) fn batch<R: BufRead>(items: &mut Items<R>) -> Result<Option<Vec<Item>>, ItemsError> {
    let mut batch = Vec::with_capacity(BATCH);
    while batch.len() < BATCH
        && let Some(item) = items.next()?
    {
        batch.push(item);
    }
    Ok((!batch.is_empty()).then_some(batch))
}

/// What asks for the next page; a token that would be more than a token is none.
fn going_on(token: &str) -> Result<String, Failure> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=.~".contains(&byte);
    if token.bytes().all(is_plain) {
        Ok(format!("&continue={token}"))
    } else {
        Err(Failure::Other("the token of the next page is none".into()))
    }
}
