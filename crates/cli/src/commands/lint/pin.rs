//! `--pin`: what the tags of base images stand for now, asked of their registries.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_build::syntax::Dockerfile;
use plimsoll_build::{Source, stages};
use plimsoll_image::Options;
use plimsoll_model::{Digest, Reference};

use crate::exit::tell;
use crate::target::spinner;

/// The digests of the base images of some Dockerfiles, by the text behind `FROM`.
///
/// A name that cannot be resolved is told and left as it is.
pub(super) fn digests<'t>(
    texts: impl Iterator<Item = &'t str>,
    options: &Options,
) -> BTreeMap<String, Digest> {
    let mut names = BTreeSet::new();
    for text in texts {
        let file = Dockerfile::parse(Source::new(text));
        for stage in stages(&file) {
            let image = &stage.image.text;
            if stage.parent.is_none() && !stage.is_scratch() && !image.contains(['$', '@']) {
                names.insert(image.clone());
            }
        }
    }
    let mut found = BTreeMap::new();
    for text in names {
        let progress = spinner(&format!("asking for {text}"));
        let resolved = match text.parse() {
            Ok(Reference::Image { name, .. }) => {
                plimsoll_image::resolve(&name, options).map_err(|error| error.to_string())
            }
            Ok(_) => Err("it is no name of a registry's image".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        progress.finish_and_clear();
        match resolved {
            Ok(digest) => {
                found.insert(text, digest);
            }
            Err(why) => tell(&format!("`{text}` is not pinned: {why}")),
        }
    }
    found
}
