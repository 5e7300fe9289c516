//! Images that were read already, and need no more than a name.

use plimsoll_model::{ImageName, Platform};

use crate::app::App;
use crate::error::Result;
use crate::store::images::Image;
use crate::store::{Connection, Write, facts, images, registries};

/// The image of a digest, where it was read whole and from a registry: with its configuration, and as
/// it is stored there. A digest of several images stands for the one that fits a platform.
pub async fn known(
    read: &mut Connection,
    digest: &str,
    platform: &Platform,
) -> Result<Option<Image>> {
    let is_read = |it: &Image| !it.partial && it.source == "registry";
    if let Some(image) = images::by_digest(read, digest).await? {
        return Ok(Some(image).filter(is_read));
    }
    for meant in facts::aliases(read, digest).await? {
        let image = images::by_digest(read, &meant).await?.filter(is_read);
        let Some(image) = image else { continue };
        if image.platform.parse::<Platform>().is_ok_and(|its| fits(&its, platform)) {
            return Ok(Some(image));
        }
    }
    Ok(None)
}

/// Whether an image of one platform is what is read where another is asked for.
fn fits(its: &Platform, asked: &Platform) -> bool {
    its.os == asked.os
        && its.architecture == asked.architecture
        && (asked.variant.is_none() || its.variant == asked.variant)
}

/// The image of a name with a digest, where it need not be read again: it gets the name, and those by
/// which watched registries lead to the digest. The caller commits that.
pub async fn name_known(
    app: &App,
    name: &ImageName,
    platform: &Platform,
) -> Result<Option<(Write, Image)>> {
    let Some(digest) = name.digest().map(ToString::to_string) else { return Ok(None) };
    let Some(image) = known(&mut *app.store.read().await?, &digest, platform).await? else {
        return Ok(None);
    };
    let mut write = app.store.write().await?;
    let repository = format!("{}/{}", name.registry(), name.repository());
    images::name(&mut write, &repository, name.tag().unwrap_or_default(), &image.digest).await?;
    registries::name_image(&mut write, &digest).await?;
    Ok(Some((write, image)))
}
