//! `plimsoll sbom`: what is in an image.

use plimsoll_supply::Format;

use crate::exit::Outcome;
use crate::output;
use crate::target::{Reading, tell_problems};

/// List what is in an image, an archive or a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll sbom nginx:latest -o spdx-json
  plimsoll sbom oci-dir:layout -o cyclonedx-json=app.cdx.json -o table
  plimsoll sbom rootfs:/ -o json | jq '.packages | length'

Exit codes: 0 all was read, 2 wrong usage, 3 failed or only partly read.")]
pub(crate) struct Sbom {
    /// `nginx:latest` (docker, then the registry), `docker:`, `podman:`, `registry:`,
    /// `docker-archive:`, `oci-archive:`, `oci-dir:`, `dir:` or `rootfs:`
    #[arg(value_name = "REF")]
    reference: String,

    /// FORMAT or FORMAT=FILE, several times if wanted: table, json, cyclonedx-json, spdx-json,
    /// syft-json
    #[arg(short, long, value_name = "FORMAT[=FILE]", default_value = "table")]
    output: Vec<String>,

    #[command(flatten)]
    reading: Reading,
}

impl Sbom {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let known: Vec<&str> = Format::ALL.iter().map(|format| format.name).collect();
        let outputs = output::parse(&self.output, Format::named, &known)?;
        let inventory = self.reading.read(&self.reference)?;
        tell_problems(&inventory);
        for (format, file) in outputs {
            output::write(file, |out| (format.write)(&inventory, out))?;
        }
        Ok(if inventory.is_partial() { Outcome::Partial } else { Outcome::Clean })
    }
}
