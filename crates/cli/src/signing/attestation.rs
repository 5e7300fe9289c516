//! Statements: signed once, then stored with images or beside files.

use std::path::Path;

use anyhow::Context as _;
use plimsoll_image::attached::{Piece, Repository, Stored};
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::cosign;
use plimsoll_supply::hash::{HashAlgorithm, hex};
use plimsoll_supply::intoto::Subject;
use plimsoll_supply::sign::bundle::NewBundle;
use plimsoll_supply::sign::statement;

use super::{Ready, Storage, artifact, told};
use crate::exit::tell;
use crate::output;

/// What the bundle of a file is called behind the file's name.
pub(crate) const BUNDLE_SUFFIX: &str = ".intoto.sigstore.json";

/// The file at `name`, with or without `file:` in front, as what a statement is about.
pub(crate) fn file_subject(name: &str) -> anyhow::Result<Subject> {
    let path = name.strip_prefix("file:").unwrap_or(name);
    let file = Artefact::open(Path::new(path));
    let digest = file.and_then(|file| file.digest(HashAlgorithm::Sha256).map(|it| it.map(hex)));
    let digest = digest.with_context(|| format!("cannot read `{path}`"))?.unwrap_or_default();
    let name = path.strip_prefix("./").unwrap_or(path).to_owned();
    Ok(Subject { name, digest: [("sha256".to_owned(), digest)].into() })
}

/// Signs a statement, and has it vouched for.
pub(crate) fn sign(ready: &Ready, payload: Vec<u8>) -> anyhow::Result<NewBundle> {
    ready.bundle(ready.envelope(statement::PAYLOAD_TYPE, payload)?)
}

/// Signs a statement and writes its bundle into files; `-` is stdout.
pub(crate) fn write(ready: &Ready, payload: &[u8], places: &[&str]) -> anyhow::Result<()> {
    write_signed(&sign(ready, payload.to_vec())?, places)
}

/// Writes a bundle into files; `-` is stdout.
pub(crate) fn write_signed(bundle: &NewBundle, places: &[&str]) -> anyhow::Result<()> {
    let text = bundle.to_json().to_string();
    for place in places {
        let file = (*place != "-").then_some(*place);
        output::write(file, |out| writeln!(out, "{text}"))?;
        if let Some(file) = file {
            tell(&format!("attested: wrote `{file}`"));
        }
    }
    Ok(())
}

/// Stores a signed statement with an image.
pub(crate) fn attach(
    ready: &Ready,
    bundle: &NewBundle,
    storage: Storage,
    repository: &Repository,
    subject: &Stored,
    predicate_type: &str,
) -> anyhow::Result<()> {
    let name = repository.name();
    if storage.refers() {
        let attached = repository.attach(subject, &artifact(bundle, predicate_type))?;
        told(&name, &attached);
    }
    if storage.tags() {
        let envelope = bundle.content.envelope().unwrap_or_default();
        let mut annotations = ready.annotations(bundle);
        annotations.insert(cosign::SIGNATURE.into(), String::new());
        annotations.insert("predicateType".into(), predicate_type.to_owned());
        let piece = Piece {
            media_type: cosign::ENVELOPE_MEDIA_TYPE.into(),
            bytes: envelope.to_string().into_bytes(),
            annotations,
        };
        let attached = repository.append_tagged(&subject.descriptor.digest, "att", &[piece])?;
        told(&name, &attached);
    }
    Ok(())
}
