//! Many images in one run: named one by one, in a list, or in a file to be pinned.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use plimsoll_image::attached::Registries;
use plimsoll_supply::trust::TrustedRoot;
use rayon::prelude::*;

use super::cached::{self, Cache};
use super::image::{Verdict, Verifier};
use super::{Verify, pin, plain, print};
use crate::exit::{Outcome, Usage, chain, tell};

/// How many images are verified at a time: most of the time each waits for its registry.
const AT_ONCE: usize = 16;

/// The most images of a list.
const MAX_IMAGES: usize = 1_000_000;

impl Verify {
    /// Verifies all images that are named.
    pub(super) fn images(&self, root: &TrustedRoot) -> anyhow::Result<Outcome> {
        let rules = self.signer.rules(self.kind.as_deref(), self.trusted_root.is_some())?;
        let life = self.keep.as_deref().map(cached::life).transpose()?;
        let verifier = Verifier {
            rules: &rules,
            root,
            registries: Arc::new(Registries::new(self.reading.options()?)),
            cache: life.and_then(Cache::open),
            offline: self.offline,
        };
        if let Some(file) = &self.pin {
            return pin::run(file, &verifier, self.style(true));
        }
        let named = self.named()?;
        let style = self.style(named.len() > 1);
        if let [one] = named.as_slice() {
            let verdict = verifier.verify(one)?;
            tell(&verdict.pinned());
            print::verdict(&verdict, style)?;
            return Ok(verdict.outcome());
        }
        let mut outcome = Outcome::Clean;
        for (reference, verdict) in named.iter().zip(all(&named, &verifier)?) {
            match verdict {
                Ok(verdict) => {
                    print::verdict(&verdict, style)?;
                    outcome = outcome.or(verdict.outcome());
                }
                Err(error) if error.is::<Usage>() => return Err(error),
                Err(error) => {
                    tell(&format!("error: `{}`: {}", plain(reference), chain(&error)));
                    outcome = outcome.or(Outcome::Partial);
                }
            }
        }
        Ok(outcome)
    }

    /// The images that were named, each once.
    fn named(&self) -> anyhow::Result<Vec<String>> {
        let mut all: Vec<String> =
            self.artefacts.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        if let Some(file) = &self.images_from {
            let shown = file.display();
            let read = || -> io::Result<Vec<String>> {
                if file == Path::new("-") {
                    return io::stdin().lock().lines().take(MAX_IMAGES).collect();
                }
                let file = BufReader::new(File::open(file)?);
                file.lines().take(MAX_IMAGES).collect()
            };
            let lines = read().with_context(|| format!("cannot read `{shown}`"))?;
            let names = lines.iter().map(|line| line.trim());
            all.extend(
                names.filter(|name| !name.is_empty() && !name.starts_with('#')).map(str::to_owned),
            );
            if all.is_empty() {
                return Err(Usage(format!("`{shown}` names no image")).into());
            }
        }
        let mut seen = HashSet::new();
        all.retain(|name| seen.insert(name.clone()));
        Ok(all)
    }
}

/// Verifies images, several at a time; the verdicts are in their order.
pub(super) fn all(
    references: &[String],
    verifier: &Verifier<'_>,
) -> anyhow::Result<Vec<anyhow::Result<Verdict>>> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE.min(references.len()));
    let threads = threads.build().context("no thread can be started")?;
    Ok(threads.install(|| references.par_iter().map(|one| verifier.verify(one)).collect()))
}
