//! `--base-image`: base images read from where they are, for the rules that ask what is in them.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_build::bases::Base;
use plimsoll_build::syntax::{Dockerfile, Expander};
use plimsoll_build::{Scopes, Source, stages};

use crate::base_image::{image_name, measure};
use crate::exit::Usage;
use crate::target::{Reading, tell_problems};

/// Which image is behind which `FROM`.
struct Wanted<'w> {
    /// The name behind `FROM`; `None` where it is to be found out.
    from: Option<&'w str>,
    /// Where the image is.
    reference: &'w str,
}

/// A name of an image behind `FROM`.
struct Written {
    /// As it stands there.
    text: String,
    /// Its variables expanded, in the familiar form.
    name: String,
}

/// The bases of some Dockerfiles, by the text behind `FROM`; whether all were read in full.
///
/// An argument is `REF`, for the stages whose `FROM` names that image, or for the one image that
/// all files are built on; or `FROM=REF`.
pub(super) fn bases<'t>(
    arguments: &[String],
    texts: impl Iterator<Item = &'t str>,
    reading: &Reading,
) -> anyhow::Result<(BTreeMap<String, Base>, bool)> {
    let written: Vec<Written> = texts.flat_map(images).collect();
    let mut bases = BTreeMap::new();
    let mut is_whole = true;
    for argument in arguments {
        let wanted = Wanted::new(argument);
        let texts = wanted.texts(&written)?;
        let measured = measure(reading, wanted.reference)?;
        if measured.inventory.is_partial() {
            tell_problems(&measured.inventory);
            is_whole = false;
        }
        for text in texts {
            // Findings speak of the image by the name that the file has for it.
            let base = Base { name: text.name.clone(), ..measured.base.clone() };
            bases.insert(text.text.clone(), base);
        }
    }
    Ok((bases, is_whole))
}

impl<'w> Wanted<'w> {
    fn new(argument: &'w str) -> Self {
        // No image's name has a `=`, and a path may.
        match argument.split_once('=') {
            Some((from, reference)) if !from.contains([':', '/']) || is_name(from) => {
                Self { from: Some(from), reference }
            }
            _ => Self { from: None, reference: argument },
        }
    }

    /// Where the image stands behind `FROM`.
    fn texts<'s>(&self, written: &'s [Written]) -> Result<Vec<&'s Written>, Usage> {
        let named = |name: &str| -> Vec<&'s Written> {
            let familiar = image_name(name);
            written.iter().filter(|one| one.text == name || one.name == familiar).collect()
        };
        if let Some(from) = self.from {
            let found = named(from);
            if found.is_empty() {
                let why = format!("no FROM names `{}`; {}", from.escape_debug(), there(written));
                return Err(Usage(why));
            }
            return Ok(found);
        }
        let found = named(self.reference);
        if !found.is_empty() {
            return Ok(found);
        }
        let images: BTreeSet<&str> = written.iter().map(|one| one.name.as_str()).collect();
        if images.len() == 1 {
            return Ok(written.iter().collect());
        }
        let shown = self.reference.escape_debug();
        Err(Usage(format!(
            "`{shown}` is not told to be the image of which FROM: write --base-image NAME={shown}; {}",
            there(written)
        )))
    }
}

/// The names that there are, for a message.
fn there(written: &[Written]) -> String {
    let names: BTreeSet<String> =
        written.iter().take(20).map(|one| format!("`{}`", one.name.escape_debug())).collect();
    if names.is_empty() {
        return "there is no image behind FROM".to_owned();
    }
    format!(
        "there {} {}",
        if names.len() == 1 { "is" } else { "are" },
        Vec::from_iter(names).join(", ")
    )
}

/// Whether it is a name as it stands behind `FROM`, without a transport before it.
fn is_name(text: &str) -> bool {
    let transport = text.split(':').next().unwrap_or_default();
    !["docker-archive", "oci-archive", "oci-dir", "dir", "rootfs", "file", "sbom"]
        .contains(&transport)
}

/// The images that a Dockerfile is built on.
fn images(text: &str) -> Vec<Written> {
    let file = Dockerfile::parse(Source::new(text));
    let stages = stages(&file);
    let scopes = Scopes::new(&file, &stages);
    let outside = stages.iter().filter(|stage| stage.parent.is_none() && !stage.is_scratch());
    outside
        .filter_map(|stage| {
            let text = stage.image.text.clone();
            let scope = scopes.at(None, stage.from);
            let name = Expander::new(file.escape).expand(&text, &scope).ok()?.text;
            let name = image_name(&name);
            (!name.is_empty()).then_some(Written { text, name })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Wanted, images};

    fn found(argument: &str, file: &str) -> Result<Vec<String>, String> {
        let written = images(file);
        let texts = Wanted::new(argument).texts(&written);
        texts
            .map(|texts| texts.into_iter().map(|one| one.text.clone()).collect())
            .map_err(|error| error.to_string())
    }

    const FILE: &str = "ARG V=20\nFROM node:${V}-alpine AS build\nFROM build\nFROM scratch\n\
                        FROM docker.io/library/alpine:3.20\n";

    #[test]
    fn names_of_the_same_image_compare_equal() {
        assert_eq!(found("alpine:3.20", FILE).unwrap(), ["docker.io/library/alpine:3.20"]);
        let node = ["node:${V}-alpine"];
        assert_eq!(found("docker.io/library/node:20-alpine", FILE).unwrap(), node);
        assert_eq!(found("node:${V}-alpine=rootfs:x", FILE).unwrap(), node);
        assert_eq!(found("node:20-alpine=docker-archive:a=b.tar", FILE).unwrap(), node);
    }

    #[test]
    fn an_image_by_itself_is_that_of_the_only_from() {
        assert_eq!(found("rootfs:a=b", "FROM node:20\nFROM node:20\n").unwrap().len(), 2);
        let error = found("rootfs:x", FILE).unwrap_err();
        assert!(error.contains("--base-image NAME=rootfs:x"), "{error}");
        assert!(error.contains("`alpine:3.20`, `node:20-alpine`"), "{error}");
        let error = found("debian:12=rootfs:x", FILE).unwrap_err();
        assert!(error.contains("no FROM names `debian:12`"), "{error}");
        assert!(found("x", "FROM scratch\n").unwrap_err().contains("no image behind FROM"));
    }
}
