//! Scans that somebody vouches for: which image of a reference they are about, and the claim.

use anyhow::{Context as _, bail};
use plimsoll_advisory::database::Database;
use plimsoll_image::Options;
use plimsoll_image::attached::{Repository, Stored};
use plimsoll_model::{Digest, Reference, Timestamp};
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::hash::{HashAlgorithm, hex};
use plimsoll_supply::scan_claim::{Circumstances, ScanClaim};

use crate::commands::scan;
use crate::exit::Usage;
use crate::target::{Reading, tell_problems};

/// The image that a scan of the reference is about: of an index the one for the wanted platform.
/// Only manifests are read.
pub(crate) fn image(repository: &Repository, options: &Options) -> anyhow::Result<Stored> {
    image_of(repository, repository.subject()?, options)
}

/// The same of what the reference was found to stand for.
pub(crate) fn image_of(
    repository: &Repository,
    subject: Stored,
    options: &Options,
) -> anyhow::Result<Stored> {
    if subject.manifest.manifests.is_empty() {
        return Ok(subject);
    }
    let fits = |platform: &plimsoll_image::oci::IndexPlatform| platform.fits(&options.platform);
    let entries = &subject.manifest.manifests;
    let Some(entry) = entries.iter().find(|it| it.platform.as_ref().is_some_and(fits)) else {
        let wanted = &options.platform;
        let why = format!(
            "{} has no image for {wanted}: name another with `--platform`",
            subject.descriptor.digest
        );
        return Err(Usage(why).into());
    };
    Ok(repository.manifest(&entry.digest)?)
}

/// Scans the image with this digest and says so, with the time that it is given.
pub(crate) fn claim(
    reference: &Reference,
    image: &Digest,
    reading: &Reading,
    database: &Database,
    declared: bool,
    scanned_on: Timestamp,
) -> anyhow::Result<ScanClaim> {
    // What a tag or a daemon has may be another image by now.
    let pinned = match reference {
        Reference::Image { name, .. } => {
            format!("registry:{}/{}@{image}", name.registry(), name.repository())
        }
        path => path.to_string(),
    };
    let inventory = reading.read(&pinned)?;
    match &inventory.artifact.manifest_digest {
        Some(read) if read == image => {}
        read => {
            let read = read.as_ref().map_or_else(|| "none".into(), ToString::to_string);
            bail!("`{pinned}` gave the image {read}, and not {image}: it has changed meanwhile");
        }
    }
    tell_problems(&inventory);
    let scan = scan::matched(inventory, database, declared, scanned_on)?;
    let circumstances = Circumstances {
        target: image.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        program: program()?,
        database: database.digest(),
        declared,
        scanned_on,
    };
    Ok(ScanClaim::of(&scan, &circumstances))
}

/// The digest of this program's file.
fn program() -> anyhow::Result<Digest> {
    let path = std::env::current_exe().context("this program's file is not known")?;
    let shown = path.display().to_string();
    let file = Artefact::open(&path).with_context(|| format!("cannot read `{shown}`"))?;
    let digest = file.digest(HashAlgorithm::Sha256)?.map(hex).unwrap_or_default();
    Ok(format!("sha256:{digest}").parse()?)
}
