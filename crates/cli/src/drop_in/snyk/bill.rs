//! `snyk sbom` and `snyk container sbom`.

use plimsoll_model::{Inventory, Reference, Transport};
use plimsoll_supply::Format;

use crate::drop_in::{NEAR, scanned, syft};
use crate::exit::{Outcome, Usage};
use crate::output;

/// In which layout, and where it goes.
#[derive(Debug, clap::Args)]
struct Written {
    /// cyclonedx1.4+json to cyclonedx1.6+json (1.6 is written), spdx2.3+json
    #[arg(long, value_name = "FORMAT", required = true, help_heading = NEAR)]
    format: String,

    /// Write it here as well
    #[arg(long, value_name = "FILE")]
    json_file_output: Option<String>,
}

/// An image.
#[derive(Debug, clap::Args)]
pub(super) struct Image {
    /// The image, or docker-archive:, oci-archive: and a file
    #[arg(id = "image", value_name = "IMAGE")]
    name: String,

    /// Leave out packages of languages
    #[arg(long)]
    exclude_app_vulns: bool,

    /// Which image of a multi-platform one
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,

    #[command(flatten)]
    written: Written,
}

/// A folder.
#[derive(Debug, clap::Args)]
pub(super) struct Folder {
    /// Its folder
    #[arg(value_name = "PATH", default_value = ".")]
    path: String,

    #[command(flatten)]
    written: Written,
}

impl Image {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        let format = self.written.format()?;
        let options = scanned::options(self.platform.as_deref())?;
        let mut inventory = scanned::read(&syft::reference(&self.name, &[])?, &options)?;
        if self.exclude_app_vulns {
            inventory.packages.retain(|it| it.kind.is_os());
        }
        self.written.write(format, &inventory)
    }
}

impl Folder {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        let format = self.written.format()?;
        let reference = Reference::Path { transport: Transport::Dir, path: self.path.clone() };
        let inventory = scanned::read(&reference, &scanned::options(None)?)?;
        self.written.write(format, &inventory)
    }
}

impl Written {
    fn format(&self) -> Result<Format, Usage> {
        let name = match self.format.as_str() {
            "cyclonedx1.4+json" | "cyclonedx1.5+json" | "cyclonedx1.6+json" => "cyclonedx-json",
            "spdx2.3+json" => "spdx-json",
            _ => "",
        };
        Format::named(name).ok_or_else(|| {
            Usage(format!(
                "--format: `{}` is none of cyclonedx1.4+json, cyclonedx1.5+json, cyclonedx1.6+json, spdx2.3+json",
                self.format.escape_debug()
            ))
        })
    }

    fn write(&self, format: Format, inventory: &Inventory) -> anyhow::Result<Outcome> {
        output::write(None, |out| (format.write)(inventory, out))?;
        if let Some(file) = &self.json_file_output {
            output::write(Some(file), |out| (format.write)(inventory, out))?;
        }
        Ok(if inventory.is_partial() { Outcome::Partial } else { Outcome::Clean })
    }
}
