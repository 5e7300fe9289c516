//! Files: a bundle beside the file, or a detached signature.

use std::fs::File;
use std::io::BufReader;

use anyhow::Context;

use crate::exit::{Usage, tell};
use crate::output;
use crate::signing::Ready;

/// Where the signature of a file goes.
#[derive(Debug, clap::Args)]
pub(super) struct FileArguments {
    /// Where the bundle of a file goes, `-` for stdout [default: FILE.sigstore.json]
    #[arg(long, value_name = "FILE")]
    bundle: Option<String>,

    /// Write the signature of a file alone, in base64, and no bundle; `-` for stdout
    #[arg(long, value_name = "FILE", conflicts_with = "bundle")]
    signature: Option<String>,
}

impl FileArguments {
    pub(super) fn is_given(&self) -> bool {
        self.bundle.is_some() || self.signature.is_some()
    }

    pub(super) fn check(&self, files: usize) -> Result<(), Usage> {
        if files > 1 && self.is_given() {
            return Err(Usage(
                "`--bundle` and `--signature` name one file: sign one file at a time with them"
                    .into(),
            ));
        }
        Ok(())
    }

    /// Signs the file at `path`.
    pub(super) fn sign(&self, ready: &Ready, path: &str) -> anyhow::Result<()> {
        use base64::Engine as _;
        let file = File::open(path).with_context(|| format!("cannot read `{path}`"))?;
        let content = ready
            .message(&mut BufReader::new(file))
            .with_context(|| format!("`{path}` was not signed"))?;
        let (place, text) = if let Some(place) = &self.signature {
            let text = base64::engine::general_purpose::STANDARD.encode(content.signature());
            (place.clone(), text)
        } else {
            let place = self.bundle.clone().unwrap_or_else(|| format!("{path}.sigstore.json"));
            (place, ready.bundle(content)?.to_json().to_string())
        };
        let file = (place != "-").then_some(place.as_str());
        output::write(file, |out| writeln!(out, "{text}"))?;
        if let Some(file) = file {
            tell(&format!("signed `{path}`: wrote `{file}`"));
        }
        Ok(())
    }
}
