//! What is judged, and what was read of it: each thing once, when the first judge asks.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_advisory::database::Database;
use plimsoll_image::Options;
use plimsoll_image::attached::{Registries, Repository, Stored};
use plimsoll_model::gate::Subject;
use plimsoll_model::{
    Digest, ImageName, Inventory, Reference, ReferenceError, Scan, Timestamp, Transport,
};

use crate::commands::kube::Manifests;
use crate::commands::lint::files::is_dockerfile;
use crate::commands::scan;
use crate::evidence::{self, Evidence};
use crate::exit::{Usage, chain};
use crate::scan_claim;
use crate::target::Reading;

/// What sort of thing is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An image, wherever it is.
    Image,
    /// A folder with sources.
    Folder,
    /// One Dockerfile.
    Dockerfile,
    /// One manifest, chart or kustomization.
    Manifest,
}

/// What all targets are read with.
pub(super) struct Means {
    pub(super) reading: Reading,
    pub(super) options: Options,
    pub(super) registries: Arc<Registries>,
    pub(super) now: Timestamp,
    /// Folder of the advisory database.
    pub(super) db: Option<PathBuf>,
    database: OnceCell<Result<Database, String>>,
}

/// A thing to be judged.
pub(super) struct Target<'m> {
    pub(super) name: String,
    pub(super) kind: Kind,
    means: &'m Means,
    reference: Option<Reference>,
    attached: OnceCell<Result<Attached, String>>,
    scan: OnceCell<Result<Scan, String>>,
    manifests: OnceCell<Manifests>,
}

/// An image where it is kept, and what hangs on it.
pub(super) struct Attached {
    pub(super) repository: Repository,
    /// What the reference stands for: an image, or an index of several.
    pub(super) subject: Stored,
    /// The image for the platform that is judged.
    pub(super) image: Stored,
    /// What hangs on either.
    pub(super) evidence: Vec<(Digest, Vec<Evidence>)>,
    /// The types of other things that refer to them.
    pub(super) referring: Vec<String>,
}

impl Means {
    pub(super) fn new(
        reading: Reading,
        db: Option<PathBuf>,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let options = reading.options()?;
        let registries = Arc::new(Registries::new(options.clone()));
        Ok(Self { reading, options, registries, now, db, database: OnceCell::new() })
    }

    /// The advisories.
    pub(super) fn database(&self) -> Result<&Database, String> {
        let opened = || scan::open_database(self.db.clone()).map_err(|error| chain(&error));
        self.database.get_or_init(opened).as_ref().map_err(Clone::clone)
    }
}

impl<'m> Target<'m> {
    /// What a name on the command line stands for: a folder, a file, else an image.
    pub(super) fn new(name: &str, means: &'m Means) -> Result<Self, Usage> {
        let target = |kind, reference| Self {
            name: name.to_owned(),
            kind,
            means,
            reference,
            attached: OnceCell::new(),
            scan: OnceCell::new(),
            manifests: OnceCell::new(),
        };
        let path = Path::new(name);
        if name.is_empty() {
            return Err(Usage("an empty name is none: name an image or a path".into()));
        }
        if path.is_dir() {
            return Ok(target(Kind::Folder, None));
        }
        if path.exists() {
            let file = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
            if is_dockerfile(&file) {
                return Ok(target(Kind::Dockerfile, None));
            }
            let ends = [".yaml", ".yml", ".json", ".tgz", ".tar.gz"];
            if ends.iter().any(|end| file.ends_with(end)) {
                return Ok(target(Kind::Manifest, None));
            }
            return Err(Usage(format!(
                "`{name}` is neither a folder nor a Dockerfile nor a manifest by its name: an archive \
                 of an image is `docker-archive:{name}` or `oci-archive:{name}`"
            )));
        }
        let looks_like_a_path = name.starts_with(['.', '/']);
        if looks_like_a_path {
            return Err(Usage(format!("there is no file or folder `{name}`")));
        }
        let reference: Reference =
            name.parse().map_err(|error: ReferenceError| Usage(error.to_string()))?;
        if let Reference::Path { transport: Transport::Dir, path } = &reference {
            if !Path::new(path).is_dir() {
                return Err(Usage(format!("there is no folder `{path}`")));
            }
            let mut folder = Self::new(path, means)?;
            name.clone_into(&mut folder.name);
            return Ok(folder);
        }
        Ok(target(Kind::Image, Some(reference)))
    }

