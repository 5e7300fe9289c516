//! An image with all that is known of it.

use std::collections::HashMap;

use plimsoll_advisory::matching::Declared;
use plimsoll_model::{Inventory, Package};
use plimsoll_policy::Score;

use super::super::visit::Failure;
use crate::app::App;
use crate::auth::{Actor, reach};
use crate::catalogue::{self, Component};
use crate::store::facts::{self, Around};
use crate::store::findings::{self, Stored};
use crate::store::images::{self, Image};
use crate::store::{components, estate, summaries};

/// An image with all that is known of it.
pub(in crate::ui) struct Whole {
    pub(in crate::ui) image: Image,
    pub(super) inventory: Option<Inventory>,
    /// Open findings, worst first.
    pub(in crate::ui) open: Vec<Stored>,
    /// Components by number.
    pub(in crate::ui) about: HashMap<i64, components::Shown>,
    /// Packages of each component, by their place in the inventory.
    places: HashMap<i64, Vec<usize>>,
    pub(super) score: Score,
    pub(super) names: Vec<(String, String)>,
    pub(super) around: Around,
}

impl Whole {
    /// The image of a digest, as far as somebody sees it.
    pub(in crate::ui) async fn of(app: &App, actor: &Actor, digest: &str) -> Result<Self, Failure> {
        let sight = reach::sight(app, actor).await?;
        let mut read = app.store.read().await?;
        let image = images::by_digest(&mut read, digest).await?;
        let image = image.filter(|it| sight.as_ref().is_none_or(|sight| sight.has_image(it.id)));
        let image =
            image.ok_or_else(|| Failure::missing("No image of this digest has been read."))?;
        let sets = images::sets(&mut read, &[image.set]).await?;
        let set = sets.into_values().next().unwrap_or_default();
        let ids: Vec<i64> = set.iter().map(i64::from).collect();
        let mut open = findings::of_components(&mut read, &ids).await?;
        open.retain(|it| it.is_open);
        open.sort_by(|a, b| {
            (b.severity, b.kev, &a.weakness, a.id).cmp(&(a.severity, a.kev, &b.weakness, b.id))
        });
        let about = components::shown(&mut read, &ids).await?;
        let names = images::names(&mut read, digest).await?;
        let weights = summaries::weights(&mut read, Some(&set)).await?;
        let inventory = catalogue::inventory(app, &image.inventory).await.ok();
        let mut places: HashMap<i64, Vec<usize>> = HashMap::new();
        if let Some(inventory) = &inventory {
            let is_folder = inventory.artifact.source == "dir";
            let declared = if is_folder { Declared::Counts } else { Declared::Passed };
            let keys: Vec<(usize, String)> = inventory
                .packages
                .iter()
                .enumerate()
                .filter_map(|(at, package)| {
                    let it = Component::of(package, inventory.distro.as_ref(), declared)?;
                    Some((at, it.key()))
                })
                .collect();
            let all: Vec<&str> = keys.iter().map(|it| it.1.as_str()).collect();
            let known = components::known(&mut read, &all).await?;
            for (at, key) in &keys {
                if let Some(id) = known.get(key) {
                    places.entry(*id).or_default().push(*at);
                }
            }
        }
        let around = facts::around(&mut read, digest).await?;
        let known = inventory.as_ref().map(|it| summaries::Known::of(app, it)).unwrap_or_default();
        let facts =
            summaries::score_facts(&image, &known, around.evidence, summaries::sum(&set, &weights));
        Ok(Self { image, inventory, open, about, places, score: Score::of(&facts), names, around })
    }

    fn package(&self, at: usize) -> Option<&Package> {
        self.inventory.as_ref()?.packages.get(at)
    }

    pub(super) fn packages_of(&self, component: i64) -> impl Iterator<Item = &Package> {
        self.places.get(&component).into_iter().flatten().filter_map(|at| self.package(*at))
    }

    /// The layer that a component came with.
    pub(super) fn layer_of(&self, component: i64) -> Option<u32> {
        self.packages_of(component).flat_map(|it| &it.locations).filter_map(|it| it.layer).min()
    }

    pub(super) fn path_of(&self, component: i64) -> Option<&str> {
        self.packages_of(component).flat_map(|it| &it.locations).map(|it| it.path.as_str()).next()
    }

    pub(super) fn instruction(&self, layer: u32) -> &str {
        let layer = usize::try_from(layer).ok();
        let layer = layer.and_then(|at| self.inventory.as_ref()?.layers.get(at));
        layer.map(|it| it.created_by.as_str()).unwrap_or_default()
    }

    pub(super) fn counts(&self) -> [i64; 5] {
        let mut counts = [0; 5];
        for finding in &self.open {
            if let Some(sum) = counts.get_mut(estate::place(finding.severity)) {
                *sum += 1;
            }
        }
        counts
    }
}
