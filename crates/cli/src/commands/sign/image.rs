//! Images: a bundle that refers to the image, or cosign's older tag.

use std::collections::BTreeMap;

use anyhow::Context;
use plimsoll_image::Options;
use plimsoll_image::attached::{Attached, FoundBy, Piece, Repository, Stored};
use plimsoll_model::Reference;
use plimsoll_supply::sign::{simple, statement};

use crate::exit::{Usage, tell};
use crate::signing::{Ready, artifact};
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

    /// referrer: a bundle that refers to the image, as cosign 3 writes it; tag: a signature under
    /// the tag `sha256-….sig`, as all cosigns read it; both
    #[arg(long, value_name = "HOW", default_value = "referrer")]
    storage: Storage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Storage {
    Referrer,
    Tag,
    Both,
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
        let pair = |text: &String| {
            let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty())?;
            Some((key.to_owned(), value.to_owned()))
        };
        self.annotations
            .iter()
            .map(|text| {
                pair(text).ok_or_else(|| Usage(format!("`{text}` is no annotation: KEY=VALUE")))
            })
            .collect()
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
                if self.storage != Storage::Tag {
                    told(&name, &self.refer(ready, repository, subject)?);
                }
                if self.storage != Storage::Referrer {
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
        let artifact = artifact(&ready.bundle(content), statement::SIGNATURE);
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
        let bundle = ready.bundle(ready.message(&mut payload.as_slice())?);
        let piece = Piece {
            media_type: simple::MEDIA_TYPE.into(),
            bytes: payload,
            annotations: simple::annotations(bundle.content.signature(), &bundle.timestamps),
        };
        Ok(repository.append_tagged(digest, "sig", &[piece])?)
    }
}

/// Says where a signature is.
fn told(name: &str, attached: &Attached) {
    let how = match &attached.by {
        FoundBy::Tag(tag) => format!("under the tag `{tag}`"),
        FoundBy::Layout => "in the layout's index".to_owned(),
        _ => "as a referrer".to_owned(),
    };
    tell(&format!("stored {name}@{} {how}", attached.digest));
}
