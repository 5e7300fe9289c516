//! Where BuildKit's provenance is: with an image, or in a file.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use plimsoll_image::Options;
use plimsoll_image::attached::{Repository, Stored};
use plimsoll_image::oci::Descriptor;
use plimsoll_supply::intoto::Statement;
use plimsoll_supply::provenance::generate::buildkit::BuildKit;

use crate::exit::Usage;
use crate::target;

/// The largest file of provenance: 64 MiB, as of a layer of an artifact.
const MAX_FILE: u64 = 64 << 20;

/// By which an index says that an entry is about another one.
const KIND: &str = "vnd.docker.reference.type";
const ABOUT: &str = "vnd.docker.reference.digest";
const ATTESTATION: &str = "attestation-manifest";

/// By which an attestation manifest says what a layer claims.
const PREDICATE: &str = "in-toto.io/predicate-type";
const PROVENANCE: &str = "https://slsa.dev/provenance/";

/// What BuildKit wrote of the build that `what` names.
pub(super) fn read(what: &str, options: &Options) -> anyhow::Result<BuildKit> {
    let platform = options.platform.to_string();
    if target::is_file(what) {
        let path = what.strip_prefix("file:").unwrap_or(what);
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
            .with_context(|| format!("cannot read `{path}`"))?;
        anyhow::ensure!(bytes.len() as u64 <= MAX_FILE, "`{path}` has more than 64 MiB");
        // Most files have one build, which is right whatever machine this is.
        return BuildKit::parse(&bytes, None)
            .or_else(|_| BuildKit::parse(&bytes, Some(&platform)))
            .with_context(|| format!("`{path}`"));
    }
    if Path::new(what).is_dir() {
        let why = format!("`{what}` is a folder: name the layout in it as `oci-dir:{what}`");
        return Err(Usage(why).into());
    }
    let (_, repository) = target::repository(what, options)?;
    let subject = repository.subject()?;
    let attested = attestation(&repository, &subject, options)?;
    let Some((manifest, image)) = attested else {
        anyhow::bail!(
            "`{what}` has no attestation of BuildKit's for {platform}: build it with \
             `docker buildx build --provenance=mode=max`"
        );
    };
    for layer in &manifest.manifest.layers {
        let kind = layer.annotations.get(PREDICATE);
        if !kind.is_some_and(|kind| kind.starts_with(PROVENANCE)) {
            continue;
        }
        let bytes = repository.piece(layer)?;
        let statement = Statement::parse(&bytes).with_context(|| format!("`{what}`"))?;
        let about = statement.subject.iter().any(|subject| {
            subject.digest.get(image.algorithm().name()).map(String::as_str) == Some(image.hex())
        });
        // BuildKit leaves the subject out where the image has no name.
        anyhow::ensure!(
            about || statement.subject.is_empty(),
            "the provenance that hangs on `{what}` is of another image than {image}"
        );
        return BuildKit::parse(&bytes, None).with_context(|| format!("`{what}`"));
    }
    anyhow::bail!("the attestations of `{what}` hold no provenance")
}

/// The attestation manifest of the image for the platform, and that image's digest.
fn attestation(
    repository: &Repository,
    index: &Stored,
    options: &Options,
) -> anyhow::Result<Option<(Stored, plimsoll_model::Digest)>> {
    match index.manifest.manifests.as_slice() {
        // An index may lie in an index, as buildx exports a layout.
        [only] => attestation_in(repository, &repository.manifest(&only.digest)?, options),
        _ => attestation_in(repository, index, options),
    }
}

fn attestation_in(
    repository: &Repository,
    index: &Stored,
    options: &Options,
) -> anyhow::Result<Option<(Stored, plimsoll_model::Digest)>> {
    let entries = &index.manifest.manifests;
    let images: Vec<&Descriptor> = entries.iter().filter(|it| about(it).is_none()).collect();
    let fits = |it: &&&Descriptor| it.platform.as_ref().is_some_and(|p| p.fits(&options.platform));
    let image = match images.as_slice() {
        [only] => Some(*only),
        several => several.iter().find(fits).copied(),
    };
    let Some(image) = image else { return Ok(None) };
    let digest = image.digest.to_string();
    match entries.iter().find(|it| about(it) == Some(&digest)) {
        Some(entry) => Ok(Some((repository.manifest(&entry.digest)?, image.digest.clone()))),
        None => Ok(None),
    }
}

/// The digest of the image that an entry attests; none of an entry that is an image.
fn about(entry: &Descriptor) -> Option<&String> {
    if entry.annotations.get(KIND)? != ATTESTATION {
        return None;
    }
    entry.annotations.get(ABOUT)
}
