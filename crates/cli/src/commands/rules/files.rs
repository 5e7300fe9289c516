//! Rule files read in the order of the arguments.

use std::path::{Path, PathBuf};

use anyhow::Context;
use plimsoll_model::text::{self, Position};
use plimsoll_runtime::defaults;
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::loader::{Loader, Options, Report};

use crate::commands::lint::files::read;
use crate::exit::{Usage, tell};

/// Stands for Plimsoll's own rules where files are named.
pub(crate) const DEFAULT: &str = "default";

/// Rules of all sources are read.
pub(crate) fn every_source() -> Options {
    Options { sources: Source::ALL.to_vec(), ..Options::default() }
}

/// What is named, or Plimsoll's own rules where nothing is.
pub(crate) fn or_default(files: Vec<PathBuf>) -> Vec<PathBuf> {
    if files.is_empty() { vec![PathBuf::from(DEFAULT)] } else { files }
}

/// Every file loaded, and what was said of each.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) loader: Loader,
    pub(crate) reports: Vec<Report>,
}

impl Loaded {
    /// Loads the files; a later one may change what an earlier one defines. Plimsoll's own rules are
    /// among them by the name `default`.
    pub(crate) fn read(files: &[PathBuf], options: Options) -> anyhow::Result<Self> {
        let mut loaded = Self { loader: Loader::new(options), reports: Vec::new() };
        for path in files {
            if path == Path::new(DEFAULT) {
                let own = defaults::FILES.iter();
                loaded.reports.extend(own.map(|(name, text)| loaded.loader.load(name, text)));
                continue;
            }
            let shown = path.display().to_string();
            let bytes = read(path).with_context(|| format!("cannot read `{shown}`"))?;
            let source = text::Source::from_bytes(bytes);
            if let Some(line) = source.not_utf8() {
                return Err(Usage(format!("`{shown}` is no UTF-8 text, see line {line}")).into());
            }
            loaded.reports.push(loaded.loader.load(&shown, source.text()));
        }
        Ok(loaded)
    }

    /// Whether all of them load.
    pub(crate) fn is_good(&self) -> bool {
        self.reports.iter().all(Report::is_loaded)
    }

    /// Says what keeps the files from loading, a line each.
    pub(crate) fn tell_errors(&self) {
        for error in self.reports.iter().flat_map(|report| &report.errors) {
            let place = error.context.place;
            let Some((name, source)) = self.loader.file(place.file) else { continue };
            let Position { line, column } = source.position(place.offset);
            tell(&format!(
                "error: {}:{line}:{column}: {}",
                Path::new(name).display(),
                error.message
            ));
        }
    }
}
