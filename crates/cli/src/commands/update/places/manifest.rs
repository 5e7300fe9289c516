//! Kubernetes manifests: the images of pods. Other YAML names none.

use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::named_images;
use plimsoll_model::text::Source;

use super::{Kind, image};
use crate::commands::update::files::File;
use crate::commands::update::pin::Pin;

pub(super) const KIND: Kind = Kind { is: |names| names.is_yaml(), pins };

fn pins(file: &File) -> Vec<Pin> {
    let text = file.source.text();
    if !(text.contains("apiVersion") && text.contains("kind")) {
        return Vec::new();
    }
    let manifest = Manifest::parse(Source::new(text));
    let images = named_images(&manifest).into_iter();
    images.filter_map(|(text, span)| image(file, &text, span)).collect()
}
