//! Values of charts: `repository` and `tag` beside each other, and `image` as a whole reference.
//!
//! <https://helm.sh/docs/chart_best_practices/pods/#images>

use plimsoll_kube::manifest::Node;
use plimsoll_model::update::PinKind;

use super::{Kind, Names, image, of_mappings, pin, scalar};
use crate::commands::update::files::File;
use crate::commands::update::pin::{Form, Pin};

pub(super) const KIND: Kind = Kind { is, pins: |file| of_mappings(file, of_mapping) };

fn is(names: &Names) -> bool {
    names.is_yaml()
        && names.file.strip_prefix("values").is_some_and(|rest| rest.starts_with(['.', '-', '_']))
}

fn of_mapping(file: &File, node: &Node) -> Option<Pin> {
    if let (Some(repository), Some(tag)) = (node.get("repository"), node.get("tag")) {
        let (repository, _) = scalar(file, repository)?;
        let (tag, span) = scalar(file, tag)?;
        let registry = node.get("registry").and_then(|node| node.as_str());
        let name = match registry {
            Some(registry) if !registry.is_empty() => format!("{registry}/{repository}"),
            _ => repository.to_owned(),
        };
        return Some(pin(file, PinKind::Image, &name, tag, span, Form::Tag));
    }
    let (text, span) = scalar(file, node.get("image")?)?;
    // A word by itself is as likely the name of something else.
    if text.contains([':', '@']) { image(file, text, span) } else { None }
}
