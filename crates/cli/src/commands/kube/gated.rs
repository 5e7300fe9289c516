//! What rules say of manifests and of the network policies among them, for a gate.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use plimsoll_kube::netpol::{Cluster, Direction, Network, check};
use plimsoll_kube::{Config, Estate, Family, Rule, lint, objects};
use plimsoll_model::gate::Place;
use plimsoll_model::text::{Level, Source, Span};
use rayon::prelude::*;

use super::files::{self, Origin, Read, Reads};
use super::rendered::Rendering;
use super::{images, stream};
use crate::exit::{Outcome, chain};
use crate::target::Reading;

/// What a rule says of a place.
pub(in crate::commands) struct Said {
    pub(in crate::commands) rule: &'static Rule,
    pub(in crate::commands) level: Level,
    pub(in crate::commands) message: String,
    pub(in crate::commands) place: Place,
}

/// A pod that no policy isolates, where it stands, and in which directions.
pub(in crate::commands) type OpenPod = (String, Place, Vec<Direction>);

/// Manifests that were read, and what is not readable among them.
pub(in crate::commands) struct Manifests {
    reads: Vec<Read>,
    /// Files that could not be read or rendered, and why.
    pub(in crate::commands) failed: Vec<String>,
}

impl Manifests {
    /// Reads what is named: files, folders, charts.
    pub(in crate::commands) fn read(named: &[PathBuf]) -> Self {
        let rendering = Rendering::default();
        let mut all = Self { reads: Vec::new(), failed: Vec::new() };
        // A folder without a manifest has nothing to judge; of several the others still count.
        let found = named.iter().filter_map(|one| files::find(std::slice::from_ref(one)).ok());
        let candidates: Vec<_> = found.flatten().collect();
        let read: Vec<anyhow::Result<Reads>> =
            candidates.into_par_iter().map(|one| stream::kept(one, &rendering)).collect();
        for one in read {
            match one {
                Ok(Reads { manifests, outcome }) => {
                    all.reads.extend(manifests);
                    if outcome != Outcome::Clean {
                        all.failed.push("the cluster was read in part only".to_owned());
                    }
                }
                Err(error) => all.failed.push(chain(&error)),
            }
        }
        let has_object = |read: &Read| {
            !read.manifest.problems.is_empty() || !objects(&read.manifest).0.is_empty()
        };
        all.reads.retain(has_object);
        all
    }

    /// How many files there are.
    pub(in crate::commands) fn count(&self) -> usize {
        let files: BTreeSet<&Path> = self.reads.iter().map(|read| read.path.as_path()).collect();
        files.len()
    }

    /// Places of what an API server would not take.
    pub(in crate::commands) fn unreadable(&self) -> Vec<(Place, String)> {
        let problems = self.reads.iter().flat_map(|read| {
            let own = read.manifest.problems.iter().filter(|one| !one.kind.is_readable());
            own.map(|one| {
                (place(&read.path, &read.manifest.source, one.span), one.kind.to_string())
            })
        });
        problems.collect()
    }

    /// What the rules of a family find.
    pub(in crate::commands) fn linted(&self, config: &Config, reading: &Reading) -> Vec<Said> {
        let (users, _) = images::users(&self.reads, false, reading);
        let estate =
            Estate::of(self.reads.iter().map(|read| &read.manifest)).with_image_users(users);
        let judged = |read: &Read| -> Vec<Said> {
            let mut seen = BTreeSet::new();
            let mut found = lint(&read.manifest, &estate, config);
            if read.origin != Origin::File {
                found.retain(|one| seen.insert((one.rule.id, one.span, one.message.clone())));
            }
            let said = found.into_iter().map(|one| Said {
                rule: one.rule,
                level: one.level,
                message: one.message.into_owned(),
                place: place(&read.path, &read.manifest.source, one.span),
            });
            said.collect()
        };
        self.reads.par_iter().map(judged).collect::<Vec<_>>().into_iter().flatten().collect()
    }

    /// The same of the Pod Security Standards alone, or of our own rules alone.
    pub(in crate::commands) fn of_family(
        &self,
        family: Family,
        config: Config,
        reading: &Reading,
    ) -> Vec<Said> {
        self.linted(&Config { only: Some(family), ..config }, reading)
    }

    /// What is odd about network policies, and the pods that none isolates, with the directions.
    pub(in crate::commands) fn network(&self) -> (Vec<Said>, Vec<OpenPod>) {
        let named: Vec<(String, &Read)> =
            self.reads.iter().map(|read| (read.path.display().to_string(), read)).collect();
        let cluster = Cluster::of(named.iter().map(|(name, read)| (name.as_str(), &read.manifest)));
        let network = Network::new(&cluster);
        let said = check(&network).into_iter().filter_map(|(at, finding)| {
            let (_, read) = named.get(at.manifest)?;
            Some(Said {
                rule: finding.rule,
                level: finding.level,
                message: finding.message.into_owned(),
                place: place(&read.path, &read.manifest.source, finding.span),
            })
        });
        let open = network.open_pods().into_iter().filter_map(|(pod, directions)| {
            let own = cluster.pods.get(pod)?;
            let at = own.place.as_ref()?;
            let (_, read) = named.get(at.manifest)?;
            let place = place(&read.path, &read.manifest.source, at.span);
            Some((network.name(pod).to_owned(), place, directions))
        });
        (said.collect(), open.collect())
    }
}

fn place(path: &Path, source: &Source, span: Span) -> Place {
    let at = source.position(span.start);
    let shown = path.display().to_string();
    let file = shown.strip_prefix("./").unwrap_or(&shown).to_owned();
    Place { file, line: at.line, column: at.column }
}
