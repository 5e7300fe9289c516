//! One inventory into the store.

use std::collections::HashMap;

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
    let mut found: HashMap<String, Component> = HashMap::new();
    for package in &inventory.packages {
        if let Some(component) = Component::of(package, inventory.distro.as_ref(), declared) {
            found.insert(component.key(), component);
        }
    }
    let bytes = serde_json::to_vec(inventory).map_err(|_| Error::Damaged("an inventory"))?;
    let stored = app.blobs.put(INVENTORIES, &bytes).await?;
    drop(bytes);
    let keys: Vec<&str> = found.keys().map(String::as_str).collect();
    let mut known = app.numbers.of(keys.iter().copied());
    let missing: Vec<&str> = keys.iter().copied().filter(|key| !known.contains_key(*key)).collect();
    if !missing.is_empty() {
        let stored = components::known(&mut *app.store.read().await?, &missing).await?;
        app.numbers.hold(stored.iter().map(|(key, number)| (key.as_str(), *number)));
        known.extend(stored);
    }
    let mut new: Vec<_> = found.iter().filter(|(key, _)| !known.contains_key(*key)).collect();
    // Two that add the same wait for each other, and not each for the other.
    new.sort_unstable_by_key(|it| it.0);
    let new: Vec<Component> = new.into_iter().map(|it| it.1.clone()).collect();
    let current = app.advisories.current();
    let judged = {
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
        let missing: Vec<&str> = keys
            .iter()
            .copied()
            .filter(|key| !known.contains_key(*key) && !added.contains_key(*key))
            .collect();
        known.extend(components::known(&mut write, &missing).await?);
    }
    let new_count = added.len() as u64;
    known.extend(added);
    let set: RoaringBitmap = known
        .values()
        .map(|id| u32::try_from(*id).map_err(|_| Error::Damaged("a number")))
        .collect::<Result<_>>()?;
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
