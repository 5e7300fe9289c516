//! `plimsoll sbom`: what is in an image.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use plimsoll_image::Options;
use plimsoll_model::{Inventory, Platform, ProblemKind, Reference};
use plimsoll_supply::Format;

use crate::exit::{Outcome, Usage, tell};

/// List what is in an image, an archive or a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll sbom docker-archive:app.tar
  plimsoll sbom oci-dir:layout -o cyclonedx-json=app.cdx.json -o table
  plimsoll sbom rootfs:/ -o json | jq '.packages | length'

Exit codes: 0 all was read, 2 wrong usage, 3 failed or only partly read.")]
pub(crate) struct Sbom {
    /// `docker-archive:FILE`, `oci-archive:FILE`, `oci-dir:FOLDER`, `dir:FOLDER` or `rootfs:FOLDER`
    #[arg(value_name = "REF")]
    reference: String,

    /// FORMAT or FORMAT=FILE, several times if wanted: table, json, cyclonedx-json, spdx-json
    #[arg(short, long, value_name = "FORMAT[=FILE]", default_value = "table")]
    output: Vec<String>,

    /// Which image of a multi-platform one: os/architecture[/variant]
    #[arg(long)]
    platform: Option<String>,
}

impl Sbom {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let reference: Reference = self
            .reference
            .parse()
            .map_err(|e: plimsoll_model::ReferenceError| Usage(e.to_string()))?;
        let outputs =
            self.output.iter().map(|text| output(text)).collect::<Result<Vec<_>, Usage>>()?;
        let mut options = Options::default();
        if let Some(platform) = &self.platform {
            options.platform = platform.parse::<Platform>().map_err(|e| Usage(e.to_string()))?;
        }
        let inventory = plimsoll_image::read(&reference, &options)?;
        report_problems(&inventory);
        for (format, file) in outputs {
            write(format, file, &inventory)?;
        }
        Ok(if inventory.is_partial() { Outcome::Partial } else { Outcome::Clean })
    }
}

fn output(text: &str) -> Result<(Format, Option<&str>), Usage> {
    let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
    let format = Format::named(name).ok_or_else(|| {
        let known: Vec<&str> = Format::ALL.iter().map(|format| format.name).collect();
        Usage(format!("unknown format `{name}`: expected one of {}", known.join(", ")))
    })?;
    Ok((format, file.filter(|file| *file != "-")))
}

/// A file appears whole or not at all.
fn write(format: Format, file: Option<&str>, inventory: &Inventory) -> anyhow::Result<()> {
    let Some(file) = file else {
        let mut out = BufWriter::new(io::stdout().lock());
        (format.write)(inventory, &mut out)?;
        return Ok(out.flush()?);
    };
    let path = Path::new(file);
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let whole = || -> io::Result<()> {
        // Asked first, because the error of the temporary file would name that file.
        fs::metadata(folder)?;
        let mut partial = tempfile::NamedTempFile::new_in(folder)?;
        let mut out = BufWriter::new(&mut partial);
        (format.write)(inventory, &mut out)?;
        out.flush()?;
        drop(out);
        let partial = partial.into_temp_path();
        fs::set_permissions(&partial, std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        partial.persist(path).map_err(|error| error.error)
    };
    whole().with_context(|| format!("cannot write `{file}`"))
}

fn report_problems(inventory: &Inventory) {
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
