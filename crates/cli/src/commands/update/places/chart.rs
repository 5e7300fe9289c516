//! `Chart.yaml`: charts that a chart depends on, by exact versions.
//!
//! <https://helm.sh/docs/topics/charts/#chart-dependencies>

use plimsoll_kube::manifest::{Manifest, Node};
use plimsoll_model::text::Source;
use plimsoll_model::update::PinKind;

use super::{Kind, pin, scalar};
use crate::commands::update::files::File;
use crate::commands::update::pin::{Form, Pin};

pub(super) const KIND: Kind = Kind { is: |names| names.file == "chart.yaml", pins };

fn pins(file: &File) -> Vec<Pin> {
    let manifest = Manifest::parse(Source::new(file.source.text()));
    let mut found = Vec::new();
    for document in &manifest.documents {
        for node in document.get("dependencies").map(Node::items).unwrap_or_default() {
            let field = |name: &str| node.get(name).and_then(|node| scalar(file, node));
            let (Some((name, _)), Some((version, span))) = (field("name"), field("version")) else {
                continue;
            };
            let repository = field("repository").map_or("", |(text, _)| text).to_owned();
            found.push(pin(file, PinKind::Chart, name, version, span, Form::Chart(repository)));
        }
    }
    found
}
