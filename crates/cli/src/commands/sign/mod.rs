//! `plimsoll sign`: images and files.

mod file;
mod image;

use crate::exit::{Outcome, Usage};
use crate::signing::Signing;
use crate::target::{self, Reading};

/// Sign images and files
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll sign --key plimsoll.key registry.example/app:1.2
  plimsoll sign --key plimsoll.key --recursive -a env=prod oci-dir:layout
  plimsoll sign --key plimsoll.key app.tar.gz           # writes app.tar.gz.sigstore.json
  plimsoll sign --key plimsoll.key --signature app.sig app.tar.gz

A name that is a file here is signed as a file, every other one is an image; `registry:` and `file:`
in front decide it. A tag is resolved first, and the digest that is signed is printed.

Exit codes: 0 signed, 2 wrong usage, 3 failed.")]
pub(crate) struct Sign {
    /// Images in a registry or an `oci-dir:` layout, and files
    #[arg(value_name = "REF|FILE", required = true)]
    targets: Vec<String>,

    #[command(flatten)]
    signing: Signing,

    #[command(flatten)]
    image: image::ImageArguments,

    #[command(flatten)]
    file: file::FileArguments,

    #[command(flatten)]
    reading: Reading,
}

impl Sign {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let (files, images): (Vec<&String>, Vec<&String>) =
            self.targets.iter().partition(|target| target::is_file(target));
        self.file.check(files.len())?;
        let options = self.reading.options()?;
        let repositories = self.image.open(&images, &options)?;
        if !repositories.is_empty() && self.file.is_given() {
            let why = "`--bundle` and `--signature` are for files; an image's signature is stored \
                       with the image";
            return Err(Usage(why.into()).into());
        }
        let ready = self.signing.ready()?;
        for file in files {
            self.file.sign(&ready, file.strip_prefix("file:").unwrap_or(file))?;
        }
        for (name, repository) in &repositories {
            self.image.sign(&ready, name, repository)?;
        }
        Ok(Outcome::Clean)
    }
}
