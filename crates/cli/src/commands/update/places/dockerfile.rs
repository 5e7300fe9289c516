//! Dockerfiles: base images, what is copied or mounted from images, and packages that are installed by
//! their versions.

use plimsoll_build::named_images;
use plimsoll_build::syntax::Dockerfile;
use plimsoll_build::updates::pinned_packages;
use plimsoll_model::text::Source;
use plimsoll_model::update::PinKind;

use super::{Kind, image, pin};
use crate::commands::lint::files::is_dockerfile;
use crate::commands::update::files::File;
use crate::commands::update::pin::{Form, Pin};

pub(super) const KIND: Kind = Kind { is: |names| is_dockerfile(&names.file), pins };

fn pins(file: &File) -> Vec<Pin> {
    let read = Dockerfile::parse(Source::new(file.source.text()));
    let images = named_images(&read).into_iter();
    let mut found: Vec<Pin> = images.filter_map(|(text, span)| image(file, &text, span)).collect();
    found.extend(pinned_packages(&read).into_iter().map(|one| {
        let form = Form::Installed(one.installer, one.image);
        pin(file, PinKind::Package, &one.name, &one.version, one.span, form)
    }));
    found.sort_by_key(|one| one.span);
    found
}
