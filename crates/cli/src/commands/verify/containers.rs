//! `containers-policy.json`: the flags, the files around it, and what is signed about the image.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_image::attached::{Repository, Stored};
use plimsoll_model::{ImageName, Reference};
use plimsoll_supply::containers_policy::{
    Files, Policy, Scope, SigstoreSignature, Subject, evaluate,
};
use plimsoll_supply::evidence::artefact as artefact_of;
use plimsoll_supply::verify::Step;
use plimsoll_witness::Web;
use serde::Deserialize;

use super::candidates::Candidate;
use crate::exit::{Usage, tell};
use crate::{clock, evidence, files, paths};

/// How a policy of podman, CRI-O and skopeo is obeyed.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Policy of podman, CRI-O and skopeo")]
pub(super) struct Containers {
    /// Ask this policy whether the image is allowed, as `policy.json` in /etc/containers
    #[arg(long, value_name = "FILE", conflicts_with_all = super::SIGSTORE, conflicts_with_all = super::CERTIFICATES, conflicts_with_all = ["notation", "notation_trust_policy", "notation_trust_store"])]
    containers_policy: Option<PathBuf>,

    /// Where it is said where signatures are [default: registries.d in ~/.config/containers, else in
    /// /etc/containers]
    #[arg(long, value_name = "DIR", requires = "containers_policy")]
    registries_d: Option<PathBuf>,
}

/// The largest file of a configuration, and the largest signature: 4 MiB, as in containers/image.
const MAX_FILE: u64 = 4 << 20;

/// The most signatures of one image.
const MAX_SIGNATURES: usize = 128;

impl Containers {
    /// Whether such a policy is asked.
    pub(super) fn is_asked(&self) -> bool {
        self.containers_policy.is_some()
    }

    /// Judges an image.
    pub(super) fn verify(
        &self,
        reference: &Reference,
        repository: &Repository,
        stored: &Stored,
        offline: bool,
    ) -> anyhow::Result<Candidate> {
        let file = self.containers_policy.as_deref().unwrap_or(Path::new(""));
        let shown = file.display();
        let bytes =
            files::read(file, MAX_FILE).with_context(|| format!("cannot read `{shown}`"))?;
        let policy = Policy::parse(&bytes).with_context(|| format!("`{shown}`"))?;
        let (name, scope) = match reference {
            Reference::Image { name, .. } => (Some(name), Scope::of_image(name)),
            Reference::Path { path, .. } => (None, layout(path)?),
            _ => return Err(Usage(format!("`{reference}` is no image")).into()),
        };
        let (mut simple, mut sigstore) = (Vec::new(), Vec::new());
        if let Some(name) = name {
            let registries = self.registries()?;
            simple = registries.simple(name, &scope, stored, offline)?;
            if registries.attached(&scope) {
                sigstore = attached(repository, stored)?;
            }
        }
        let subject = Subject {
            name,
            scope: &scope,
            manifest: &stored.bytes,
            simple: &simple,
            sigstore: &sigstore,
        };
        let report = evaluate(&policy, &subject, &Disk, clock::now());
        let unsigned = |it: &Step| it.name == "insecureAcceptAnything";
        if report.verified && report.steps.iter().all(unsigned) {
            tell(
                "warning: nothing was verified: the policy accepts this image without a signature",
            );
        }
        let artefact = artefact_of(&stored.descriptor.digest);
        Ok(Candidate { name: reference.to_string(), artefact, report, statement: None })
    }

    fn registries(&self) -> anyhow::Result<Registries> {
        let folder = self.registries_d.clone().unwrap_or_else(paths::registries_dir);
        let mut all = Registries::default();
        let Ok(entries) = fs::read_dir(&folder) else { return Ok(all) };
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|it| it != "yaml") {
                continue;
            }
            let shown = path.display();
            let bytes =
                files::read(&path, MAX_FILE).with_context(|| format!("cannot read `{shown}`"))?;
            let text = String::from_utf8_lossy(&bytes);
            let one: Registries = serde_saphyr::from_str(&text)
                .map_err(|error| anyhow::anyhow!("`{shown}`: {}", error.without_snippet()))?;
            let twice = one.default_docker.is_some() && all.default_docker.is_some()
                || one.docker.keys().any(|name| all.docker.contains_key(name));
            if twice {
                anyhow::bail!("`{shown}` says again what another file in its folder says");
            }
            all.default_docker = all.default_docker.or(one.default_docker);
            all.docker.extend(one.docker);
        }
        Ok(all)
    }
}

