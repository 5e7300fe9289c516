//! Which files are manifests, and what is in them.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context;
use plimsoll_kube::manifest::{Manifest, Problem, ProblemKind};
use plimsoll_kube::{Object, objects};
use plimsoll_model::text::Source;
use rayon::prelude::*;

use super::rendered::{Kind, Rendering, is_library};
use super::stream;
use crate::commands::lint::files::{MAX_BYTES, PASSED_OVER, is_stdin, read};
use crate::exit::{Outcome, Usage, chain, tell};

/// How deep folders are searched.
const MAX_DEPTH: u32 = 32;

/// A file to be judged.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    /// Whether it was found in a folder, so that it may well be something else.
    pub(super) found: bool,
    /// What has to render it.
    rendering: Option<Kind>,
}

/// A file that was read.
pub(super) struct Read {
    pub(super) path: PathBuf,
    pub(super) manifest: Manifest,
    pub(super) origin: Origin,
}

/// Where the text of a manifest comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// It is the file.
    File,
    /// A program printed it, so that the file is not what was judged.
    Program,
    /// It is an item of a long list.
    List,
    /// It is an object of a live cluster.
    Cluster,
}

impl Candidate {
    /// Whether a program has to render it.
    pub(super) fn is_rendered(&self) -> bool {
        self.rendering.is_some() && !self.is_cluster()
    }

    /// Whether it is a live cluster.
    pub(super) fn is_cluster(&self) -> bool {
        self.rendering == Some(Kind::Cluster)
    }
}

impl Read {
    /// A problem and its place.
    pub(super) fn says(&self, problem: &Problem) -> String {
        says(&self.path, &self.manifest, problem)
    }
}

/// All that could be read.
pub(super) struct Reads {
    pub(super) manifests: Vec<Read>,
    /// Partial where a file could not be read, which was told.
    pub(super) outcome: Outcome,
}

/// Reads the files that are meant, several at a time.
pub(super) fn read_all(named: &[PathBuf], rendering: &Rendering) -> Result<Reads, Usage> {
    let reads: Vec<anyhow::Result<Reads>> =
        find(named)?.into_par_iter().map(|one| stream::kept(one, rendering)).collect();
    let mut manifests = Vec::with_capacity(reads.len());
    let mut outcome = Outcome::Clean;
    for one in reads {
        match one {
            Ok(read) => {
                manifests.extend(read.manifests);
                outcome = outcome.or(read.outcome);
            }
            Err(error) if error.is::<Usage>() => {
                tell(&format!("error: {}", chain(&error)));
                outcome = outcome.or(Outcome::Gate(2));
            }
            Err(error) => {
                tell(&format!("error: {}", chain(&error)));
                outcome = outcome.or(Outcome::Partial);
            }
        }
    }
    Ok(Reads { manifests, outcome })
}

/// Tells what an API server would not take: nobody knows what would be there instead.
pub(super) fn tell_of_problems(path: &Path, manifest: &Manifest) -> Outcome {
    let mut outcome = Outcome::Clean;
    let unread = manifest.problems.iter().filter(|one| !one.kind.is_readable());
    let (objects, nested) = objects(manifest);
    let refused: Vec<Problem> = objects.iter().flat_map(Object::problems).chain(nested).collect();
    for problem in unread.chain(&refused) {
        tell(&format!("error: {}", says(path, manifest, problem)));
        outcome = Outcome::Gate(2);
    }
    outcome
}

/// The same of several files.
pub(super) fn tell_of_all_problems(manifests: &[Read]) -> Outcome {
    let all = manifests.iter().map(|read| tell_of_problems(&read.path, &read.manifest));
    all.fold(Outcome::Clean, Outcome::or)
}

/// A problem and its place.
fn says(path: &Path, manifest: &Manifest, problem: &Problem) -> String {
    let line = manifest.source.line(problem.span.start);
    format!("{}:{line}: {}", path.display(), problem.kind)
}

/// The files that are meant: those named, and those in the folders named that YAML or JSON are
/// written in, with the charts among them; without any, those below the working folder.
pub(super) fn find(named: &[PathBuf]) -> Result<Vec<Candidate>, Usage> {
    let here = [PathBuf::from(".")];
    let named = if named.is_empty() { &here } else { named };
    let mut files = Vec::new();
    for path in named {
        if !is_stdin(path)
            && let Some(kind) = Kind::of(path)
        {
            let rendering = Some(kind);
            files.push(Candidate { path: path.clone(), found: false, rendering });
        } else if !is_stdin(path) && path.is_dir() {
            let before = files.len();
            walk(path, 0, &mut files);
            if files.len() == before {
                let why = format!(
                    "there is no manifest in `{}`: name one, or `-` for stdin",
                    path.display()
                );
                return Err(Usage(why));
            }
        } else {
            files.push(Candidate { path: path.clone(), found: false, rendering: None });
        }
    }
    Ok(files)
}

fn is_manifest(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end))
}

fn walk(folder: &Path, depth: u32, files: &mut Vec<Candidate>) {
    // A folder that may not be read has nothing to judge.
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<fs::DirEntry> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path =
            if folder == Path::new(".") { PathBuf::from(entry.file_name()) } else { entry.path() };
        match entry.file_type() {
            Ok(kind)
                if kind.is_dir() && depth < MAX_DEPTH && !PASSED_OVER.contains(&name.as_str()) =>
            {
                if Kind::of(&path) == Some(Kind::Chart) {
                    if !is_library(&path) {
                        let rendering = Some(Kind::Chart);
                        files.push(Candidate { path, found: true, rendering });
                    }
                } else {
                    walk(&path, depth.saturating_add(1), files);
                }
            }
            Ok(kind) if kind.is_file() && is_manifest(&name) => {
                files.push(Candidate { path, found: true, rendering: None });
            }
            _ => {}
        }
    }
}

/// A file as a manifest, or what a chart comes to; nothing where it was found in a folder and is
/// something else.
pub(super) fn parse(candidate: Candidate, rendering: &Rendering) -> anyhow::Result<Vec<Read>> {
    if let Some(kind) = candidate.rendering {
        return rendering.read(&candidate.path, kind);
    }
    let path = &candidate.path;
    let bytes = read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(judge_bytes(candidate, bytes))
}

/// The bytes of a file as a manifest; nothing where it was found in a folder and is something else.
pub(super) fn judge_bytes(candidate: Candidate, bytes: Vec<u8>) -> Vec<Read> {
    let Candidate { path, found, .. } = candidate;
    let source = Source::from_bytes(bytes);
    if found && !(source.text().contains("apiVersion") && source.text().contains("kind")) {
        return Vec::new();
    }
    let manifest = Manifest::parse(source);
    let is_template =
        |kind: &ProblemKind| matches!(kind, ProblemKind::Template(_) | ProblemKind::OddKey(_));
    if found && manifest.problems.iter().any(|problem| is_template(&problem.kind)) {
        let shown = path.display();
        tell(&format!("`{shown}` is a template and is not judged: `helm template` renders it"));
        return Vec::new();
    }
    vec![Read { path, manifest, origin: Origin::File }]
}

/// What was read of stdin already, and the rest of it.
pub(super) fn rest(mut head: Vec<u8>, input: impl io::Read) -> io::Result<Vec<u8>> {
    let room = MAX_BYTES.saturating_sub(head.len() as u64);
    input.take(room).read_to_end(&mut head)?;
    if head.len() as u64 >= MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 256 MiB"));
    }
    Ok(head)
}
