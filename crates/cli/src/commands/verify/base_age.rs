//! How old the image is that an image is built on, by what its build wrote into its annotations.

use plimsoll_image::Options;
use plimsoll_image::attached::{Registries, Repository, Stored};
use plimsoll_model::{ImageName, Timestamp};

use crate::scan_claim;

/// What is annotated of an image's base:
/// <https://github.com/opencontainers/image-spec/blob/main/annotations.md>.
const BASE: [&str; 2] =
    ["org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"];

/// What is known of an image's base.
pub(crate) enum BaseAge {
    /// The image does not say what it is built on.
    Unsaid,
    /// What it says cannot be used, and why.
    Odd(String),
    /// The base, and when it was made.
    Of(String, Timestamp),
}

/// Asks the base's registry when the base was made.
pub(crate) fn base_age(
    image: &Stored,
    registries: &Registries,
    options: &Options,
) -> anyhow::Result<BaseAge> {
    let annotation = |name: &str| image.manifest.annotations.get(name);
    let [Some(base), Some(digest)] = BASE.map(annotation) else { return Ok(BaseAge::Unsaid) };
    let base: ImageName = match base.parse::<ImageName>() {
        Ok(name) => format!("{}/{}@{digest}", name.registry(), name.repository()).parse()?,
        Err(error) => return Ok(BaseAge::Odd(format!("is built on what cannot be read: {error}"))),
    };
    let repository: Repository = registries.of(&base)?;
    let manifest = scan_claim::image(&repository, options)?.manifest;
    let Some(config) = &manifest.config else {
        return Ok(BaseAge::Odd(format!("is built on `{base}`, which is no image")));
    };
    let config: serde_json::Value = serde_json::from_slice(&repository.piece(config)?)?;
    let created = config.get("created").and_then(|it| it.as_str());
    let created: Option<Timestamp> = created.and_then(|it| it.parse().ok());
    // Builds that are reproducible say 1970.
    Ok(match created.filter(|it| it.as_unix() > 86_400) {
        None => BaseAge::Odd(format!("is built on `{base}`, whose age is not known")),
        Some(created) => BaseAge::Of(base.to_string(), created),
    })
}
