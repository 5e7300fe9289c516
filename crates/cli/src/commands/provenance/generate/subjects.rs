//! What was built: files and patterns of files, images and layouts, each with its digest.

use std::collections::BTreeSet;

use plimsoll_image::Options;
use plimsoll_image::attached::{Repository, Stored};
use plimsoll_model::{Digest, Reference};
use plimsoll_supply::intoto::Subject;

use crate::exit::Usage;
use crate::signing::attestation;
use crate::target;

/// Files that one pattern may name.
const MAX_FILES: usize = 1024;

/// Everything that was built.
#[derive(Default)]
pub(super) struct Subjects {
    found: Vec<Subject>,
    /// Paths of the files.
    pub(super) files: Vec<String>,
    /// Where the images are, if somebody is to write there.
    pub(super) images: Vec<(Repository, Stored)>,
}

impl Subjects {
    /// Finds what `names` name. With `open` the places of images are kept, and a pinned name is
    /// looked up too.
    pub(super) fn find(names: &[String], options: &Options, open: bool) -> anyhow::Result<Self> {
        let mut all = Self::default();
        for name in names {
            if target::is_file(name) {
                all.file(name)?;
            } else if is_pattern(name) {
                all.pattern(name)?;
            } else {
                all.image(name, options, open)?;
            }
        }
        let mut seen = BTreeSet::new();
        all.found.retain(|it| seen.insert((it.name.clone(), it.digest.clone())));
        if all.found.len() > MAX_FILES {
            return Err(Usage(format!("more than {MAX_FILES} subjects")).into());
        }
        Ok(all)
    }

    /// What the statement is about.
    pub(super) fn all(&self) -> Vec<Subject> {
        self.found.clone()
    }

    fn file(&mut self, name: &str) -> anyhow::Result<()> {
        self.found.push(attestation::file_subject(name)?);
        self.files.push(name.strip_prefix("file:").unwrap_or(name).to_owned());
        Ok(())
    }

    fn pattern(&mut self, pattern: &str) -> anyhow::Result<()> {
        let wrong = |why: &dyn std::fmt::Display| Usage(format!("the pattern `{pattern}`: {why}"));
        let paths = glob::glob(pattern).map_err(|error| wrong(&error))?;
        let before = self.files.len();
        for path in paths {
            let path = path.map_err(|error| wrong(&error))?;
            if !path.is_file() {
                continue;
            }
            let Some(path) = path.to_str() else {
                return Err(wrong(&format!("`{}` is no UTF-8", path.display())).into());
            };
            // What an earlier run wrote is not what was built.
            if path.ends_with(attestation::BUNDLE_SUFFIX) {
                continue;
            }
            if self.files.len() - before == MAX_FILES {
                return Err(wrong(&format!("more than {MAX_FILES} files")).into());
            }
            self.file(path)?;
        }
        if self.files.len() == before {
            return Err(wrong(&"no file has such a name").into());
        }
        Ok(())
    }

    fn image(&mut self, name: &str, options: &Options, open: bool) -> anyhow::Result<()> {
        // The digest that a build has just pushed need not be asked for.
        if let Ok(Reference::Image { name, .. }) = name.parse::<Reference>()
            && let Some(digest) = name.digest()
            && !open
        {
            let called = format!("{}/{}", name.registry(), name.repository());
            self.found.push(image(called, digest));
            return Ok(());
        }
        let (_, repository) = target::repository(name, options)?;
        let subject = repository.subject()?;
        self.found.push(image(repository.name(), &subject.descriptor.digest));
        if open {
            self.images.push((repository, subject));
        }
        Ok(())
    }
}

fn image(name: String, digest: &Digest) -> Subject {
    let (algorithm, hex) = (digest.algorithm().name().to_owned(), digest.hex().to_owned());
    Subject { name, digest: [(algorithm, hex)].into() }
}

fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}
