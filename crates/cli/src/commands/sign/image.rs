//! Images: a bundle that refers to the image, or cosign's older tag.

use std::collections::BTreeMap;

use anyhow::Context;
use plimsoll_image::Options;
use plimsoll_image::attached::{Attached, Piece, Repository, Stored};
use plimsoll_model::Reference;
use plimsoll_supply::cosign;
use plimsoll_supply::sign::{simple, statement};

use crate::exit::Usage;
use crate::signing::{self, Ready, Storage, artifact, told};
use crate::{output, target};

/// How an image is signed.
#[derive(Debug, clap::Args)]
pub(super) struct ImageArguments {
    /// Sign every image of an index too, and not the index alone
    #[arg(short, long)]
    recursive: bool,

    /// Something that the signer says of the image, which is signed with it
    #[arg(short, long = "annotation", value_name = "KEY=VALUE")]
    annotations: Vec<String>,

    /// How the signature is stored with the image
    #[arg(long, value_name = "HOW", default_value = "referrer")]
    storage: Storage,
}

impl ImageArguments {
    /// Opens the places of all images, before any password is asked for.
    pub(super) fn open(
        &self,
        images: &[&String],
        options: &Options,
    ) -> anyhow::Result<Vec<(Reference, Repository)>> {
        self.annotations()?;
        images.iter().map(|name| target::repository(name, options)).collect()
    }

    fn annotations(&self) -> Result<BTreeMap<String, String>, Usage> {
        signing::annotations(&self.annotations)
    }

    /// Signs what the reference stands for now.
    pub(super) fn sign(
        &self,
        ready: &Ready,
        reference: &Reference,
        repository: &Repository,
    ) -> anyhow::Result<()> {
        let subject = repository.subject()?;
        let name = repository.name();
        let subjects =
            if self.recursive { repository.with_members(&subject)? } else { vec![subject] };
        for subject in &subjects {
            let digest = &subject.descriptor.digest;
            let sign = || -> anyhow::Result<()> {
                if self.storage.refers() {
                    told(&name, &self.refer(ready, repository, subject)?);
                }
                if self.storage.tags() {
                    told(&name, &self.tag(ready, repository, subject)?);
                }
                Ok(())
            };
            sign().with_context(|| format!("`{reference}` ({digest}) was not signed"))?;
            output::write(None, |out| writeln!(out, "{name}@{digest}"))?;
        }
        Ok(())
    }

    fn refer(
        &self,
        ready: &Ready,
        repository: &Repository,
        subject: &Stored,
    ) -> anyhow::Result<Attached> {
        let payload = statement::signature(&subject.descriptor.digest, &self.annotations()?);
        let content = ready.envelope(statement::PAYLOAD_TYPE, payload)?;
        let artifact = artifact(&ready.bundle(content)?, statement::SIGNATURE);
        Ok(repository.attach(subject, &artifact)?)
    }

    fn tag(
        &self,
        ready: &Ready,
        repository: &Repository,
        subject: &Stored,
    ) -> anyhow::Result<Attached> {
        let digest = &subject.descriptor.digest;
        let payload = simple::payload(&repository.name(), digest, &self.annotations()?);
        let bundle = ready.bundle(ready.message(&mut payload.as_slice())?)?;
        let piece = Piece {
            media_type: cosign::SIMPLE_SIGNING_MEDIA_TYPE.into(),
            bytes: payload,
            annotations: ready.annotations(&bundle),
        };
        Ok(repository.append_tagged(digest, "sig", &[piece])?)
    }
}