/// The scope of a layout: its path without links.
fn layout(path: &str) -> anyhow::Result<Scope> {
    let (folder, tag) = match path.rsplit_once(':') {
        Some((folder, tag)) if !tag.contains('/') => (folder, Some(tag)),
        _ => (path, None),
    };
    let whole = fs::canonicalize(folder).with_context(|| format!("cannot read `{folder}`"))?;
    Ok(Scope::of_layout(&whole.to_string_lossy(), tag))
}

/// Files that the policy names.
struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        files::read(Path::new(path), MAX_FILE).map_err(|error| error.to_string())
    }
}

/// Where signatures are: `containers-registries.d.5.md` of containers/image.
#[derive(Debug, Default, Deserialize)]
struct Registries {
    #[serde(rename = "default-docker")]
    default_docker: Option<Namespace>,
    #[serde(default)]
    docker: BTreeMap<String, Namespace>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Namespace {
    lookaside: Option<String>,
    sigstore: Option<String>,
    use_sigstore_attachments: Option<bool>,
}

impl Registries {
    /// The first of the namespaces, the nearest first, that says something.
    fn first<T>(&self, scope: &Scope, of: impl Fn(&Namespace) -> Option<T>) -> Option<T> {
        let named = scope.names.iter().filter_map(|name| self.docker.get(name));
        named.chain(&self.default_docker).find_map(of)
    }

    fn attached(&self, scope: &Scope) -> bool {
        self.first(scope, |it| it.use_sigstore_attachments).unwrap_or_default()
    }

    /// The signatures beside the registry, numbered from 1 until one is missing.
    fn simple(
        &self,
        name: &ImageName,
        scope: &Scope,
        stored: &Stored,
        offline: bool,
    ) -> anyhow::Result<Vec<Vec<u8>>> {
        let said = |it: &Namespace| it.lookaside.clone().or_else(|| it.sigstore.clone());
        let base = self.first(scope, said).unwrap_or_else(paths::lookaside);
        let digest = &stored.descriptor.digest;
        let repository = name.repository();
        let folder = format!("{base}/{repository}@{}={}", digest.algorithm().name(), digest.hex());
        let web = if base.starts_with("file:") || offline { None } else { Some(Web::new()?) };
        let mut found = Vec::new();
        for number in 1..=MAX_SIGNATURES {
            let place = format!("{folder}/signature-{number}");
            let bytes = match (place.strip_prefix("file://"), &web) {
                (Some(path), _) => match files::read(Path::new(path), MAX_FILE) {
                    Ok(bytes) => bytes,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => break,
                    Err(error) => {
                        return Err(error).with_context(|| format!("cannot read `{place}`"));
                    }
                },
                (None, Some(web)) => match web.download(&place, MAX_FILE)? {
                    Some(bytes) => bytes,
                    None => break,
                },
                (None, None) => {
                    let why = format!("signatures are at `{base}`, which `--offline` does not ask");
                    return Err(Usage(why).into());
                }
            };
            found.extend(simple_signing(bytes));
        }
        Ok(found)
    }
}

/// A message of `OpenPGP`, as it is or behind the name of its kind; other kinds are none.
fn simple_signing(bytes: Vec<u8>) -> Option<Vec<u8>> {
    match bytes.as_slice() {
        [0, named @ ..] => named.strip_prefix(b"simple-signing\n").map(<[u8]>::to_vec),
        _ => Some(bytes),
    }
}

/// What cosign keeps under its tag.
fn attached(repository: &Repository, stored: &Stored) -> anyhow::Result<Vec<SigstoreSignature>> {
    let all = evidence::collect(repository, &stored.descriptor.digest)?;
    let simple = all.into_iter().filter(|it| it.form == evidence::Form::Simple);
    Ok(simple
        .map(|it| SigstoreSignature { payload: it.bytes, annotations: it.annotations })
        .collect())
}
