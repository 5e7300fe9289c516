//! What an image says of itself beside its components.

use plimsoll_advisory::database::Database;
use plimsoll_model::{Inventory, Reference};

use crate::error::Result;
use crate::moment;
use crate::store::{Write, facts};

/// The label by which a builder says what an image was built on.
///
/// Source: <https://github.com/opencontainers/image-spec/blob/main/annotations.md>.
const BASE: &str = "org.opencontainers.image.base.name";

/// Writes down what an inventory says of its image, whose digest is given.
pub(super) async fn note(
    write: &mut Write,
    inventory: &Inventory,
    digest: &str,
    database: &Database,
) -> Result<()> {
    let artifact = &inventory.artifact;
    if let Ok(Reference::Image { name, .. }) = artifact.reference.parse() {
        let asked = name.digest().map(ToString::to_string).filter(|asked| asked != digest);
        if let Some(asked) = asked {
            facts::alias(write, &asked, digest).await?;
        }
    }
    let label = artifact.labels.iter().find(|(name, _)| name == BASE);
    let base = label.map(|(_, value)| value.clone());
    let distro = inventory.distro.as_ref();
    let named = distro.map(|it| format!("{} {}", it.id, it.version).trim_end().to_owned());
    let end = distro.and_then(|it| it.end_of_life.or_else(|| database.end_of_life(it)));
    // Only an image has a user; a folder or a document is not run.
    let is_image = artifact.config_digest.is_some();
    facts::put(
        write,
        digest,
        &facts::Facts {
            runs_as_root: is_image.then(|| is_root(&artifact.user)),
            end_of_life: end.map(moment::of),
            base: base.or(named).unwrap_or_default(),
        },
    )
    .await
}

/// Whether `USER` of a configuration is root.
fn is_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or_default();
    name.is_empty() || name == "root" || name.parse() == Ok(0_u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_told_by_name_number_and_silence() {
        for user in ["", "root", "0", "0:0", "root:root", "00"] {
            assert!(is_root(user), "{user}");
        }
        for user in ["app", "1000", "nobody:root"] {
            assert!(!is_root(user), "{user}");
        }
    }
}
