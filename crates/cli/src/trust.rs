//! The trusted roots that were fetched by TUF, and which of all roots counts.
//!
//! A folder for each repository: `metadata/` is what its chain of trust has reached, `targets/`
//! what verification reads. A target is put in its place only when a whole update has held.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_model::Timestamp;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::tuf::{Anchor, Client, Store as _, TufError, check_root};
use plimsoll_witness::tuf::{Folder, Mirror};
use serde::{Deserialize, Serialize};

use crate::paths;

/// The target that says whom to trust.
const TRUSTED_ROOT: &str = "trusted_root.json";

/// Targets that are fetched as well where the repository has them: the npm registry's keys.
const MORE_TARGETS: &[&str] = &["registry.npmjs.org/keys.json"];

/// When the root that is built in was taken over from Sigstore.
pub(crate) const BUILT_IN_OF: &str = "2026-08-21";

/// What is kept of one repository.
pub(crate) struct Kept {
    folder: PathBuf,
}

/// Where a repository is, and when it was last asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Source {
    /// URL or folder.
    pub(crate) mirror: String,
    /// The built-in anchor that the chain began at; none where one's own root did.
    pub(crate) anchor: Option<String>,
    /// When the last update held.
    pub(crate) updated: Option<Timestamp>,
    /// Until when that state is fresh by its own word.
    pub(crate) fresh_until: Option<Timestamp>,
}

/// What an update came to.
pub(crate) struct Updated {
    pub(crate) root_version: u64,
    pub(crate) fresh_until: Timestamp,
    pub(crate) changed: bool,
}

impl Kept {
    /// The repository called `name`: `sigstore`, which one's own may stand in for, or `github`.
    pub(crate) fn named(name: &str) -> Self {
        Self { folder: paths::trust_dir().join(name) }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn source(&self) -> anyhow::Result<Option<Source>> {
        let path = self.folder.join("source.json");
        let Some(bytes) = read(&path)? else { return Ok(None) };
        let source = serde_json::from_slice(&bytes);
        source.map(Some).with_context(|| format!("`{}`", path.display()))
    }

    /// The version and time of the root that the chain of trust has reached.
    pub(crate) fn root(&self) -> anyhow::Result<Option<plimsoll_supply::tuf::RootSummary>> {
        let path = self.folder.join("metadata/root.json");
        let Some(bytes) = read(&path)? else { return Ok(None) };
        check_root(&bytes).map(Some).with_context(|| format!("`{}`", path.display()))
    }

    /// The trusted root that the last update that held brought.
    pub(crate) fn trusted_root(&self) -> anyhow::Result<Option<TrustedRoot>> {
        let path = self.folder.join("targets").join(TRUSTED_ROOT);
        let Some(bytes) = read(&path)? else { return Ok(None) };
        let shown = path.display();
        let root = TrustedRoot::from_json(format!("`{shown}`"), &bytes);
        root.map(Some).with_context(|| format!("`{shown}`"))
    }

    /// Begins anew at one's own root, and takes the place of what was trusted before only when
    /// the first update from `mirror` has held.
    pub(crate) fn initialise(
        name: &str,
        root: &[u8],
        mirror: &str,
        now: Timestamp,
    ) -> anyhow::Result<Updated> {
        check_root(root)?;
        let kept = Self::named(name);
        let new = Self::named(&format!(".{name}.{}", std::process::id()));
        new.save("metadata", "root.json", root)?;
        let mirror = mirror.to_owned();
        let source = Source { mirror, anchor: None, updated: None, fresh_until: None };
        let updated = new.update(source, now).and_then(|updated| {
            if kept.folder.exists() {
                fs::remove_dir_all(&kept.folder)?;
            }
            fs::rename(&new.folder, &kept.folder)?;
            Ok(updated)
        });
        if updated.is_err() {
            // What is left of a failed beginning is nobody's trust.
            let _ = fs::remove_dir_all(&new.folder);
        }
        updated
    }

    /// Fetches what is new from `source`. What verification reads is changed only when all held.
    pub(crate) fn update(&self, source: Source, now: Timestamp) -> anyhow::Result<Updated> {
        let anchor = match &source.anchor {
            Some(name) => Anchor::named(name).transpose()?,
            None => None,
        };
        let mut mirror = Mirror::open(&source.mirror)?;
        let mut store = Folder(self.folder.join("metadata"));
        let mut client = Client::refresh(&mut mirror, &mut store, anchor.as_ref(), now)?;
        let trusted = client.download(TRUSTED_ROOT)?;
        TrustedRoot::from_json(TRUSTED_ROOT, &trusted)?;
        let mut more = Vec::new();
        for name in MORE_TARGETS {
            match client.download(name) {
                Ok(bytes) => more.push((name.replace('/', "_"), bytes)),
                Err(TufError::UnknownTarget(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let (root_version, fresh_until) = (client.root_version(), client.fresh_until());
        let before = read(&self.folder.join("targets").join(TRUSTED_ROOT))?;
        for (name, bytes) in &more {
            self.save("targets", name, bytes)?;
        }
        self.save("targets", TRUSTED_ROOT, &trusted)?;
        let (updated, fresh) = (Some(now), Some(fresh_until));
        self.remember(&Source { updated, fresh_until: fresh, ..source })?;
        Ok(Updated { root_version, fresh_until, changed: before.as_deref() != Some(&trusted) })
    }

    fn remember(&self, source: &Source) -> anyhow::Result<()> {
        self.save("", "source.json", &serde_json::to_vec_pretty(source)?)
    }

    fn save(&self, folder: &str, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let mut folder = Folder(self.folder.join(folder));
        let saved = folder.save(name, bytes).map_err(anyhow::Error::msg);
        saved.with_context(|| format!("cannot write `{name}` in `{}`", self.folder.display()))
    }
}

/// The root that counts where none is named: the fetched one, else the built-in one.
pub(crate) fn default_root() -> anyhow::Result<TrustedRoot> {
    match Kept::named("sigstore").trusted_root()? {
        Some(root) => Ok(root),
        None => Ok(TrustedRoot::public_good()?),
    }
}

/// The trusted root in a file, else the one that counts where none is named.
pub(crate) fn root(file: Option<&Path>) -> anyhow::Result<TrustedRoot> {
    let Some(file) = file else { return default_root() };
    let shown = file.display();
    let bytes = fs::read(file).with_context(|| format!("cannot read `{shown}`"))?;
    TrustedRoot::from_json(format!("`{shown}`"), &bytes).with_context(|| format!("`{shown}`"))
}

fn read(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read `{}`", path.display())),
    }
}
