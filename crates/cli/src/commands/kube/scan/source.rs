//! Where the objects of a cluster come from: its API server, or files.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use plimsoll_kube::Config;
use plimsoll_kube::assessment::{Assessment, Surroundings};
use tempfile::TempDir;

use super::stages::Stages;
use super::stop::Stop;
use super::{called, shown};
use crate::cluster::{Client, Failure, Kind, Stage};
use crate::commands::kube::files;
use crate::commands::kube::rendered::Rendering;
use crate::commands::lint::files::is_stdin;
use crate::exit::{Outcome, tell};
use crate::target::spinner;

/// Where objects come from.
pub(super) enum Source {
    /// An API server, and what it is called here.
    Cluster { client: Client, name: String },
    Files {
        name: String,
        files: Vec<PathBuf>,
        rendering: Rendering,
        /// What came by stdin, which is read more than once.
        kept: Option<TempDir>,
    },
}

/// What objects come to.
pub(super) struct Told {
    pub(super) found: Assessment,
    /// What could not be read.
    pub(super) missing: Vec<String>,
    /// How the reading of files ended.
    pub(super) outcome: Outcome,
}

impl Source {
    pub(super) fn files(named: &[PathBuf], rendering: Rendering) -> anyhow::Result<Self> {
        let mut kept = None;
        let mut files = Vec::new();
        for file in named {
            if is_stdin(file) && kept.is_none() {
                let folder = TempDir::new().context("there is no place to keep stdin")?;
                let path = folder.path().join("stdin.json");
                let copied = File::create(&path)
                    .and_then(|mut to| io::copy(&mut io::stdin().lock(), &mut to));
                copied.context("stdin cannot be kept")?;
                files.push(path);
                kept = Some(folder);
            } else {
                files.push(file.clone());
            }
        }
        Ok(Self::Files { name: called(named), files, rendering, kept })
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Cluster { name, .. } | Self::Files { name, .. } => name.clone(),
        }
    }

    /// The version of the API server, where there is one.
    pub(super) fn version(&self) -> anyhow::Result<Option<String>> {
        let Self::Cluster { client, name } = self else { return Ok(None) };
        match client.get_json("/version") {
            Ok(version) => {
                let version = version.get("gitVersion").and_then(|it| it.as_str());
                Ok(version.map(str::to_owned))
            }
            // It is there and says no.
            Err(Failure::Said(..)) => Ok(None),
            Err(error) => {
                Err(anyhow::anyhow!("{error}").context(format!("the API server of `{name}`")))
            }
        }
    }

    pub(super) fn assess(
        &self,
        config: Config,
        only: Option<&str>,
        stop: &Stop,
    ) -> anyhow::Result<Told> {
        match self {
            Self::Cluster { client, .. } => Ok(of_cluster(client, config, only, stop)),
            Self::Files { files, rendering, kept, .. } => {
                let kept = kept.as_ref().map(TempDir::path);
                of_files((files, rendering, kept), config, only, stop)
            }
        }
    }
}

fn of_cluster(client: &Client, config: Config, only: Option<&str>, stop: &Stop) -> Told {
    let mut around = Surroundings::new(config, only);
    let mut missing = Vec::new();
    for kind in of_stage(Stage::Surroundings) {
        list((client, kind, only), stop, &mut missing, &mut |manifest| {
            around.add(kind.plural, Arc::new(manifest));
        });
    }
    let mut judge = around.finish();
    for kind in of_stage(Stage::Controllers) {
        list((client, kind, only), stop, &mut missing, &mut |manifest| {
            judge.controller(kind.plural, &manifest);
        });
    }
    for kind in of_stage(Stage::Pods) {
        list((client, kind, only), stop, &mut missing, &mut |manifest| {
            judge.pod(kind.plural, &manifest);
        });
    }
    Told { found: judge.finish(), missing, outcome: Outcome::Clean }
}

fn of_stage(stage: Stage) -> impl Iterator<Item = &'static Kind> {
    Kind::ALL.iter().filter(move |kind| kind.stage == stage)
}

/// Lists a kind; what of it cannot be read is named.
fn list(
    (client, kind, only): (&Client, &Kind, Option<&str>),
    stop: &Stop,
    missing: &mut Vec<String>,
    take: &mut dyn FnMut(plimsoll_kube::manifest::Manifest),
) {
    let progress = spinner(&format!("listing {}", kind.plural));
    let mut taken = 0_u64;
    let unless_stopped = || match stop.why() {
        Some(why) => Err(Failure::Other(why)),
        None => Ok(()),
    };
    let listed = unless_stopped().and_then(|()| {
        client.each(kind, only, &mut |manifest| {
            unless_stopped()?;
            taken = taken.saturating_add(1);
            take(manifest);
            Ok(())
        })
    });
    progress.finish_and_clear();
    match listed {
        Ok(listed) if listed.expired > 0 => tell(&format!(
            "note: {}: the API server forgot the state of the list {} times while it was read; what \
             came after is of a newer one",
            kind.plural, listed.expired
        )),
        Ok(_) => {}
        // A cluster need not have it.
        Err(Failure::Said(404, _)) if kind.is_optional => {}
        // What was cut off by the end of the scan is its matter, whatever the request says of it.
        Err(error) => {
            let why = stop
                .why()
                .map_or_else(|| error.to_string(), |why| format!("{why}; {taken} were read"));
            missing.push(format!("{} of {}: {why}", kind.plural, kind.api_version));
        }
    }
}

fn of_files(
    (named, rendering, kept): (&[PathBuf], &Rendering, Option<&Path>),
    config: Config,
    only: Option<&str>,
    stop: &Stop,
) -> anyhow::Result<Told> {
    let name = |path: &Path| match kept {
        Some(folder) if path.starts_with(folder) => "stdin".to_owned(),
        _ => shown(path),
    };
    let mut around = Surroundings::new(config, only);
    let mut wrong = Outcome::Clean;
    let mut objects = false;
    let (stages, read) = Stages::first(named, rendering, &mut |path, manifest| {
        wrong = wrong.or(files::tell_of_problems(path, manifest));
        objects |= !plimsoll_kube::objects(manifest).0.is_empty();
        around.add(&name(path), Arc::clone(manifest))
    })?;
    if !objects && read == Outcome::Clean {
        tell("error: there is no Kubernetes object in what was read: nothing was judged");
        wrong = wrong.or(Outcome::Gate(2));
    }
    let mut judge = around.finish();
    let mut left_out = 0_u64;
    let mut is_over = || {
        let over = stop.why().is_some();
        left_out = left_out.saturating_add(u64::from(over));
        over
    };
    stages.again(&mut |path, manifest| {
        if !is_over() {
            judge.controller(&name(path), manifest);
        }
    })?;
    stages.again(&mut |path, manifest| {
        if !is_over() {
            judge.pod(&name(path), manifest);
        }
    })?;
    let missing = stop.why().filter(|_| left_out > 0);
    let missing = missing.map(|why| format!("workloads and pods: {why}")).into_iter().collect();
    Ok(Told { found: judge.finish(), missing, outcome: read.or(wrong) })
}
