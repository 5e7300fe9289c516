//! Compose files: the images of services that are not built.
//!
//! <https://github.com/compose-spec/compose-spec/blob/main/05-services.md#image>

use plimsoll_kube::manifest::Manifest;
use plimsoll_model::text::Source;

use super::{Kind, Names, image, scalar};
use crate::commands::update::files::File;
use crate::commands::update::pin::Pin;

pub(super) const KIND: Kind = Kind { is, pins };

fn is(names: &Names) -> bool {
    let begins = ["docker-compose", "compose"]
        .iter()
        .any(|word| names.file.strip_prefix(word).is_some_and(|rest| rest.starts_with(['.', '-'])));
    begins && names.is_yaml()
}

fn pins(file: &File) -> Vec<Pin> {
    let manifest = Manifest::parse(Source::new(file.source.text()));
    let mut found = Vec::new();
    for document in &manifest.documents {
        let services = document.get("services").and_then(|node| node.as_mapping());
        for service in services.into_iter().flat_map(|mapping| &mapping.fields) {
            // What is built has the name that it is given.
            if service.value.get("build").is_some() {
                continue;
            }
            let node = service.value.get("image");
            let text = node.and_then(|node| scalar(file, node));
            found.extend(text.and_then(|(text, span)| image(file, text, span)));
        }
    }
    found
}
