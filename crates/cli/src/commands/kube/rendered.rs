//! Helm charts and kustomizations, as `helm` and `kustomize` print them, and what a cluster has.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use plimsoll_kube::rendered::{self, Part};
use plimsoll_model::text::Source;

use super::files::{Origin, Read};
use super::live::{self, Live};
use crate::commands::lint::files::read;
use crate::program::{self, Bounds, Failed};

/// What `helm` and its like may take.
const BOUNDS: Bounds = Bounds { time: Duration::from_mins(2), printed: 128 << 20 };
/// How much of a chart's archive is unpacked, in bytes.
const MAX_UNPACKED: u64 = 256 << 20;
/// How large a template in an archive may be, in bytes.
const MAX_TEMPLATE: u64 = 8 << 20;

/// How charts are rendered
#[derive(Debug, Default, Clone, clap::Args)]
#[command(next_help_heading = "Helm charts")]
pub(super) struct Charts {
    /// Values for charts, as `helm template --values` takes them
    #[arg(long, value_name = "FILE")]
    values: Vec<PathBuf>,

    /// One value for charts, as `helm template --set` takes it
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// The name under which charts are installed
    #[arg(long, value_name = "NAME")]
    release_name: Option<String>,

    #[command(flatten)]
    live: Live,
}

/// How charts are rendered, and into which namespace
#[derive(Debug, Default, Clone, clap::Args)]
pub(super) struct Rendering {
    #[command(flatten)]
    charts: Charts,

    /// The namespace that charts are installed into, or the only one of `cluster` that is read
    #[arg(long, value_name = "NAMESPACE", help_heading = "Helm charts")]
    namespace: Option<String>,
}

impl Charts {
    pub(super) fn into(self, namespace: Option<String>) -> Rendering {
        Rendering { charts: self, namespace }
    }
}

/// What a name is that is no file to be read as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A Helm chart.
    Chart,
    /// A folder with a `kustomization.yaml`.
    Kustomization,
    /// The word for a live cluster.
    Cluster,
}

impl Kind {
    /// What a path is, where it is one of these.
    pub(super) fn of(path: &Path) -> Option<Self> {
        if path == Path::new(live::NAME) && !path.exists() {
            return Some(Self::Cluster);
        }
        if path.is_dir() {
            let has = |name: &str| path.join(name).is_file();
            return if has("Chart.yaml") {
                Some(Self::Chart)
            } else if ["kustomization.yaml", "kustomization.yml", "Kustomization"]
                .iter()
                .any(|name| has(name))
            {
                Some(Self::Kustomization)
            } else {
                None
            };
        }
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        [".tgz", ".tar.gz"].iter().any(|end| name.ends_with(end)).then_some(Self::Chart)
    }
}

/// Whether a chart only has templates for others, which cannot be installed.
pub(super) fn is_library(folder: &Path) -> bool {
    let text = read(&folder.join("Chart.yaml")).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().any(|line| {
        line.strip_prefix("type:")
            .is_some_and(|kind| kind.trim().trim_matches(['"', '\'']) == "library")
    })
}

impl Rendering {
    /// What a chart or a kustomization comes to, one manifest for each file that it is written in.
    pub(super) fn read(&self, path: &Path, kind: Kind) -> anyhow::Result<Vec<Read>> {
        match kind {
            Kind::Chart => self.chart(path),
            Kind::Kustomization => kustomization(path),
            Kind::Cluster => {
                let mut all = Vec::new();
                self.cluster(&mut |read| all.push(read))?;
                Ok(all)
            }
        }
    }

    /// Gives the objects of the live cluster that is meant to `take`.
    pub(super) fn cluster(&self, take: &mut dyn FnMut(Read)) -> anyhow::Result<()> {
        self.charts.live.each(self.namespace.as_deref(), take)
    }

    fn chart(&self, path: &Path) -> anyhow::Result<Vec<Read>> {
        let shown = path.display();
        let mut arguments = vec!["template".into()];
        arguments.extend(self.charts.release_name.iter().map(Into::into));
        arguments.push(whole(path));
        if let Some(namespace) = &self.namespace {
            arguments.extend(["--namespace".into(), namespace.into()]);
        }
        for file in &self.charts.values {
            arguments.extend(["--values".into(), file.into()]);
        }
        for value in &self.charts.set {
            arguments.extend(["--set".into(), value.into()]);
        }
        let printed = match run("helm", &arguments) {
            Ok(printed) => printed,
            Err(Failed::Missing) => anyhow::bail!(
                "`{shown}` is a Helm chart, and there is no `helm` on the PATH to render it: install \
                 it, or give what it prints: `helm template {shown} | plimsoll kube lint -`"
            ),
            Err(failed) => {
                return Err(failed).with_context(|| format!("`helm template {shown}` failed"));
            }
        };
        let templates = Templates::of(path)?;
        let read = |part: Part| {
            let name = part.file.clone().unwrap_or_default();
            // The first part of what helm names is the chart's name, wherever the chart is.
            let inner = name.split_once('/').map_or("", |(_, inner)| inner);
            let part = match templates.text(path, inner) {
                Some(text) => part.in_template(Source::from_bytes(text)),
                None => part,
            };
            let part = self.namespace.iter().fold(part, |part, name| part.in_namespace(name));
            Read { path: path.join(inner), manifest: part.manifest, origin: Origin::Program }
        };
        Ok(rendered::helm(&printed).into_iter().map(read).collect())
    }
}

