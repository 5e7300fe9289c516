//! A base drawn from a real image: read once, for its packages and for what can be built upon.

use plimsoll_build::bases::{Base, ImageConfig, MeasuredRoot, known};
use plimsoll_model::Inventory;

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

fn base_of(inventory: &Inventory, reference: &str) -> Base {
    let survey = inventory.survey.clone().unwrap_or_default();
    let config = survey.config.map(|config| ImageConfig {
        user: config.user,
        workdir: config.workdir,
        entrypoint: config.entrypoint,
        cmd: config.cmd,
        env: config.env,
        shell: config.shell,
    });
    let root = MeasuredRoot {
        passwd: &survey.passwd,
        group: &survey.group,
        os_release: &survey.os_release,
        config: config.as_ref(),
        links: &survey.links,
    };
    let links = survey.links.iter().map(|(path, _)| path.as_str());
    let programs = survey.programs.iter().map(String::as_str).chain(links);
    let mut base = Base::from_root(reference, root, programs);
    // Where programs were left out, or could not be read, what is missing is not absent.
    base.commands.complete = !survey.is_cut && !inventory.is_partial();
    let artifact = &inventory.artifact;
    base.size.compressed = (artifact.size > 0).then_some(artifact.size);
    base.size.unpacked = Some(survey.unpacked);
    let packages = inventory.present().filter(|package| package.kind.is_os()).count();
    base.packages = u64::try_from(packages).ok();
    base.as_of = artifact.created;
    let named = reference.split_once(':').map_or(reference, |(prefix, rest)| {
        let is_transport = ["docker", "podman", "registry"].contains(&prefix);
        if is_transport { rest } else { reference }
    });
    if let Some(facts) = known(named) {
        base.take_lifetimes(&facts);
    }
    base
}
