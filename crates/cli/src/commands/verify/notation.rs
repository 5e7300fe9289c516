//! Signatures of the Notary Project: the flags, the files of its configuration, and what hangs on
//! the image.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_image::attached::{Repository, Stored};
use plimsoll_model::Reference;
use plimsoll_supply::certificate::crl::{self, RevocationList};
use plimsoll_supply::evidence::artefact as artefact_of;
use plimsoll_supply::notation::{
    self, ARTIFACT_TYPE, Request, RevocationLists, Statement, TargetArtifact, TrustPolicy,
    TrustStores,
};
use plimsoll_supply::verify::Status;
use plimsoll_witness::Web;

use super::candidates::Candidate;
use crate::exit::{Usage, tell};
use crate::{clock, files, paths};

/// How signatures of the Notary Project are verified.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Notary Project (notation)")]
pub(super) struct ByPolicy {
    /// Verify what `notation sign` made, by the trust policy and trust store of notation's own
    /// configuration
    #[arg(long, conflicts_with_all = super::SIGSTORE, conflicts_with_all = super::CERTIFICATES)]
    notation: bool,

    /// The trust policy [default: trustpolicy.oci.json, else trustpolicy.json in ~/.config/notation]
    #[arg(long, value_name = "FILE", conflicts_with_all = super::SIGSTORE, conflicts_with_all = super::CERTIFICATES)]
    notation_trust_policy: Option<PathBuf>,

    /// The folder with `x509/ca/NAME/` [default: truststore in ~/.config/notation]
    #[arg(long, value_name = "DIR", conflicts_with_all = super::SIGSTORE, conflicts_with_all = super::CERTIFICATES)]
    notation_trust_store: Option<PathBuf>,

    /// Of a layout: the registry scope whose statement is for it, such as `local/app`
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,

    /// What the signer must have said of the image
    #[arg(long, short = 'm', value_name = "NAME=VALUE")]
    user_metadata: Vec<String>,

    /// A list of revoked certificates, in PEM or DER; others are fetched unless `--offline`
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,

    /// How many signatures are looked at
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    max_signatures: usize,
}

/// What came of it.
pub(super) enum Verdict {
    /// The statement says that nothing is to be verified.
    Skipped(Box<Candidate>),
    /// Every signature that was looked at, the one that holds last.
    Judged(Vec<Candidate>),
}

impl ByPolicy {
    /// Whether signatures of this kind are asked for.
    pub(super) fn is_asked(&self) -> bool {
        self.notation || self.notation_trust_policy.is_some() || self.notation_trust_store.is_some()
    }

    /// Verifies what hangs on `subject`, and stops at the first that holds.
    pub(super) fn verify(
        &self,
        reference: &Reference,
        repository: &Repository,
        subject: &Stored,
        offline: bool,
    ) -> anyhow::Result<Verdict> {
        let policy = self.policy()?;
        let scope = self.scope(reference, repository)?;
        let statement = policy.statement_for(&scope)?;
        let target = target(subject);
        if statement.skips() {
            let report = notation::skipped(statement);
            let (name, artefact) = (repository.name(), artefact_of(&target.digest));
            return Ok(Verdict::Skipped(Box::new(Candidate {
                name,
                artefact,
                report,
                statement: None,
            })));
        }
        let metadata = self.metadata()?;
        let stores = self.stores(statement)?;
        let lists = Lists::new(&self.crl, offline)?;
        let mut done = Vec::new();
        let listed = repository.referrers(&target.digest, Some(ARTIFACT_TYPE))?;
        if listed.len() > self.max_signatures {
            tell(&format!(
                "note: {} signatures hang on it, {} are looked at (--max-signatures)",
                listed.len(),
                self.max_signatures
            ));
        }
        for entry in listed.iter().take(self.max_signatures) {
            let found = repository.manifest(&entry.digest)?;
            let short = entry.digest.short();
            // The specification has one envelope in each artifact.
            let [layer] = found.manifest.layers.as_slice() else {
                let count = found.manifest.layers.len();
                tell(&format!("passed over: {short} has {count} layers where one is due"));
                continue;
            };
            let envelope = repository.piece(layer)?;
            let report = notation::verify(&Request {
                media_type: &layer.media_type,
                envelope: &envelope,
                subject: &target,
                metadata: &metadata,
                statement,
                stores: &stores,
                lists: &lists,
                now: clock::now(),
            });
            let holds = report.verified;
            for step in report.steps.iter().filter(|it| holds && it.status == Status::Ignored) {
                tell(&format!("warning: {} does not count: {}", step.name, step.found));
            }
            let name = format!("{} (referrer {short})", repository.name());
            done.push(Candidate {
                name,
                artefact: artefact_of(&target.digest),
                report,
                statement: None,
            });
            if holds {
                break;
            }
        }
        Ok(Verdict::Judged(done))
    }

