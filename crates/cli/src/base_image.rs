//! A base drawn from a real image: read once, for its packages and for what can be built upon.

use plimsoll_build::bases::{Base, MeasuredRoot, known};
use plimsoll_model::{Inventory, Reference, Survey};

use crate::target::Reading;

/// A base, and the inventory that it was drawn from.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) base: Base,
    pub(crate) inventory: Inventory,
}

/// Reads an image and says what it is as a base.
pub(crate) fn measure(reading: &Reading, reference: &str) -> anyhow::Result<Measured> {
    let inventory = reading.survey(reference)?;
    Ok(Measured { base: base_of(&inventory, reference), inventory })
}

/// The name of an image without the source that was typed before it; what names no image is left
/// as it is.
pub(crate) fn image_name(reference: &str) -> String {
    match reference.parse() {
        Ok(Reference::Image { name, .. }) => {
            let name = name.familiar();
            name.strip_suffix(":latest").map_or(name.clone(), str::to_owned)
        }
        _ => reference.to_owned(),
    }
}

fn base_of(inventory: &Inventory, reference: &str) -> Base {
    let nothing = Survey::default();
    let survey = inventory.survey.as_ref().unwrap_or(&nothing);
    let root = MeasuredRoot {
        passwd: &survey.passwd,
        group: &survey.group,
        os_release: &survey.os_release,
        config: survey.config.as_ref(),
        links: &survey.links,
    };
    let links = survey.links.iter().map(|(path, _)| path.as_str());
    let programs = survey.programs.iter().map(String::as_str).chain(links);
    let mut base = Base::from_root(reference, root, programs);
    // Where programs were left out, or could not be read, what is missing is not absent.
    base.commands.complete = !survey.is_cut && !inventory.is_partial();
    base.accounts_complete = !inventory.is_partial();
    let os = inventory.present().filter(|package| package.kind.is_os());
    let names = os.map(|package| package.name.clone()).collect();
    base.installed = (!inventory.is_partial()).then_some(names);
    let artifact = &inventory.artifact;
    base.platform.clone_from(&artifact.platform);
    base.size.compressed = (artifact.size > 0).then_some(artifact.size);
    base.size.unpacked = Some(survey.unpacked);
    let packages = inventory.present().filter(|package| package.kind.is_os()).count();
    base.packages = u64::try_from(packages).ok();
    base.as_of = artifact.created;
    if let Some(facts) = known(&image_name(reference)) {
        base.take_lifetimes(&facts);
    }
    base
}
