//! What a command looks at: a reference and how it is read.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use plimsoll_image::Options;
use plimsoll_image::attached::Repository;
use plimsoll_model::{Inventory, Platform, ProblemKind, Reference, ReferenceError, Transport};

use crate::exit::{Usage, tell};
use crate::{bill, paths};

/// How references are read; the same for every command that takes one.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Reading {
    /// Which image of a multi-platform one: os/architecture[/variant]
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,

    /// Read every layer anew and keep nothing of it
    #[arg(long)]
    no_cache: bool,

    /// Registry that may be spoken to without TLS or with a certificate nobody vouches for
    #[arg(long, value_name = "HOST[:PORT]")]
    insecure_registry: Vec<String>,

    /// Certificates in PEM that registries are trusted by beside the system's
    #[arg(long, value_name = "FILE")]
    ca_file: Vec<PathBuf>,
}

impl Reading {
    /// Reads what a reference names, with a spinner where a person waits.
    pub(crate) fn read(&self, reference: &str) -> anyhow::Result<Inventory> {
        named(reference, &self.options()?)
    }

    /// Reads it for those who build upon it: with its accounts, its programs and its bytes.
    pub(crate) fn survey(&self, reference: &str) -> anyhow::Result<Inventory> {
        named(reference, &Options { survey: true, ..self.options()? })
    }

    /// Reads it for those who look around in it: with its files.
    pub(crate) fn files(&self, reference: &str) -> anyhow::Result<Inventory> {
        named(reference, &Options { files: true, ..self.options()? })
    }

    /// How to read, as the arguments have it.
    pub(crate) fn options(&self) -> Result<Options, Usage> {
        let mut options = Options::default();
        if let Some(platform) = &self.platform {
            options.platform = platform.parse::<Platform>().map_err(|e| Usage(e.to_string()))?;
        }
        options.cache = (!self.no_cache).then(|| paths::cache_dir().join("layers"));
        options.registry.insecure.extend(self.insecure_registry.iter().cloned());
        options.registry.ca_files.extend(self.ca_file.iter().cloned());
        Ok(options)
    }
}

/// Reads an image with its programs, and keeps its layers for the next time.
pub(crate) fn survey(reference: &str, options: &Options) -> anyhow::Result<Inventory> {
    let cache = Some(paths::cache_dir().join("layers"));
    named(reference, &Options { survey: true, cache, ..options.clone() })
}

fn named(reference: &str, options: &Options) -> anyhow::Result<Inventory> {
    read(&reference.parse().map_err(|e: ReferenceError| Usage(e.to_string()))?, options)
}

/// Reads what a reference stands for, with a spinner where a person waits.
pub(crate) fn read(reference: &Reference, options: &Options) -> anyhow::Result<Inventory> {
    if let Reference::Path { transport: Transport::Sbom, path } = reference {
        return bill::read(path);
    }
    let progress = spinner(&format!("reading {reference}"));
    let inventory = plimsoll_image::read(reference, options);
    progress.finish_and_clear();
    Ok(inventory?)
}

/// Whether a name is a file here and no image.
pub(crate) fn is_file(target: &str) -> bool {
    target.starts_with("file:") || Path::new(target).is_file()
}

/// The place where an image and what hangs on it are kept.
pub(crate) fn repository(name: &str, options: &Options) -> anyhow::Result<(Reference, Repository)> {
    let reference: Reference = name.parse().map_err(|e: ReferenceError| Usage(e.to_string()))?;
    let repository = Repository::open(&reference, options)?;
    Ok((reference, repository))
}

/// A spinner on a terminal; nothing elsewhere.
pub(crate) fn spinner(message: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
    let progress = ProgressBar::new_spinner()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        .with_message(message.to_owned());
    progress.enable_steady_tick(Duration::from_millis(100));
    progress
}

/// Says on stderr what could not be read, and what was passed over.
pub(crate) fn tell_problems(inventory: &Inventory) {
    for problem in inventory.problems.iter().filter(|p| p.kind == ProblemKind::Partial) {
        let layer = problem.layer.map(|layer| format!(" (layer #{layer})")).unwrap_or_default();
        let path = if problem.path.is_empty() {
            String::new()
        } else {
            format!("`{}`: ", problem.path.escape_debug())
        };
        tell(&format!("partial: {path}{}{layer}", problem.message));
    }
    let skipped = inventory.problems.iter().filter(|p| p.kind == ProblemKind::Skipped).count();
    if skipped > 0 {
        tell(&format!("note: {skipped} odd entries passed over; `-o json` lists them"));
    }
    if inventory.packages.is_empty() && !inventory.is_partial() {
        tell("note: no package manager's files were recognised; nothing is listed");
    }
}
