//! Which images a manifest names, and where.

use plimsoll_model::text::Span;

use crate::manifest::Manifest;
use crate::object::objects;
use crate::workload::Workload;

/// Every image that an object's pods would run or mount, as written, with the place of the value.
pub fn named_images(manifest: &Manifest) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    for object in objects(manifest).0 {
        let Some(workload) = Workload::new(object, &manifest.source) else { continue };
        let containers =
            workload.pod.containers.iter().filter_map(|container| container.node.text("image"));
        let volumes = workload.pod.spec.list("volumes").iter();
        let volumes = volumes.filter_map(|volume| volume.get("image")?.text("reference"));
        let images = containers.chain(volumes).filter(|image| !image.value.is_empty());
        found.extend(images.map(|image| (image.value.to_owned(), image.span)));
    }
    found.sort_by_key(|(_, span)| *span);
    // What an alias stands for is named once.
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::Source;

    use super::*;

    #[test]
    fn containers_of_every_sort_and_volumes_name_images_where_they_stand() {
        let text = "kind: Pod\napiVersion: v1\nspec:\n  initContainers: [{image: 'a:1'}]\n  \
                    containers:\n  - image: &b b:2 # kept\n  - image: *b\n  volumes:\n  - image: \
                    {reference: c}\n---\nkind: Service\nspec: {image: no}\n";
        let manifest = Manifest::parse(Source::new(text));
        let found = named_images(&manifest);
        let slices: Vec<_> = found
            .iter()
            .map(|(text, span)| (text.as_str(), manifest.source.slice(*span)))
            .collect();
        assert_eq!(slices, [("a:1", "'a:1'"), ("b:2", "b:2"), ("c", "c")]);
    }
}
