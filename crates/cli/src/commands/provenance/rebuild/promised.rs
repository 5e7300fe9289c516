//! What a provenance statement promises: the digests of its subjects.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use plimsoll_image::Options;
use plimsoll_image::attached::Repository;
use plimsoll_image::opened::OpenImage;
use plimsoll_model::{Digest, Reference, Transport};
use plimsoll_supply::intoto::Statement;
use plimsoll_supply::provenance::level::unverified_statement;

use crate::exit::{Outcome, Usage};
use crate::output;

/// The digests of the subjects of a statement, a bundle or an envelope.
pub(super) fn subjects(file: &Path) -> anyhow::Result<Vec<Digest>> {
    let shown = file.display();
    let bytes = fs::read(file).with_context(|| format!("cannot read `{shown}`"))?;
    let statement = unverified_statement(&bytes)
        .ok_or_else(|| Usage(format!("`{shown}` holds no in-toto statement")))?;
    let statement = Statement::parse(&statement).with_context(|| format!("`{shown}`"))?;
    let digest = |(algorithm, hex): (&String, &String)| format!("{algorithm}:{hex}").parse().ok();
    Ok(statement.subject.iter().flat_map(|it| it.digest.iter().filter_map(digest)).collect())
}

/// Whether an image is among the subjects: by its manifest, by the index that it was found by, or
/// by its configuration.
pub(super) fn is_subject(
    name: &str,
    image: &OpenImage,
    subjects: &[Digest],
    options: &Options,
) -> bool {
    let own = [&image.artifact.manifest_digest, &image.artifact.config_digest];
    if own.into_iter().flatten().any(|digest| subjects.contains(digest)) {
        return true;
    }
    let Ok(reference) = name.parse::<Reference>() else { return false };
    let is_stored = matches!(
        &reference,
        Reference::Image { transport: Transport::Auto | Transport::Registry, .. }
            | Reference::Path { transport: Transport::OciDir, .. }
    );
    if !is_stored {
        return false;
    }
    let index = Repository::open(&reference, options).and_then(|place| place.subject());
    index.is_ok_and(|index| subjects.contains(&index.descriptor.digest))
}

/// What there is to say where nothing is compared.
pub(super) fn conclude(
    image: &OpenImage,
    is_subject: bool,
    subjects: &[Digest],
) -> anyhow::Result<Outcome> {
    output::write(None, |out| {
        if is_subject {
            return writeln!(out, "reproduced: `{}` is what the provenance names", image.reference);
        }
        writeln!(out, "not reproduced: the provenance names another image")?;
        let found =
            image.artifact.manifest_digest.as_ref().or(image.artifact.config_digest.as_ref());
        for digest in subjects.iter().take(5) {
            writeln!(out, "  expected {digest}")?;
        }
        writeln!(out, "  found    {}", found.map(ToString::to_string).unwrap_or_default())
    })?;
    Ok(if is_subject { Outcome::Clean } else { Outcome::Gate(1) })
}