    /// The path of what is no image.
    pub(super) fn path(&self) -> PathBuf {
        PathBuf::from(self.name.strip_prefix("dir:").unwrap_or(&self.name))
    }

    /// How a decision tells it.
    pub(super) fn subject(&self) -> Subject {
        let kind = match self.kind {
            Kind::Image => "image",
            Kind::Folder => "folder",
            Kind::Dockerfile | Kind::Manifest => "file",
        };
        let attached = (self.kind == Kind::Image).then(|| self.attached());
        let digest = match attached {
            Some(Some(Ok(attached))) => Some(attached.subject.descriptor.digest.clone()),
            _ => match self.scan.get() {
                Some(Ok(scan)) => scan.inventory.artifact.manifest_digest.clone(),
                _ => None,
            },
        };
        Subject { name: self.name.clone(), kind, digest }
    }

    /// The name of an image that has one.
    pub(super) fn image_name(&self) -> Option<&ImageName> {
        match &self.reference {
            Some(Reference::Image { name, .. }) => Some(name),
            _ => None,
        }
    }

    /// Whether it is where signatures can hang on it.
    fn can_be_signed(&self) -> bool {
        matches!(
            self.reference.as_ref().map(Reference::transport),
            Some(Transport::Auto | Transport::Registry | Transport::OciDir)
        )
    }

    /// The image where it is kept; `None` where nothing can hang on it there.
    pub(super) fn attached(&self) -> Option<Result<&Attached, String>> {
        let reference = self.reference.as_ref().filter(|_| self.can_be_signed())?;
        let open = || self.open(reference).map_err(|error| chain(&error));
        Some(self.attached.get_or_init(open).as_ref().map_err(Clone::clone))
    }

    fn open(&self, reference: &Reference) -> anyhow::Result<Attached> {
        let repository = self.means.registries.repository(reference)?;
        let subject = repository.subject()?;
        let image = scan_claim::image_of(&repository, subject.clone(), &self.means.options)?;
        let mut evidence = Vec::new();
        let mut referring = Vec::new();
        let mut digests = vec![subject.descriptor.digest.clone()];
        if image.descriptor.digest != subject.descriptor.digest {
            digests.push(image.descriptor.digest.clone());
        }
        for digest in digests {
            let listed = repository.referrers(&digest, None)?;
            referring.extend(listed.into_iter().filter_map(|one| one.artifact_type));
            evidence.push((digest.clone(), evidence::collect(&repository, &digest)?));
        }
        Ok(Attached { repository, subject, image, evidence, referring })
    }

    /// What is vulnerable in it, with what it holds, before any filter.
    pub(super) fn scan(&self) -> Result<&Scan, String> {
        self.scan.get_or_init(|| self.scanned()).as_ref().map_err(Clone::clone)
    }

    fn scanned(&self) -> Result<Scan, String> {
        let name = self.pinned()?;
        let read = || -> anyhow::Result<Inventory> { self.means.reading.read(&name) };
        let inventory = read().map_err(|error| chain(&error))?;
        let database = self.means.database()?;
        let declared = self.kind != Kind::Image;
        let judged = scan::judged(inventory, database, declared, self.means.now);
        judged.map(|(scan, _)| scan).map_err(|error| chain(&error))
    }

    /// What is read: of a name in a registry the image whose evidence was looked at, whatever the tag
    /// stands for by now and whatever a daemon has under that name.
    pub(super) fn pinned(&self) -> Result<String, String> {
        if self.kind != Kind::Image {
            return Ok(format!("dir:{}", self.path().display()));
        }
        match (&self.reference, self.attached()) {
            (Some(Reference::Image { name, .. }), Some(attached)) => {
                let digest = &attached?.subject.descriptor.digest;
                Ok(format!("registry:{}/{}@{digest}", name.registry(), name.repository()))
            }
            _ => Ok(self.name.clone()),
        }
    }

    /// The manifests that are named, seen from a folder; else those that it is or holds.
    pub(super) fn manifests(&self, named: Vec<PathBuf>) -> &Manifests {
        self.manifests.get_or_init(|| {
            let own = if named.is_empty() { vec![self.path()] } else { named };
            Manifests::read(&own)
        })
    }
}

impl Attached {
    /// Everything that hangs on the image or its index, with what it is about.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Digest, &Evidence)> {
        self.evidence.iter().flat_map(|(digest, all)| all.iter().map(move |one| (digest, one)))
    }
}
