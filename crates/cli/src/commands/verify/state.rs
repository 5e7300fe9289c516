//! What there is to say of an image's signature in a few words, for other commands.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use plimsoll_image::Options;
use plimsoll_image::attached::Registries;
use plimsoll_supply::key::PublicKey;
use plimsoll_supply::verify::Policy;

use super::image::Verifier;
use super::rules;
use crate::exit::chain;

/// Whether an image is signed with a key: `verified`, or why it is not. A registry that does not
/// answer is told and is no error.
pub(crate) fn signature_state(reference: &str, key: &Path) -> anyhow::Result<String> {
    let shown = key.display();
    let bytes = std::fs::read(key).with_context(|| format!("cannot read `{shown}`"))?;
    let public = PublicKey::from_bytes(&bytes).with_context(|| format!("`{shown}`"))?;
    let rules = rules::one(Policy::key(public), None, std::collections::BTreeMap::new());
    let root = super::trusted_root(None)?;
    let registries = Arc::new(Registries::new(Options::default()));
    let verifier = Verifier { rules: &rules, root: &root, registries, cache: None, offline: false };
    Ok(match verifier.verify(reference) {
        Ok(verdict) if verdict.passes => format!("verified with `{shown}`"),
        Ok(verdict) => {
            let refused = verdict.parts.iter().any(|part| !part.judgement.refused.is_empty());
            let why = if refused { "signed, but not with" } else { "unsigned, asked for" };
            format!("{why} `{shown}`")
        }
        Err(error) => format!("not known: {}", chain(&error)),
    })
}
