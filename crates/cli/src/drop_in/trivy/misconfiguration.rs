//! Dockerfiles and manifests, judged by Plimsoll's own rules and laid out as Trivy's checks.
//!
//! Our levels become its severities as in `kube scan`: error is HIGH, warning MEDIUM, all below LOW.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_build::lint as judge_dockerfile;
use plimsoll_build::syntax::Dockerfile;
use plimsoll_kube::manifest::{Manifest, Problem, ProblemKind};
use plimsoll_kube::{Estate, lint as judge_manifest, objects};
use plimsoll_model::Severity;
use plimsoll_model::text::{Level, Source};
use plimsoll_report::Style;
use plimsoll_report::lint::{Finding, Judged, LintFormat};
use serde_json::{Value, json};

use super::ignored::Ignored;
use crate::commands::lint::files;
use crate::commands::lint::ground;
use crate::drop_in::skipped::Skipped;
use crate::exit::tell;
use crate::output;
use crate::style::stdout_style;

/// How deep folders are searched.
const MAX_DEPTH: u32 = 32;

/// What was judged.
#[derive(Default)]
pub(in crate::drop_in) struct Found {
    dockerfiles: Vec<(String, Dockerfile, Vec<plimsoll_build::Finding>)>,
    manifests: Vec<(String, Manifest, Vec<plimsoll_kube::Finding>)>,
    /// Whether something of it could not be read.
    pub(in crate::drop_in) is_partial: bool,
}

/// What keeps a manifest from being read to its end, and where.
fn unread(manifest: &Manifest) -> Option<(u32, String)> {
    let stops = |it: &&Problem| {
        matches!(
            it.kind,
            ProblemKind::NotText
                | ProblemKind::Syntax(_)
                | ProblemKind::TooLarge(_)
                | ProblemKind::TooManyDocuments(_)
        )
    };
    let first = manifest.problems.iter().find(stops)?;
    Some((manifest.source.position(first.span.start).line, first.kind.to_string()))
}

/// Judges a file, or what is below a folder.
pub(in crate::drop_in) fn find(
    path: &str,
    severities: Option<&[Severity]>,
    skipped: &Skipped,
) -> anyhow::Result<Found> {
    let root = Path::new(path);
    fs::metadata(root).map_err(|error| anyhow::anyhow!("cannot read `{path}`: {error}"))?;
    let is_wanted = |level| severities.is_none_or(|all| all.contains(&severity(level)));
    let shown = |file: &Path| {
        let inner = file.strip_prefix(root).unwrap_or(file);
        let inner = if inner.as_os_str().is_empty() {
            Path::new(file.file_name().unwrap_or_default())
        } else {
            inner
        };
        inner.display().to_string()
    };
    let mut found = Found::default();
    let (mut texts, mut dockerfiles): (Vec<PathBuf>, Vec<PathBuf>) = (Vec::new(), Vec::new());
    if root.is_dir() {
        let mut walk = Walk { texts, dockerfiles, unread: Vec::new() };
        walk.folder(root, 0);
        for (place, why) in
            walk.unread.iter().filter(|(place, _)| !skipped.has_folder(&shown(place)))
        {
            tell(&format!("partial: `{}`: {why}", place.display()));
            found.is_partial = true;
        }
        (texts, dockerfiles) = (walk.texts, walk.dockerfiles);
    } else if is_yaml(root) {
        texts.push(root.to_owned());
    } else {
        dockerfiles.push(root.to_owned());
    }
    for file in dockerfiles.into_iter().filter(|file| !skipped.has(&shown(file))) {
        let (config, environment) = ground(None, Some(&file));
        let bytes = files::read(&file).with_context(|| format!("cannot read `{}`", file.display()));
        let source = Source::from_bytes(bytes?);
        let dockerfile = Dockerfile::parse(source);
        let mut said = judge_dockerfile(&dockerfile, &config?, &environment).findings;
        said.retain(|one| is_wanted(one.level));
        found.dockerfiles.push((shown(&file), dockerfile, said));
    }
    let mut read = Vec::new();
    for file in texts.into_iter().filter(|file| !skipped.has(&shown(file))) {
        match files::read(&file) {
            Ok(bytes) => {
                let manifest = Manifest::parse(Source::from_bytes(bytes));
                if let Some((line, why)) = unread(&manifest) {
                    tell(&format!("partial: `{}:{line}`: {why}", file.display()));
                    found.is_partial = true;
                }
                if !objects(&manifest).0.is_empty() {
                    read.push((shown(&file), manifest));
                }
            }
            Err(error) => {
                tell(&format!("partial: `{}`: {error}", file.display()));
                found.is_partial = true;
            }
        }
    }
    let estate = Estate::of(read.iter().map(|(_, manifest)| manifest));
    let config = plimsoll_kube::Config::default();
    let judged: Vec<Vec<plimsoll_kube::Finding>> = read
        .iter()
        .map(|(_, manifest)| {
            let mut said = judge_manifest(manifest, &estate, &config);
            said.retain(|one| is_wanted(one.level));
            said
        })
        .collect();
    for ((path, manifest), said) in read.into_iter().zip(judged) {
        found.manifests.push((path, manifest, said));
    }
    Ok(found)
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "yaml" || end == "yml")
}

