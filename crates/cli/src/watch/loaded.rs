//! A record of what is used of images.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use plimsoll_model::{Inventory, Purl};
use plimsoll_runtime::loaded::{ImageUse, Mappings, Recorder, Use};

use super::image::Surveyed;
use crate::exit::tell;
use crate::{loaded, output};

/// Follows what is used.
pub(super) struct Loading {
    pub(super) recorder: Recorder,
}

impl Loading {
    /// Of all containers, or of those of an image.
    pub(super) fn new(image: Option<&Surveyed>) -> Self {
        Self { recorder: Recorder::new(image.map(|it| it.only.clone())) }
    }

    /// A capture begins, which tells of all mappings or perhaps not.
    pub(super) fn begin_capture(&mut self, has_mappings: bool) {
        let mappings = if has_mappings { Mappings::Said } else { Mappings::Unknown };
        self.recorder.section(mappings);
    }

    /// Writes what was seen, with the packages of an image that is at hand; it is told in a line.
    pub(super) fn write(
        mut self,
        path: &Path,
        image: Option<&Surveyed>,
        is_lossy: bool,
    ) -> anyhow::Result<()> {
        if is_lossy {
            self.recorder.lose();
        }
        let unknown = self.recorder.unknown_containers();
        if unknown > 0 {
            tell(&format!(
                "warning: {unknown} containers are left out, because nobody tells their image: of no image it can be said that something was never loaded"
            ));
        }
        let mut record = self.recorder.finish();
        for used in &mut record.images {
            let files = used.files.len();
            let Some(image) = image else {
                tell(&format!("{}: {files} files were loaded", shown(&used.image.name)));
                continue;
            };
            used.packages = packages(&image.inventory, used);
            tell(&format!(
                "{}: {files} files of {} packages were loaded",
                shown(&used.image.name),
                used.packages.len()
            ));
        }
        if record.images.is_empty() {
            tell("warning: no container whose image is known was seen: the record is empty");
        }
        output::whole(path, |out| out.write_all(record.to_json().as_bytes()))
            .with_context(|| format!("cannot write `{}`", path.display()))
    }
}

fn packages(inventory: &Inventory, used: &ImageUse) -> BTreeMap<String, Use> {
    let distro = inventory.distro.as_ref();
    let found = loaded::uses(inventory, used).into_iter().zip(&inventory.packages);
    found
        .filter_map(|(found, package)| Some((Purl::of(package, distro).to_string(), found?)))
        .collect()
}

/// Names come from runtimes and captures.
fn shown(name: &str) -> String {
    if name.is_empty() {
        "an image without a name".to_owned()
    } else {
        name.escape_debug().to_string()
    }
}
