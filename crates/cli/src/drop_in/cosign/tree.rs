//! `cosign tree` and `cosign triangulate`: what hangs on an image, and where.

use plimsoll_image::attached::{Repository, Stored};
use plimsoll_model::Digest;

use super::Registry;
use crate::exit::{Outcome, Usage};
use crate::{output, target};

/// Tags that cosign keeps things under, and what they are to people.
const TAGS: [(&str, &str); 3] =
    [("att", "💾 Attestations"), ("sig", "🔐 Signatures"), ("sbom", "📦 SBOMs")];

/// In which annotation the manifest of a bundle says what is claimed.
const PREDICATE: &str = "dev.sigstore.bundle.predicateType";

/// An image, and how its registry is spoken to.
#[derive(Debug, clap::Args)]
pub(super) struct Tree {
    /// The image
    #[arg(value_name = "IMAGE")]
    image: String,

    #[command(flatten)]
    registry: Registry,
}

/// An image, and what of it.
#[derive(Debug, clap::Args)]
pub(super) struct Triangulate {
    /// The image
    #[arg(value_name = "IMAGE")]
    image: String,

    /// signature, attestation, sbom or digest
    #[arg(long, value_name = "WHAT", default_value = "signature")]
    r#type: String,

    #[command(flatten)]
    registry: Registry,
}

impl Tree {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        let (repository, digest) = opened(&self.image, &self.registry)?;
        let name = repository.name();
        let mut found: Vec<(String, Stored)> = Vec::new();
        for (kind, words) in TAGS {
            if let Some(stored) = repository.tagged(&digest, kind)? {
                found.push((
                    format!("{words} for an image tag: {}", tag(&name, &digest, kind)),
                    stored,
                ));
            }
        }
        for entry in repository.referrers(&digest, None)? {
            let Some(kind) = entry.artifact_type.filter(|it| !it.is_empty()) else { continue };
            let stored = repository.manifest(&entry.digest)?;
            let kind = stored.manifest.annotations.get(PREDICATE).unwrap_or(&kind);
            let line = format!(
                "🔗 {} artifacts via OCI referrer: {name}@{}",
                kind.escape_debug(),
                entry.digest
            );
            found.push((line, stored));
        }
        let shown = self.image.escape_debug();
        output::write(None, |out| {
            writeln!(out, "📦 Supply Chain Security Related artifacts for an image: {shown}")?;
            if found.is_empty() {
                writeln!(
                    out,
                    "No Supply Chain Security Related Artifacts found for image {shown},"
                )?;
                return writeln!(out, " start creating one with simply running$ cosign sign <img>");
            }
            for (line, stored) in &found {
                writeln!(out, "└── {line}")?;
                let layers = &stored.manifest.layers;
                for (at, layer) in layers.iter().enumerate() {
                    let is_last = at.saturating_add(1) == layers.len();
                    let branch = if is_last { "└──" } else { "├──" };
                    writeln!(out, "   {branch} 🍒 {}", layer.digest)?;
                }
            }
            Ok(())
        })?;
        Ok(Outcome::Clean)
    }
}

impl Triangulate {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        let (repository, digest) = opened(&self.image, &self.registry)?;
        let name = repository.name();
        let place = match self.r#type.as_str() {
            "signature" => tag(&name, &digest, "sig"),
            "attestation" => tag(&name, &digest, "att"),
            "sbom" => tag(&name, &digest, "sbom"),
            "digest" => format!("{name}@{digest}"),
            other => {
                let why = format!("`{other}` is none of signature, attestation, sbom, digest");
                return Err(Usage(why).into());
            }
        };
        output::write(None, |out| writeln!(out, "{place}"))?;
        Ok(Outcome::Clean)
    }
}

fn opened(image: &str, registry: &Registry) -> anyhow::Result<(Repository, Digest)> {
    let options = registry.options(&[image.to_owned()]);
    let (_, repository) = target::repository(image, &options)?;
    let digest = repository.subject()?.descriptor.digest;
    Ok((repository, digest))
}

/// The tag that cosign keeps something of an image under.
fn tag(name: &str, digest: &Digest, kind: &str) -> String {
    format!("{name}:{}-{}.{kind}", digest.algorithm().name(), digest.hex())
}
