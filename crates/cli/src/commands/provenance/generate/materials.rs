//! What went into a build: base images of Dockerfiles, and files that pin the rest.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_build::syntax::Dockerfile;
use plimsoll_build::{Source, stages};
use plimsoll_image::Options;
use plimsoll_model::{Digest, ImageName, Reference};
use plimsoll_supply::provenance::generate::Resource;

use crate::exit::{Usage, tell};
use crate::signing::attestation;
use crate::target::spinner;

/// The largest Dockerfile that is read: 4 MiB.
const MAX_DOCKERFILE: u64 = 4 << 20;

/// The base images of Dockerfiles: as pinned, or as their registry resolves them now.
pub(super) fn bases(
    files: &[PathBuf],
    resolve: bool,
    options: &Options,
) -> anyhow::Result<Vec<Resource>> {
    let mut names = BTreeSet::new();
    for path in files {
        let shown = path.display();
        let about = fs::metadata(path).with_context(|| format!("cannot read `{shown}`"))?;
        if about.len() > MAX_DOCKERFILE {
            return Err(Usage(format!("`{shown}` has more than 4 MiB")).into());
        }
        let text = fs::read_to_string(path).with_context(|| format!("cannot read `{shown}`"))?;
        let file = Dockerfile::parse(Source::new(&text));
        for stage in stages(&file) {
            if stage.parent.is_some() || stage.is_scratch() {
                continue;
            }
            let image = stage.image.text.clone();
            if image.contains('$') {
                tell(&format!("`{image}` in `{shown}` depends on an argument: it is left out"));
                continue;
            }
            names.insert(image);
        }
    }
    Ok(names.iter().filter_map(|name| base(name, resolve, options)).collect())
}

fn base(text: &str, resolve: bool, options: &Options) -> Option<Resource> {
    let name = match text.parse() {
        Ok(Reference::Image { name, .. }) => name,
        Ok(_) => return None,
        Err(error) => {
            tell(&format!("`{text}` is left out: {error}"));
            return None;
        }
    };
    let digest = match name.digest() {
        Some(digest) => Some(digest.clone()),
        None if !resolve => None,
        None => {
            let progress = spinner(&format!("asking for {text}"));
            let answer = plimsoll_image::resolve(&name, options);
            progress.finish_and_clear();
            answer.map_err(|error| tell(&format!("`{text}` has no digest: {error}"))).ok()
        }
    };
    Some(resource(&name, digest.as_ref()))
}

/// A package URL, as BuildKit writes it.
fn resource(name: &ImageName, digest: Option<&Digest>) -> Resource {
    let familiar = format!("{}/{}", name.registry(), name.repository());
    let familiar = familiar.strip_prefix("docker.io/").unwrap_or(&familiar);
    let familiar = familiar.strip_prefix("library/").unwrap_or(familiar);
    let tag = name.tag().map(|tag| format!("@{tag}")).unwrap_or_default();
    let pinned = digest.map(|digest| format!("?digest={digest}")).unwrap_or_default();
    let digest = digest.map(|it| (it.algorithm().name().to_owned(), it.hex().to_owned()));
    Resource {
        uri: format!("pkg:docker/{familiar}{tag}{pinned}"),
        digest: digest.into_iter().collect(),
        name: String::new(),
    }
}

/// Files that went into the build.
pub(super) fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<Resource>> {
    paths.iter().map(|path| file(&path.to_string_lossy())).collect()
}

/// A file by its digest; its path on this machine is not told.
pub(super) fn file(path: &str) -> anyhow::Result<Resource> {
    let subject = attestation::file_subject(path)?;
    let is_outside = Path::new(&subject.name).is_absolute() || subject.name.starts_with("../");
    let last = subject.name.rsplit('/').next().unwrap_or_default();
    let name = if is_outside { last.to_owned() } else { subject.name.clone() };
    Ok(Resource { uri: format!("file:{name}"), digest: subject.digest, name })
}
