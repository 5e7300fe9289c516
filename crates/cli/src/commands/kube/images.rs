//! What is known of the images that manifests run.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_build::bases::known;

use super::files::Read;
use crate::base_image::image_name;
use crate::exit::{Outcome, chain, tell};
use crate::target::Reading;

/// The user of each image, of well-known ones by what is known of them; of the others, where they
/// are to be read, by their configuration.
pub(super) fn users(
    manifests: &[Read],
    read: bool,
    reading: &Reading,
) -> (BTreeMap<String, String>, Outcome) {
    let names: BTreeSet<&str> =
        manifests.iter().flat_map(|one| plimsoll_kube::images(&one.manifest)).collect();
    let mut users = BTreeMap::new();
    let mut outcome = Outcome::Clean;
    for name in names {
        if read {
            match reading.survey(name) {
                Ok(inventory) => {
                    let config = inventory.survey.and_then(|survey| survey.config);
                    users.extend(config.map(|config| (name.to_owned(), config.user)));
                }
                Err(error) => {
                    tell(&format!("error: cannot read the image `{name}`: {}", chain(&error)));
                    outcome = outcome.or(Outcome::Partial);
                }
            }
        } else if let Some(user) = known(&image_name(name)).and_then(|base| base.user) {
            let user = if user == "root" { String::new() } else { user };
            users.insert(name.to_owned(), user);
        }
    }
    (users, outcome)
}