    fn policy(&self) -> anyhow::Result<TrustPolicy> {
        let file = if let Some(file) = &self.notation_trust_policy {
            file.clone()
        } else {
            let folder = paths::notation_dir();
            let names = ["trustpolicy.oci.json", "trustpolicy.json"];
            let found = names.map(|name| folder.join(name)).into_iter().find(|it| it.exists());
            found.ok_or_else(|| {
                let folder = folder.display();
                Usage(format!(
                    "no trust policy in `{folder}`: name one with --notation-trust-policy FILE"
                ))
            })?
        };
        let shown = file.display();
        let bytes =
            files::read(&file, MAX_FILE).with_context(|| format!("cannot read `{shown}`"))?;
        TrustPolicy::parse(&bytes).with_context(|| format!("`{shown}`"))
    }

    /// Host and repository; of a layout what the user says.
    fn scope(&self, reference: &Reference, repository: &Repository) -> Result<String, Usage> {
        match (reference, &self.scope) {
            (Reference::Path { .. }, Some(scope)) => Ok(scope.clone()),
            (Reference::Path { .. }, None) => {
                Err(Usage("a layout has no registry: name the policy's scope with --scope".into()))
            }
            (_, Some(_)) => Err(Usage("--scope is for layouts: an image has its own".into())),
            (_, None) => Ok(repository.name()),
        }
    }

    fn metadata(&self) -> Result<Vec<(String, String)>, Usage> {
        let pair = |text: &String| {
            let (name, value) = text
                .split_once('=')
                .ok_or_else(|| Usage(format!("`{text}` is not of the form NAME=VALUE")))?;
            Ok((name.to_owned(), value.to_owned()))
        };
        self.user_metadata.iter().map(pair).collect()
    }

    /// Reads the stores that the statement names. One that cannot be read is so by the report.
    fn stores(&self, statement: &Statement) -> anyhow::Result<TrustStores> {
        let given = self.notation_trust_store.clone();
        let folder = given.unwrap_or_else(|| paths::notation_dir().join("truststore")).join("x509");
        if !folder.is_dir() {
            let shown = folder.display();
            return Err(Usage(format!(
                "there is no folder `{shown}`: --notation-trust-store names the one that `x509` is in"
            ))
            .into());
        }
        let mut stores = TrustStores::default();
        for (kind, name) in &statement.stores {
            let path = folder.join(kind.name()).join(name);
            stores.add(*kind, name, certificates(&path).map_err(|error| error.to_string()));
        }
        Ok(stores)
    }
}

/// The largest file of a configuration: 1 MiB.
const MAX_FILE: u64 = 1 << 20;

/// The files in a store's folder. As in notation, none may be a link or a folder.
fn certificates(folder: &Path) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let plain = |is_plain: bool, name: &str| {
        let why = format!("`{name}` is a link, or not what is due there");
        if is_plain { Ok(()) } else { Err(std::io::Error::other(why)) }
    };
    plain(fs::symlink_metadata(folder)?.is_dir(), &folder.display().to_string())?;
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        plain(entry.file_type()?.is_file(), &name)?;
        files.push((name, files::read(&entry.path(), MAX_FILE)?));
    }
    files.sort();
    Ok(files)
}

fn target(subject: &Stored) -> TargetArtifact {
    TargetArtifact {
        media_type: subject.descriptor.media_type.clone(),
        digest: subject.descriptor.digest.clone(),
        size: subject.descriptor.size,
        annotations: BTreeMap::new(),
    }
}

/// The lists that were named, and those that are fetched, each once.
struct Lists {
    given: Vec<RevocationList>,
    web: Option<Web>,
    fetched: RefCell<BTreeMap<String, Result<RevocationList, String>>>,
}

impl Lists {
    fn new(files: &[PathBuf], offline: bool) -> anyhow::Result<Self> {
        let mut given = Vec::new();
        for file in files {
            let shown = file.display();
            let bytes = files::read(file, crl::MAX_BYTES as u64)
                .with_context(|| format!("cannot read `{shown}`"))?;
            given.push(RevocationList::from_bytes(&bytes).with_context(|| format!("`{shown}`"))?);
        }
        let web = if offline { None } else { Some(Web::new()?) };
        Ok(Self { given, web, fetched: RefCell::default() })
    }
}

impl RevocationLists for Lists {
    fn given(&self) -> &[RevocationList] {
        &self.given
    }

    fn fetch(&self, url: &str) -> Result<RevocationList, String> {
        let Some(web) = &self.web else {
            return Err("not fetched because of --offline; name it with --crl FILE".into());
        };
        let mut fetched = self.fetched.borrow_mut();
        let list = fetched.entry(url.to_owned()).or_insert_with(|| {
            tell(&format!("fetching the list of revoked certificates at {url}"));
            web.revocation_list(url).map_err(|error| error.to_string())
        });
        list.clone()
    }
}
