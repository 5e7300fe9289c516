//! Newer charts, by the tags of OCI repositories.
//!
//! <https://helm.sh/docs/topics/registries/>

use plimsoll_build::updates::{newest, step};
use plimsoll_image::{Listing, Options, Tags};
use plimsoll_model::ImageName;

use super::Limits;
use super::pin::{Answer, Form, Newer, Pin};

/// The most tags of a chart that are looked at.
const MAX_TAGS: usize = 100_000;

/// Registries of charts.
pub(super) struct Charts {
    options: Options,
}

impl Charts {
    pub(super) fn new(options: Options) -> Self {
        Self { options }
    }

    pub(super) fn ask(&self, pin: &Pin, limits: &Limits) -> Answer {
        let Form::Chart(repository) = &pin.form else { return Answer::Newest };
        let Some(base) = repository.strip_prefix("oci://") else {
            let why = "only repositories of charts in a registry (oci://) are asked";
            return Answer::PassedOver(why.into());
        };
        if step(&pin.version, &pin.version).is_none() || !pin.version.starts_with(is_digit_or_v) {
            return Answer::PassedOver("it is a range and no version".into());
        }
        let name = format!("{}/{}", base.trim_end_matches('/'), pin.name);
        let tags = match self.tags(&name) {
            Ok(tags) => tags,
            Err(why) => return Answer::Failed(why),
        };
        let Some(tag) = newest(&pin.version, tags.iter().map(String::as_str), limits.level) else {
            return Answer::Newest;
        };
        let version = tag.to_owned();
        let far = step(&pin.version, tag).map_or("pin", plimsoll_build::updates::Step::name);
        let edits = vec![(pin.span, version.clone())];
        Answer::Newer(Newer { version, step: far, edits, clears: None })
    }

    fn tags(&self, name: &str) -> Result<Vec<String>, String> {
        let name: ImageName = name.parse().map_err(|error| format!("{error}"))?;
        let listing = Listing::new(name.registry(), &self.options.registry);
        let listing = listing.map_err(|error| error.to_string())?;
        match listing.tags(name.repository(), None, MAX_TAGS).map_err(|error| error.to_string())? {
            Tags::All(tags, _) => Ok(tags),
            Tags::Same => Ok(Vec::new()),
        }
    }
}

fn is_digit_or_v(one: char) -> bool {
    one.is_ascii_digit() || one == 'v'
}
