//! Settings as Falco has them: `falco.yaml`, the files that it names, the command line.

use std::path::{Path, PathBuf};

use anyhow::Context;
use plimsoll_outputs::{Document, Settings, SettingsError};

use super::{Form, Plan, text};
use crate::exit::{Usage, tell};

/// The settings that a plan names.
pub(super) fn settings(plan: &Plan) -> anyhow::Result<Settings> {
    let mut document = Document::default();
    if let Some(path) = &plan.config {
        document = read(path)?;
        for named in document.files().map_err(usage(path))? {
            for file in files(&named.path)? {
                document.include(read(&file)?, named.strategy).map_err(usage(&file))?;
            }
        }
        let ignored: Vec<&str> = document.ignored().collect();
        if !ignored.is_empty() {
            tell(&format!("note: {}: nothing is done with {}", path.display(), ignored.join(", ")));
        }
    }
    let mut settings = document.settings(&plan.pairs).map_err(|error| Usage(error.to_string()))?;
    if let Some(form) = plan.form {
        settings.json_output = form == Form::Json;
    }
    Ok(settings)
}

fn read(path: &Path) -> anyhow::Result<Document> {
    let read = Document::read(&text(path)?, &|name| std::env::var(name).ok());
    Ok(read.map_err(usage(path))?)
}

fn usage(path: &Path) -> impl Fn(SettingsError) -> Usage {
    let shown = path.display().to_string();
    move |error| Usage(format!("`{shown}`: {error}"))
}

/// A file, or those of a folder in the order of their names; what is not there is passed over, as in
/// Falco.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    super::rules::of_folder(path).with_context(|| format!("cannot read `{}`", path.display()))
}
