//! One inventory into the store.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use plimsoll_advisory::matching::Declared;
use plimsoll_model::{Inventory, Reference};
use plimsoll_supply::hash::hex;
use roaring::RoaringBitmap;
use sha2::{Digest, Sha256};

use super::{Component, INVENTORIES, facts};
use crate::app::App;
use crate::error::{Error, Result};
use crate::moment;
use crate::rematch::{self, Judged};
use crate::store::images::NewImage;
use crate::store::{Write, components, findings, images, settings};

/// How long a change of the advisories is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked whether it is over.
const LOOK: Duration = Duration::from_millis(100);

/// What came of an inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingested {
    /// Digest that the image is known by.
    pub digest: String,
    /// How many components it has.
    pub components: u64,
    /// How many of them were never seen before.
    pub new: u64,
}

/// Stores an inventory with the findings on components that were never seen before, in a transaction
/// that the caller commits, together with whatever belongs to it.
///
/// # Errors
/// [`Error::Changed`] where the advisories changed in the middle of it.
pub async fn ingest(app: &App, inventory: &Inventory) -> Result<(Write, Ingested)> {
    let digest = identity(inventory);
    // A folder is a project, whose lock files say what will be installed.
    let declared =
        if inventory.artifact.source == "dir" { Declared::Counts } else { Declared::Passed };
    let components: HashSet<Component> = inventory
        .packages
        .iter()
        .filter_map(|package| Component::of(package, inventory.distro.as_ref(), declared))
        .collect();
    let components: Vec<Component> = components.into_iter().collect();
    let bytes = serde_json::to_vec(inventory).map_err(|_| Error::Damaged("an inventory"))?;
    let stored = app.blobs.put(INVENTORIES, &bytes).await?;
    drop(bytes);
    let held = app.numbers.of(&components);
    let mut set: RoaringBitmap = numbers(held.iter().flatten().copied())?;
    let mut missing: BTreeMap<String, Component> = components
        .into_iter()
        .zip(held)
        .filter(|(_, number)| number.is_none())
        .map(|(component, _)| (component.key(), component))
        .collect();
    if !missing.is_empty() {
        let keys: Vec<&str> = missing.keys().map(String::as_str).collect();
        let known = components::known(&mut *app.store.read().await?, &keys).await?;
        let known = known.iter().filter_map(|(key, id)| Some((missing.remove(key)?, *id)));
        let known: Vec<(Component, i64)> = known.collect();
        app.numbers.hold(known.iter().map(|(component, id)| (component, *id)));
        set |= numbers(known.into_iter().map(|(_, id)| id))?;
    }
    // In the order of their keys: two that add the same wait for each other, and not each for the other.
    let (keys, new): (Vec<String>, Vec<Component>) = missing.into_iter().unzip();
    let current = app.advisories.current();
    let judged = if new.is_empty() {
        Vec::new()
    } else {
        let (new, current) = (new.clone(), current.clone());
        tokio::task::spawn_blocking(move || rematch::judge(&new, &current.database)).await??
    };

    let mut write = app.store.write().await?;
    let held = settings::held(&mut write, app.store.dialect(), settings::EDITION).await?;
    if held.as_ref() != Some(&current.edition) {
        return Err(Error::Changed);
    }
    let all: Vec<&Component> = new.iter().collect();
    let added = components::add(&mut write, &all).await?;
    store_findings(&mut write, &new, judged, &added).await?;
    if added.len() < new.len() {
        // Somebody else has stored the others meanwhile.
        let keys = keys.iter().map(String::as_str).filter(|key| !added.contains_key(*key));
        let others = components::known(&mut write, &keys.collect::<Vec<_>>()).await?;
        set |= numbers(others.into_values())?;
    }
    let new_count = added.len() as u64;
    set |= numbers(added.into_values())?;
    let set_id = images::set(&mut write, &hash_of(&set), &set).await?;
    let artifact = &inventory.artifact;
    images::put(
        &mut write,
        &NewImage {
            digest: &digest,
            reference: &artifact.reference,
            source: &artifact.source,
            distro: inventory.distro.as_ref().map_or("", |it| it.name.as_str()),
            platform: &platform(inventory),
            created: artifact.created.map(moment::of),
            size: i64::try_from(artifact.size).unwrap_or(i64::MAX),
            partial: inventory.is_partial(),
            inventory: &stored,
            set: set_id,
        },
    )
    .await?;
    facts::note(&mut write, inventory, &digest, &current.database).await?;
    for (repository, tag) in names(inventory) {
        images::name(&mut write, &repository, &tag, &digest).await?;
    }
    Ok((write, Ingested { digest, components: set.len(), new: new_count }))
}

/// The same for somebody who waits for it and cannot come again: a change of the advisories is waited for.
///
/// # Errors
/// [`Error::Changed`] where the change is not over in [`PATIENCE`].
pub async fn ingest_now(app: &App, inventory: &Inventory) -> Result<(Write, Ingested)> {
    let began = Instant::now();
    loop {
        match ingest(app, inventory).await {
            Err(Error::Changed) if began.elapsed() < PATIENCE => tokio::time::sleep(LOOK).await,
            done => return done,
        }
    }
}

/// Numbers of components as a set.
fn numbers(all: impl Iterator<Item = i64>) -> Result<RoaringBitmap> {
    all.map(|id| u32::try_from(id).map_err(|_| Error::Damaged("a number"))).collect()
}

async fn store_findings(
    write: &mut Write,
    new: &[Component],
    judged: Vec<Judged>,
    added: &HashMap<String, i64>,
) -> Result<()> {
    let mut contents = Vec::new();
    let mut undecided = Vec::new();
    for (component, judged) in new.iter().zip(judged) {
        if let Some(id) = added.get(&component.key()) {
            contents.extend(judged.findings.into_iter().map(|content| (*id, content)));
            undecided
                .extend(judged.undecided.into_iter().map(|(advisory, why)| (*id, advisory, why)));
        }
    }
    findings::open(write, &contents, "image").await?;
    findings::undecided(write, &[], &undecided).await
}

/// What an image is known by: the digest of its manifest, else of its configuration, else, for
/// folders and documents, of where they are.
fn identity(inventory: &Inventory) -> String {
    let artifact = &inventory.artifact;
    if let Some(digest) = artifact.manifest_digest.as_ref().or(artifact.config_digest.as_ref()) {
        return digest.to_string();
    }
    let place = format!("{}\n{}", artifact.source, artifact.reference);
    format!("sha256:{}", hex(&Sha256::digest(place)))
}

fn hash_of(set: &RoaringBitmap) -> String {
    let mut hash = Sha256::new();
    for id in set {
        hash.update(id.to_le_bytes());
    }
    hex(&hash.finalize())
}

fn platform(inventory: &Inventory) -> String {
    inventory.artifact.platform.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// Repositories and tags that lead to it.
fn names(inventory: &Inventory) -> Vec<(String, String)> {
    let artifact = &inventory.artifact;
    let mut found: Vec<(String, String)> = [&artifact.reference]
        .into_iter()
        .chain(&artifact.names)
        .take(100)
        .filter_map(|text| match text.parse::<Reference>() {
            Ok(Reference::Image { name, .. }) => {
                let repository = format!("{}/{}", name.registry(), name.repository());
                Some((repository, name.tag().unwrap_or_default().to_owned()))
            }
            _ => None,
        })
        .collect();
    found.sort();
    found.dedup();
    found
}
