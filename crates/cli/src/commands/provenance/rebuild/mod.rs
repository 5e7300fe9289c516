//! `plimsoll provenance rebuild`: whether an image comes again bit for bit, and what to change.

mod print;
mod promised;
mod twice;

use std::path::PathBuf;

use clap::ValueEnum;
use plimsoll_image::opened::{self, OpenImage};
use plimsoll_image::rebuild::{Cause, Comparison, compare};
use plimsoll_image::{ImageError, Options};
use plimsoll_model::{Reference, ReferenceError};

use crate::exit::{Outcome, Usage, tell};
use crate::target::{Reading, spinner};

/// Compare an image with one that was built again, and say why they differ
///
/// Configurations and layers are compared file by file: times, owners, order, compression, and the
/// usual reasons for other content. Layers are streamed, never held in memory.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll provenance rebuild registry.example/app:1.2 oci-archive:rebuilt.tar
  plimsoll provenance rebuild docker:app:1 docker:app:2 --accept mtime,created
  plimsoll provenance rebuild --provenance app.intoto.jsonl registry:registry.example/app:1.2 docker:app
  plimsoll provenance rebuild --build . -f Dockerfile      # twice, with `docker build`

Exit codes: 0 bit for bit equal, or but for what is accepted; 1 not; 2 wrong usage; 3 an image could
not be read.")]
pub(super) struct Rebuild {
    /// The image that was there first; with `--provenance` its subject where only one is named
    #[arg(value_name = "ORIGINAL", required_unless_present = "build")]
    original: Option<String>,

    /// The image that was built again
    #[arg(value_name = "REBUILT")]
    rebuilt: Option<String>,

    /// A statement that the original must be a subject of; its signature is for `provenance verify`
    #[arg(long, value_name = "FILE", conflicts_with = "build")]
    provenance: Option<PathBuf>,

    /// Build this folder twice with `docker build`, and compare the two
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["original", "rebuilt"])]
    build: Option<PathBuf>,

    /// The Dockerfile for `--build` [default: FOLDER/Dockerfile]
    #[arg(short, long, value_name = "FILE", requires = "build")]
    file: Option<PathBuf>,

    /// A build argument for `--build`; several times if wanted
    #[arg(long, value_name = "NAME=VALUE", requires = "build")]
    build_arg: Vec<String>,

    /// Causes that count as equal, such as `mtime,created`; `benign` stands for all that change
    /// nothing of what the image does
    #[arg(long, value_name = "CAUSE", value_delimiter = ',')]
    accept: Vec<String>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Print up to this many examples of each cause
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    examples: usize,

    #[command(flatten)]
    reading: Reading,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// Everything that was found
    Json,
}

impl Rebuild {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let accepted = self.accepted()?;
        let options = self.reading.options()?;
        if let Some(folder) = &self.build {
            let built = twice::build(folder, self.file.as_deref(), &self.build_arg)?;
            let done = between(&built.first(), &built.second(), &options)?;
            return self.conclude(&done, &accepted);
        }
        let original = self.original.as_deref().unwrap_or_default();
        let done = match (&self.provenance, self.rebuilt.as_deref()) {
            (None, None) => {
                return Err(Usage("name two images, or one and `--provenance`".into()).into());
            }
            (None, Some(rebuilt)) => between(original, rebuilt, &options)?,
            (Some(file), rebuilt) => {
                let subjects = promised::subjects(file)?;
                let image = open(original, &options)?;
                let is_subject = promised::is_subject(original, &image, &subjects, &options);
                let Some(rebuilt) = rebuilt else {
                    return promised::conclude(&image, is_subject, &subjects);
                };
                if !is_subject {
                    return promised::conclude(&image, is_subject, &subjects);
                }
                compared(&image, &open(rebuilt, &options)?)?
            }
        };
        self.conclude(&done, &accepted)
    }

    fn accepted(&self) -> Result<Vec<&'static Cause>, Usage> {
        let mut all = Vec::new();
        for name in &self.accept {
            if name == "benign" {
                all.extend(Cause::ALL.iter().filter(|cause| cause.is_benign));
                continue;
            }
            let known = || {
                let ids: Vec<&str> = Cause::ALL.iter().map(|cause| cause.id).collect();
                Usage(format!("unknown cause `{name}`: benign, {}", ids.join(", ")))
            };
            all.push(Cause::named(name).ok_or_else(known)?);
        }
        Ok(all)
    }

    fn conclude(&self, done: &Comparison, accepted: &[&'static Cause]) -> anyhow::Result<Outcome> {
        let open = |cause: &&&'static Cause| !accepted.iter().any(|it| it.id == cause.id);
        let causes = done.causes();
        let is_reproducible = done.is_equal || causes.iter().filter(open).count() == 0;
        match self.format {
            Format::Text => print::text(done, accepted, is_reproducible, self.examples)?,
            Format::Json => print::json(done, is_reproducible)?,
        }
        Ok(if is_reproducible { Outcome::Clean } else { Outcome::Gate(1) })
    }
}

fn between(original: &str, rebuilt: &str, options: &Options) -> anyhow::Result<Comparison> {
    compared(&open(original, options)?, &open(rebuilt, options)?)
}

fn compared(original: &OpenImage, rebuilt: &OpenImage) -> anyhow::Result<Comparison> {
    let progress = spinner("comparing");
    let done = compare(original, rebuilt);
    progress.finish_and_clear();
    Ok(done?)
}

fn open(name: &str, options: &Options) -> anyhow::Result<OpenImage> {
    let reference: Reference = name.parse().map_err(|e: ReferenceError| Usage(e.to_string()))?;
    let progress = spinner(&format!("opening {reference}"));
    let opened = opened::open(&reference, options);
    progress.finish_and_clear();
    match opened {
        Err(ImageError::Elsewhere(_)) => {
            let why = format!("`{name}` is no image: folders have no layers to compare");
            Err(Usage(why).into())
        }
        opened => {
            let opened = opened?;
            tell(&format!("{name}: {} layers", opened.layers.len()));
            Ok(opened)
        }
    }
}
