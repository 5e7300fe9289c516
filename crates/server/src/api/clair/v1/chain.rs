//! The layers below a layer, and the image that they are together.

use std::collections::HashSet;

use plimsoll_image::oci::Config;
use plimsoll_image::sources::image::assemble;
use plimsoll_model::{Artifact, Digest};
use sha2::{Digest as _, Sha256};

use super::{PROTOCOL, state};
use crate::app::App;
use crate::catalogue::{self, Report};
use crate::error::{Error, Result};
use crate::jobs;
use crate::store::foreign::{self, Named};
use crate::store::images;

/// More layers than any builder makes.
const MOST: usize = 1_000;

/// A layer that is known; `None` where it has to be read first, or again.
pub(super) async fn known(app: &App, name: &str) -> Result<Option<Named>> {
    let found = foreign::find(&mut *app.store.read().await?, PROTOCOL, name).await?;
    Ok(found.filter(|it| it.state == state()))
}

/// The layers of an image, bottom first, by the name of the topmost; `None` where one is missing.
pub(super) async fn chain(app: &App, name: &str) -> Result<Option<Vec<Named>>> {
    let (mut found, mut seen, mut next) = (Vec::new(), HashSet::new(), name.to_owned());
    while !next.is_empty() {
        let Some(layer) = known(app, &next).await? else { return Ok(None) };
        let below = layer.detail.clone();
        if found.len() >= MOST || !seen.insert(std::mem::replace(&mut next, below)) {
            let why = format!("the layers below `{name}` are more than {MOST}, or lie in a circle");
            return Err(Error::Refused(why));
        }
        found.push(layer);
    }
    found.reverse();
    Ok(Some(found))
}

/// Names of the layers on top of a layer, and its own.
pub(super) async fn above(app: &App, name: &str) -> Result<Vec<String>> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut read = app.store.read().await?;
    loop {
        let after = all.last().map_or("", |it| it.0.as_str()).to_owned();
        let page = foreign::list(&mut read, PROTOCOL, &after, 1_000).await?;
        if page.is_empty() {
            break;
        }
        all.extend(page.into_iter().map(|it| (it.name, it.detail)));
    }
    let (mut found, mut at) = (vec![name.to_owned()], 0);
    let mut seen: HashSet<String> = found.iter().cloned().collect();
    while let Some(parent) = found.get(at).cloned() {
        let children = all.iter().filter(|it| it.1 == parent).map(|it| it.0.clone());
        found.extend(children.filter(|it| seen.insert(it.clone())));
        at += 1;
    }
    Ok(found)
}

/// The image of these layers in full. What was not known yet is part of the estate from then on.
pub(super) async fn report(app: &App, layers: &[Named]) -> Result<Report> {
    let gone = || Error::Damaged("an image in layers");
    let top = layers.last().ok_or_else(gone)?;
    let mut hash = Sha256::new();
    for part in [PROTOCOL, &top.name].into_iter().chain(layers.iter().map(|it| it.digest.as_str()))
    {
        hash.update(part);
        hash.update(b"\n");
    }
    let digest = Digest::sha256(&hash.finalize().into());
    let text = digest.to_string();
    if images::by_digest(&mut *app.store.read().await?, &text).await?.is_none() {
        let mut found = Vec::with_capacity(layers.len());
        for layer in layers {
            found.push(jobs::layer_content(app, &layer.digest).await?);
        }
        let artifact = Artifact {
            reference: format!("clair:v1/{}", top.name),
            source: super::super::PROTOCOL.into(),
            manifest_digest: Some(digest),
            ..Artifact::default()
        };
        let described = layers.iter().map(|_| plimsoll_model::Layer {
            digest: None,
            diff_id: None,
            created_by: String::new(),
            size: 0,
            media_type: String::new(),
        });
        let described = described.collect();
        let assembling = move || assemble(artifact, &Config::default(), described, found);
        let inventory = tokio::task::spawn_blocking(assembling).await?;
        let (write, _) = catalogue::ingest_now(app, &inventory).await?;
        write.commit().await?;
        jobs::post(app).await?;
    }
    catalogue::report(app, &text).await?.ok_or_else(gone)
}