/// The files below a folder, and what of it could not be read.
struct Walk {
    texts: Vec<PathBuf>,
    dockerfiles: Vec<PathBuf>,
    unread: Vec<(PathBuf, String)>,
}

impl Walk {
    fn folder(&mut self, folder: &Path, depth: u32) {
        if depth > MAX_DEPTH {
            let why = format!("it lies deeper than {MAX_DEPTH} folders");
            self.unread.push((folder.to_owned(), why));
            return;
        }
        let entries = match fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => {
                self.unread.push((folder.to_owned(), error.to_string()));
                return;
            }
        };
        let mut entries = entries;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (name, path) = (entry.file_name(), entry.path());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && name != ".git" => {
                    self.folder(&path, depth.saturating_add(1));
                }
                Ok(kind) if kind.is_file() && is_yaml(&path) => self.texts.push(path),
                Ok(kind) if kind.is_file() && files::is_dockerfile(&name.to_string_lossy()) => {
                    self.dockerfiles.push(path);
                }
                Ok(_) => {}
                Err(error) => self.unread.push((path, error.to_string())),
            }
        }
    }
}

fn severity(level: Level) -> Severity {
    match level {
        Level::Error => Severity::High,
        Level::Warning => Severity::Medium,
        _ => Severity::Low,
    }
}

impl Found {
    /// Takes out what an ignore file names.
    pub(super) fn ignore(&mut self, ignored: &Ignored) {
        let is_kept = |path: &str, id: &'static str, aliases: &'static [&'static str]| {
            !ignored.has(std::iter::once(id).chain(aliases.iter().copied()), path)
        };
        for (path, _, said) in &mut self.dockerfiles {
            said.retain(|one| is_kept(path, one.rule.id, one.rule.aliases));
        }
        for (path, _, said) in &mut self.manifests {
            said.retain(|one| is_kept(path, one.rule.id, one.rule.aliases));
        }
    }

    pub(in crate::drop_in) fn len(&self) -> usize {
        let dockerfiles = self.dockerfiles.iter().map(|(_, _, said)| said.len());
        dockerfiles.chain(self.manifests.iter().map(|(_, _, said)| said.len())).sum()
    }

    pub(in crate::drop_in) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn views(&self) -> impl Iterator<Item = (&'static str, Judged<'_>)> {
        let dockerfiles = self
            .dockerfiles
            .iter()
            .map(|(path, file, said)| ("dockerfile", Judged::dockerfile(path, file, said)));
        dockerfiles.chain(
            self.manifests.iter().map(|(path, manifest, said)| {
                ("kubernetes", Judged::manifest(path, manifest, said))
            }),
        )
    }

    /// As results of Trivy's layout.
    pub(in crate::drop_in) fn results(&self) -> Vec<Value> {
        let result = |(kind, judged): (&str, Judged<'_>)| {
            let all: Vec<Value> =
                judged.findings.iter().map(|one| misconfiguration(kind, &judged, one)).collect();
            json!({
                "Target": judged.path,
                "Class": "config",
                "Type": kind,
                "MisconfSummary": { "Successes": 0, "Failures": all.len() },
                "Misconfigurations": all,
            })
        };
        self.views().map(result).collect()
    }

    /// As our own linters print it.
    pub(in crate::drop_in) fn table(&self, file: Option<&str>) -> anyhow::Result<()> {
        self.written("tty", file)
    }

    /// As SARIF.
    pub(in crate::drop_in) fn sarif(&self, file: Option<&str>) -> anyhow::Result<()> {
        self.written("sarif", file)
    }

    fn written(&self, name: &str, file: Option<&str>) -> anyhow::Result<()> {
        let Some(format) = LintFormat::named(name) else {
            anyhow::bail!("there is no format `{name}`");
        };
        let views: Vec<Judged<'_>> = self.views().map(|(_, judged)| judged).collect();
        let style = if file.is_some() { Style::default() } else { stdout_style() };
        output::write(file, |out| (format.write)(&views, &style, out))
    }
}

fn misconfiguration(kind: &str, judged: &Judged<'_>, one: &Finding<'_>) -> Value {
    let (from, to) = (judged.source.position(one.span.start), judged.source.position(one.span.end));
    let (word, provider) = match kind {
        "dockerfile" => ("Dockerfile Security Check", "Dockerfile"),
        _ => ("Kubernetes Security Check", "Kubernetes"),
    };
    json!({
        "Type": word,
        "ID": one.rule.id,
        "Aliases": one.rule.aliases,
        "Title": one.rule.title,
        "Description": one.rule.why,
        "Message": one.message,
        "Resolution": one.fix.as_ref().map_or(one.rule.title, |fix| fix.title),
        "Severity": plimsoll_report::formats::trivy::severity(severity(one.level)),
        "PrimaryURL": one.rule.source,
        "References": [one.rule.source],
        "Status": "FAIL",
        "CauseMetadata": {
            "Provider": provider,
            "Service": "general",
            "StartLine": from.line,
            "EndLine": to.line.max(from.line),
        },
    })
}