/// Built by `kustomize`, else by `kubectl`, which has an older one in it.
fn kustomization(path: &Path) -> anyhow::Result<Vec<Read>> {
    let shown = path.display();
    let folder = whole(path);
    let built = match run("kustomize", &["build".into(), folder.clone()]) {
        Err(Failed::Missing) => run("kubectl", &["kustomize".into(), folder]),
        built => built,
    };
    let printed = match built {
        Ok(printed) => printed,
        Err(Failed::Missing) => anyhow::bail!(
            "`{shown}` has a kustomization, and there is neither `kustomize` nor `kubectl` on the \
             PATH to build it: install one, or give what it prints: `kustomize build {shown} | \
             plimsoll kube lint -`"
        ),
        Err(failed) => {
            return Err(failed).with_context(|| format!("`kustomize build {shown}` failed"));
        }
    };
    let origin = |file: &str| Some(Source::from_bytes(read(&path.join(file)).ok()?));
    let placed = rendered::kustomize(&printed, &origin).into_iter().map(|part| Read {
        // A folder with lines of what was printed, where nothing says more.
        path: part.file.map_or_else(|| path.to_owned(), |file| tidy(&path.join(file))),
        manifest: part.manifest,
        origin: Origin::Program,
    });
    Ok(placed.collect())
}

/// What a program prints.
fn run(program: &str, arguments: &[OsString]) -> Result<String, Failed> {
    let mut command = Command::new(program);
    command.args(arguments).env("GIT_TERMINAL_PROMPT", "0");
    program::run(command.stdin(Stdio::null()).stderr(Stdio::piped()), BOUNDS)
}

/// A path that no program takes for an option, or for the name of a chart in a repository.
fn whole(path: &Path) -> OsString {
    if path.is_absolute() { path.into() } else { Path::new(".").join(path).into() }
}

/// A path without the folders that it leaves again.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match (part, tidy.components().next_back()) {
            (Component::ParentDir, Some(Component::Normal(_))) => {
                tidy.pop();
            }
            (Component::CurDir, _) => {}
            _ => tidy.push(part),
        }
    }
    tidy
}

/// Templates that are in archives: by their path in the chart.
#[derive(Default)]
struct Templates(BTreeMap<String, Vec<u8>>);

impl Templates {
    /// Those of a chart's archive, or of the archives of charts that a chart needs.
    fn of(path: &Path) -> anyhow::Result<Self> {
        let mut templates = Self::default();
        if path.is_dir() {
            let needed = fs::read_dir(path.join("charts")).into_iter().flatten().flatten();
            for archive in
                needed.filter(|one| one.path().extension().is_some_and(|end| end == "tgz"))
            {
                templates.unpack(&archive.path(), "charts/")?;
            }
        } else {
            templates.unpack(path, "")?;
            templates.0 = std::mem::take(&mut templates.0)
                .into_iter()
                .filter_map(|(name, text)| Some((name.split_once('/')?.1.to_owned(), text)))
                .collect();
        }
        Ok(templates)
    }

    fn unpack(&mut self, archive: &Path, below: &str) -> anyhow::Result<()> {
        let why = || format!("cannot read `{}`", archive.display());
        let file = File::open(archive).with_context(why)?;
        let unpacked = flate2::read::GzDecoder::new(file).take(MAX_UNPACKED);
        let mut members = tar::Archive::new(unpacked);
        for member in members.entries().with_context(why)? {
            let mut member = member.with_context(why)?;
            let name = String::from_utf8_lossy(&member.path_bytes()).into_owned();
            if name.contains("/templates/") && member.size() <= MAX_TEMPLATE {
                let mut text = Vec::new();
                member.read_to_end(&mut text).with_context(why)?;
                self.0.insert(format!("{below}{name}"), text);
            }
        }
        Ok(())
    }

    /// A template by its path in the chart.
    fn text(&self, chart: &Path, inner: &str) -> Option<Vec<u8>> {
        let is_inside =
            Path::new(inner).components().all(|part| matches!(part, Component::Normal(_)));
        let on_disk = || is_inside.then(|| read(&chart.join(inner)).ok()).flatten();
        self.0.get(inner).cloned().or_else(on_disk)
    }
}
