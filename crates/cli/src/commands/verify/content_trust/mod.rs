//! Docker Content Trust: the flags, and the digest that a tag is signed for.

mod judged;
mod place;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_image::{RegistryOptions, TrustServer};
use plimsoll_model::{ImageName, Reference, ReferenceError};
use plimsoll_supply::content_trust::{Anchors, Request, Store as _, Verdict, is_role, verify};
use plimsoll_supply::hash::hex;
use plimsoll_supply::verify::{Status, Step, step as common};
use plimsoll_witness::tuf::Folder;

use self::judged::Judged;
use self::place::{Memory, Place, host};
use super::print::plain;
use super::{Format, Verify};
use crate::exit::{Outcome, Usage, tell};
use crate::{clock, files, paths};

/// Flags that Docker Content Trust has nothing to say to.
const OTHERS: [&str; 8] = [
    "images_from",
    "pin",
    "git_tag",
    "git_commit",
    "bundle",
    "signature",
    "pypi_publisher",
    "npm_package",
];

/// How a tag's digest is found.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Docker Content Trust (Notary v1)")]
pub(super) struct ContentTrust {
    /// Find the digest that the tag is signed for, as `docker pull` does with `DOCKER_CONTENT_TRUST=1`;
    /// whatever else is asked for is asked of that digest
    #[arg(long, conflicts_with_all = OTHERS)]
    dct: bool,

    /// The repository's owner: root keys or their certificates, or the authority of these
    #[arg(long, value_name = "FILE", conflicts_with_all = OTHERS)]
    dct_root: Vec<PathBuf>,

    /// Trust the root of a repository that was never seen before, and remember it
    #[arg(long, conflicts_with_all = OTHERS, conflicts_with = "dct_root")]
    dct_first_use: bool,

    /// Obey `trust_pinning` of this `config.json` of notary
    #[arg(long, value_name = "FILE", conflicts_with_all = OTHERS, conflicts_with = "dct_root")]
    dct_pinning: Option<PathBuf>,

    /// The role that has the word, such as `targets/qa`; the first that lists the tag counts
    /// [default: targets/releases, then targets]
    #[arg(long, value_name = "ROLE", conflicts_with_all = OTHERS)]
    dct_role: Vec<String>,

    /// The server [default: `DOCKER_CONTENT_TRUST_SERVER`, else `https://notary.docker.io` for Docker's
    /// own registry and the registry's host for others]
    #[arg(long, value_name = "URL", conflicts_with_all = OTHERS)]
    notary_server: Option<String>,

    /// Read metadata from Docker's folder and ask no server [default with --offline: ~/.docker/trust]
    #[arg(long, value_name = "DIR", conflicts_with_all = OTHERS, conflicts_with = "notary_server")]
    dct_trust_dir: Option<PathBuf>,
}

/// The largest file of a configuration, in bytes.
const MAX_FILE: u64 = 1 << 20;

impl ContentTrust {
    /// Whether it is asked for: each of the flags stands for `--dct`.
    fn is_asked(&self) -> bool {
        self.dct
            || self.dct_first_use
            || !self.dct_root.is_empty()
            || !self.dct_role.is_empty()
            || self.dct_pinning.is_some()
            || self.dct_trust_dir.is_some()
            || self.notary_server.is_some()
    }

    /// Judges the tag that `reference` names.
    fn verify(
        &self,
        reference: &str,
        registry: &RegistryOptions,
        offline: bool,
    ) -> anyhow::Result<Judged> {
        let parsed: Reference =
            reference.parse().map_err(|error: ReferenceError| Usage(error.to_string()))?;
        let Reference::Image { name, .. } = parsed else {
            let why = format!("`{reference}` is no image in a registry, whose tags are signed");
            return Err(Usage(why).into());
        };
        let Some(tag) = name.tag().map(str::to_owned) else {
            return Err(
                Usage(format!("`{reference}` has no tag, and tags are what is signed")).into()
            );
        };
        if let Some(role) = self.dct_role.iter().find(|role| !is_role(role)) {
            let why = format!("`{role}` is no role: `targets` is, and `targets/NAME`");
            return Err(Usage(why).into());
        }
        let gun = format!("{}/{}", name.registry(), name.repository());
        let anchors = self.anchors()?;
        let (mut place, shown) = self.place(&name, &gun, registry, offline)?;
        let folder = paths::trust_dir().join("docker").join(gun.replace('/', "%2F"));
        let mut memory = Memory { folder: Folder(folder.clone()), told: false };
        let request = Request {
            gun: &gun,
            tag: &tag,
            roles: &self.dct_role,
            anchors: &anchors,
            now: clock::now(),
        };
        let is_new = memory.load("root.json").is_ok_and(|it| it.is_none());
        let mut verdict = verify(&request, &mut place, &mut memory)?;
        if is_new && self.dct_first_use && verdict.report.verified {
            tell(&format!(
                "warning: the root of {} was trusted on first use; from now on it is the one in `{}`",
                plain(&gun),
                folder.display()
            ));
        }
        pinned(&name, &mut verdict);
        Ok(Judged { name, tag, place: shown, verdict })
    }

