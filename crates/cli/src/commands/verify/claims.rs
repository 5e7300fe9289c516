//! Policies about what an attestation says: `--policy` and `--cel`.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_supply::bundle::{Bundle, Content};
use plimsoll_supply::predicate_policy::{self, Language, MAX_POLICY, Source, Verdict};

use crate::clock;
use crate::exit::{Usage, tell};

/// What must hold of a claim beside its signature.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Claim")]
pub(super) struct Policies {
    /// What the attestation must say: CEL in a .cel file, or Rego as cosign evaluates it. Or in a
    /// .yaml file, the policies that images must meet, by their names
    #[arg(long, value_name = "FILE", conflicts_with_all = ["repo", "owner", "pypi_publisher", "npm_package"])]
    policy: Vec<PathBuf>,

    /// What the attestation must say, as a CEL expression about `predicate`, `subject`,
    /// `predicateType`, `statement` and `now`
    #[arg(long, value_name = "EXPRESSION", conflicts_with_all = ["repo", "owner", "pypi_publisher", "npm_package", "require", "annotations"])]
    cel: Vec<String>,
}

/// A policy that was read and can be evaluated.
pub(super) struct Loaded {
    name: String,
    text: String,
    language: Language,
}

/// The endings of files with policies about images.
const OF_IMAGES: [&str; 3] = ["yaml", "yml", "json"];

fn is_of_images(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| OF_IMAGES.contains(&extension))
}

impl Policies {
    /// The file of policies about images, where one is named.
    pub(super) fn of_images(&self) -> Result<Option<PathBuf>, Usage> {
        match self.policy.iter().filter(|path| is_of_images(path)).collect::<Vec<_>>().as_slice() {
            [] => Ok(None),
            [one] if self.policy.len() == 1 && self.cel.is_empty() => Ok(Some((*one).clone())),
            [one, ..] => {
                let shown = one.display();
                let why =
                    format!("`{shown}` says all that images must meet: leave other policies out");
                Err(Usage(why))
            }
        }
    }

    /// Whether something is asked of what an attestation says.
    pub(super) fn is_given(&self) -> bool {
        !self.cel.is_empty() || self.policy.iter().any(|path| !is_of_images(path))
    }

    /// All of them; one that cannot be read is a mistake in the arguments.
    pub(super) fn load(&self) -> anyhow::Result<Vec<Loaded>> {
        let files = self.policy.iter().filter(|path| !is_of_images(path));
        let files = files.map(|path| from_file(path));
        let several = self.cel.len() > 1;
        let inline = self.cel.iter().enumerate().map(|(at, text)| {
            let name = if several { format!("--cel#{}", at + 1) } else { "--cel".into() };
            Ok(Loaded { name, text: text.clone(), language: Language::Cel })
        });
        let all = files.chain(inline).collect::<anyhow::Result<Vec<_>>>()?;
        for policy in &all {
            predicate_policy::check(&policy.source()).map_err(|error| Usage(error.to_string()))?;
        }
        Ok(all)
    }
}

fn from_file(path: &Path) -> anyhow::Result<Loaded> {
    let name = path.display().to_string();
    let mut text = String::new();
    File::open(path)
        .and_then(|it| it.take(MAX_POLICY as u64 + 1).read_to_string(&mut text))
        .with_context(|| format!("cannot read `{name}`"))?;
    let language = Language::of_file(&name, &text).map_err(|error| Usage(error.to_string()))?;
    Ok(Loaded { name, text, language })
}

impl Loaded {
    fn source(&self) -> Source<'_> {
        Source { name: &self.name, text: &self.text, language: self.language }
    }
}

/// The verdict of all policies on one statement, whose signature was verified.
pub(super) fn judge(policies: &[Loaded], statement: &[u8]) -> anyhow::Result<Verdict> {
    let mut all = Verdict { allowed: true, ..Verdict::default() };
    for policy in policies {
        let one = predicate_policy::judge(&policy.source(), statement, clock::now())?;
        all.allowed &= one.allowed;
        all.reasons.extend(one.reasons);
        all.notes.extend(one.notes);
    }
    for note in &all.notes {
        tell(&format!("note: {}", super::plain(note)));
    }
    Ok(all)
}

/// The statement in a bundle, as it was signed.
pub(super) fn statement(bundle: &Bundle) -> Option<&[u8]> {
    match &bundle.content {
        Content::Envelope(envelope) => Some(&envelope.payload.0),
        Content::Message { .. } => None,
    }
}
