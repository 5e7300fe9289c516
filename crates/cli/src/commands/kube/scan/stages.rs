//! Files that each stage of a scan reads: what is short or rendered once, long lists anew each time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_kube::manifest::Manifest;

use crate::commands::kube::files::{self, Candidate, Origin, Read};
use crate::commands::kube::rendered::Rendering;
use crate::commands::kube::stream;
use crate::exit::{Outcome, Usage, chain, tell};

/// How much text is kept between stages. What it is read into takes several times as much.
const MOST_KEPT: usize = 64 << 20;

/// Files that were read by the first stage, for those after it.
pub(super) struct Stages<'a> {
    rendering: &'a Rendering,
    parts: Vec<Part>,
}

/// What a file is for later stages. One that has nothing for them is not among the parts.
enum Part {
    Kept(Vec<(PathBuf, Arc<Manifest>)>),
    Again(Candidate),
}

impl<'a> Stages<'a> {
    /// Reads files for the first stage, which says whether those after it need a manifest. A file
    /// that cannot be read is told of and costs no other.
    pub(super) fn first(
        named: &[PathBuf],
        rendering: &'a Rendering,
        take: &mut dyn FnMut(&Path, &Arc<Manifest>) -> bool,
    ) -> anyhow::Result<(Self, Outcome)> {
        let mut outcome = Outcome::Clean;
        let (mut parts, mut length) = (Vec::new(), 0_usize);
        for candidate in files::find(named)? {
            let mut kept = Vec::new();
            let (mut own, mut again) = (0_usize, false);
            let read = stream::one(candidate.clone(), rendering, &mut |read: Read| {
                let Read { path, manifest, origin } = read;
                let manifest = Arc::new(manifest);
                if !take(&path, &manifest) || again {
                    return;
                }
                own = own.saturating_add(manifest.source.text().len());
                again = origin == Origin::List || length.saturating_add(own) > MOST_KEPT;
                if again {
                    kept = Vec::new();
                } else {
                    kept.push((path, manifest));
                }
            });
            match read {
                Ok(()) => {}
                Err(error) if error.is::<Usage>() => return Err(error),
                Err(error) => {
                    tell(&format!("error: {}", chain(&error)));
                    outcome = outcome.or(Outcome::Partial);
                }
            }
            if again {
                parts.push(Part::Again(candidate));
            } else if !kept.is_empty() {
                length = length.saturating_add(own);
                parts.push(Part::Kept(kept));
            }
        }
        Ok((Self { rendering, parts }, outcome))
    }

    /// Gives a later stage what it may need. What cannot be read was told by the first one.
    pub(super) fn again(&self, take: &mut dyn FnMut(&Path, &Manifest)) -> anyhow::Result<()> {
        for part in &self.parts {
            match part {
                Part::Kept(kept) => kept.iter().for_each(|(path, manifest)| take(path, manifest)),
                Part::Again(candidate) => {
                    let take = &mut |read: Read| take(&read.path, &read.manifest);
                    match stream::one(candidate.clone(), self.rendering, take) {
                        Err(error) if error.is::<Usage>() => return Err(error),
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }
}