    fn anchors(&self) -> anyhow::Result<Anchors> {
        let mut anchors = Anchors::default();
        for file in &self.dct_root {
            let shown = file.display();
            let bytes =
                files::read(file, MAX_FILE).with_context(|| format!("cannot read `{shown}`"))?;
            anchors.trust(&bytes).with_context(|| format!("`{shown}`"))?;
        }
        if let Some(file) = &self.dct_pinning {
            let shown = file.display();
            let bytes =
                files::read(file, MAX_FILE).with_context(|| format!("cannot read `{shown}`"))?;
            let folder = file.parent().unwrap_or(Path::new(""));
            let load = |name: &str| {
                files::read(&folder.join(name), MAX_FILE).map_err(|error| error.to_string())
            };
            anchors.pin(&bytes, &load).with_context(|| format!("`{shown}`"))?;
        }
        if self.dct_first_use {
            anchors.allow_first_use();
        }
        Ok(anchors)
    }

    fn place(
        &self,
        name: &ImageName,
        gun: &str,
        registry: &RegistryOptions,
        offline: bool,
    ) -> anyhow::Result<(Place, String)> {
        if let Some(url) = self.notary_server.as_ref().filter(|_| offline) {
            return Err(Usage(format!("`--offline` does not ask `{url}`")).into());
        }
        if offline || self.dct_trust_dir.is_some() {
            let folder = self.dct_trust_dir.clone().unwrap_or_else(paths::docker_trust_dir);
            let folder = folder.join("tuf").join(gun).join("metadata");
            if !folder.is_dir() {
                let why = format!("there is no folder `{}`", folder.display());
                return Err(Usage(why).into());
            }
            let shown = folder.display().to_string();
            return Ok((Place::Folder(folder), shown));
        }
        let url = self.notary_server.clone().or_else(paths::notary_server);
        let url = url.unwrap_or_else(|| match name.registry() {
            "docker.io" => "https://notary.docker.io".into(),
            other => format!("https://{other}"),
        });
        let (host, is_plain) = host(&url)?;
        if is_plain && !registry.insecure.contains(&host) {
            let why = format!("`{url}` has no TLS: --insecure-registry {host} allows that");
            return Err(Usage(why).into());
        }
        Ok((Place::Server(Box::new(TrustServer::new(&host, name, registry)?)), url))
    }
}

/// A digest beside the tag must be the one that is signed.
fn pinned(name: &ImageName, verdict: &mut Verdict) {
    let (Some(digest), Some(target)) = (name.digest(), &verdict.target) else { return };
    let found = format!("sha256:{}", hex(&target.sha256));
    let holds = digest.to_string() == found;
    verdict.report.steps.push(Step {
        name: common::ARTEFACT,
        status: if holds { Status::Passed } else { Status::Failed },
        expected: digest.to_string(),
        found,
        place: name.to_string(),
    });
    verdict.report.verified &= holds;
}

impl Verify {
    /// Finds the digest that the tag is signed for. All that is left to be asked is asked of that;
    /// an outcome where nothing is,
    /// or where the tag is not signed.
    pub(super) fn tag(&mut self) -> anyhow::Result<Option<Outcome>> {
        if !self.content_trust.is_asked() {
            return Ok(None);
        }
        let name = self.only()?.to_string_lossy().into_owned();
        let registry = self.reading.options()?.registry;
        let judged = self.content_trust.verify(&name, &registry, self.offline)?;
        let more = self.signer.is_given()
            || self.kind.is_some()
            || self.scan.scan
            || self.claims.is_given()
            || self.notation.is_asked()
            || self.containers.is_asked()
            || self.attested.demands()?.is_some();
        match self.format {
            Format::Text => judged.text(self.explain)?,
            Format::Json => judged.json(more)?,
        }
        if !judged.is_verified() {
            return Ok(Some(Outcome::Gate(1)));
        }
        match judged.pinned().filter(|_| more) {
            Some(pinned) => {
                self.artefacts = vec![pinned.into()];
                Ok(None)
            }
            None => Ok(Some(Outcome::Clean)),
        }
    }
}
