//! Newer images, by the tags of their repositories and what those lead to.

use std::collections::BTreeMap;

use plimsoll_build::updates::{Step, newest, step};
use plimsoll_image::{Listing, Options, Tags};
use plimsoll_model::ImageName;

use super::Limits;
use super::clears::Clearing;
use super::pin::{Answer, Form, Newer, Pin};

/// The most tags of a repository that are looked at.
const MAX_TAGS: usize = 100_000;

/// Registries, and what they said.
pub(super) struct Images {
    options: Options,
    registries: BTreeMap<String, Result<Listing, String>>,
    tags: BTreeMap<(String, String), Result<Vec<String>, String>>,
    digests: BTreeMap<(String, String, String), Result<String, String>>,
}

impl Images {
    pub(super) fn new(options: Options) -> Self {
        Self {
            options,
            registries: BTreeMap::new(),
            tags: BTreeMap::new(),
            digests: BTreeMap::new(),
        }
    }

    pub(super) fn ask(&mut self, pin: &Pin, limits: &Limits, clearing: &Clearing) -> Answer {
        if [&pin.name, &pin.version].iter().any(|text| text.contains(['$', '{'])) {
            return Answer::PassedOver("a variable decides what it is".into());
        }
        let (tag, digest) = match pin.version.split_once('@') {
            Some((tag, digest)) => (tag, Some(digest)),
            None if pin.version.starts_with("sha256:") => ("", Some(pin.version.as_str())),
            None => (pin.version.as_str(), None),
        };
        let name: ImageName = match pin.name.parse() {
            Ok(name) => name,
            Err(error) => return Answer::Failed(format!("{error}")),
        };
        if tag.is_empty() && digest.is_some() {
            return Answer::PassedOver("a digest without a tag is of no release".into());
        }
        match self.newer(&name, tag, digest, limits) {
            Ok(None) => Answer::Newest,
            Ok(Some(mut newer)) => {
                newer.edits = edits(pin, &newer.version);
                let reference = |version: &str| {
                    let separator = if version.starts_with("sha256:") { "@" } else { ":" };
                    let version = if version.is_empty() { "latest" } else { version };
                    format!("{}{separator}{version}", pin.name)
                };
                newer.clears =
                    clearing.images(&reference(&pin.version), &reference(&newer.version));
                Answer::Newer(newer)
            }
            Err(why) => Answer::Failed(why),
        }
    }

    fn newer(
        &mut self,
        name: &ImageName,
        tag: &str,
        digest: Option<&str>,
        limits: &Limits,
    ) -> Result<Option<Newer>, String> {
        let mut newer_tag = None;
        if limits.level > Step::Rebuilt && step(tag, tag).is_some() {
            let tags = self.tags(name)?;
            newer_tag =
                newest(tag, tags.iter().map(String::as_str), limits.level).map(str::to_owned);
        }
        let wanted = newer_tag.clone().unwrap_or_else(|| tag.to_owned());
        let is_pinned = digest.is_some() || limits.pin;
        if !is_pinned {
            return Ok(newer_tag.map(|new| Newer::of(step(tag, &new), new)));
        }
        let asked = if wanted.is_empty() { "latest" } else { &wanted };
        let now = self.digest(name, asked)?;
        if newer_tag.is_none() && digest == Some(now.as_str()) {
            return Ok(None);
        }
        let version = format!("{asked}@{now}");
        let step = match (&newer_tag, digest) {
            (Some(new), _) => step(tag, new),
            (None, Some(_)) => Some(Step::Rebuilt),
            (None, None) => None,
        };
        Ok(Some(Newer::of(step, version)))
    }

    fn listing(&mut self, name: &ImageName) -> Result<&Listing, String> {
        let options = &self.options.registry;
        let registry = name.registry().to_owned();
        let open = || Listing::new(name.registry(), options).map_err(|error| error.to_string());
        self.registries.entry(registry).or_insert_with(open).as_ref().map_err(Clone::clone)
    }

    fn tags(&mut self, name: &ImageName) -> Result<Vec<String>, String> {
        let key = (name.registry().to_owned(), name.repository().to_owned());
        if let Some(known) = self.tags.get(&key) {
            return known.clone();
        }
        let asked = self.listing(name).and_then(|listing| {
            let tags = listing.tags(name.repository(), None, MAX_TAGS);
            tags.map_err(|error| error.to_string())
        });
        let tags = asked.map(|tags| match tags {
            Tags::All(tags, _) => tags,
            Tags::Same => Vec::new(),
        });
        self.tags.insert(key, tags.clone());
        tags
    }

    fn digest(&mut self, name: &ImageName, tag: &str) -> Result<String, String> {
        let key = (name.registry().to_owned(), name.repository().to_owned(), tag.to_owned());
        if let Some(known) = self.digests.get(&key) {
            return known.clone();
        }
        let digest = self.listing(name).and_then(|listing| {
            let digest = listing.digest(name.repository(), tag);
            digest.map(|digest| digest.to_string()).map_err(|error| error.to_string())
        });
        self.digests.insert(key, digest.clone());
        digest
    }
}

impl Newer {
    fn of(step: Option<Step>, version: String) -> Self {
        let step = step.map_or("pin", Step::name);
        Self { version, step, edits: Vec::new(), clears: None }
    }
}

/// What is written: the whole reference anew, or the tag alone.
fn edits(pin: &Pin, version: &str) -> Vec<(plimsoll_model::text::Span, String)> {
    let text = match pin.form {
        Form::Reference => format!("{}:{version}", pin.name),
        _ => version.to_owned(),
    };
    vec![(pin.span, text)]
}
