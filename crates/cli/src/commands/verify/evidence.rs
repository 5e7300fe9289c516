//! Where a signature comes from: a bundle, or a bare signature with the signer's certificate.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_supply::Bytes;
use plimsoll_supply::bundle::{Bundle, Content, Signer};
use plimsoll_supply::certificate::Certificate;
use plimsoll_supply::error::Error;

use super::signer::Wanted;
use crate::exit::Usage;

/// Where the signature is.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Signature")]
pub(super) struct Given {
    /// The bundle with the signature and its proofs [default: FILE.sigstore.json or FILE.bundle]
    #[arg(long, value_name = "FILE", conflicts_with = "signature")]
    bundle: Option<PathBuf>,

    /// A bare signature, in base64 or as it is
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,

    /// The signer's certificate, in PEM or DER, for a bare signature
    #[arg(long, value_name = "FILE", requires = "signature")]
    certificate: Option<PathBuf>,
}

/// Names that are tried behind that of the file, in this order; the first for attestations alone.
const SUFFIXES: &[&str] = &["intoto.sigstore.json", "sigstore.json", "sigstore", "bundle"];

/// A bundle, or the file that is none and why.
type Read = Result<Bundle, (String, Error)>;

impl Given {
    /// Whether a file with evidence is named.
    pub(super) fn is_given(&self) -> bool {
        self.bundle.is_some() || self.signature.is_some()
    }

    /// Reads the evidence about `artefact`.
    pub(super) fn read(
        &self,
        artefact: &Path,
        wanted: &Wanted,
        is_attestation: bool,
    ) -> anyhow::Result<Read> {
        if let Some(file) = &self.signature {
            return self.bare(file, wanted);
        }
        let file = match &self.bundle {
            Some(file) => file.clone(),
            None => beside(artefact, is_attestation)?,
        };
        let bytes = read(&file)?;
        Ok(Bundle::parse(&bytes).map_err(|error| (file.display().to_string(), error)))
    }

    /// Reads every bundle in the file that is named or stands beside `artefact`, and says which.
    pub(super) fn bundles(
        &self,
        artefact: &Path,
    ) -> anyhow::Result<(String, Vec<Result<Bundle, Error>>)> {
        let file = match &self.bundle {
            Some(file) => file.clone(),
            None => beside(artefact, true)?,
        };
        let shown = file.display().to_string();
        let bundles = Bundle::all_from_json(&read(&file)?);
        Ok((shown, bundles.unwrap_or_else(|error| vec![Err(error)])))
    }

    /// The content of the file that is named, and what it is called.
    pub(super) fn named(&self) -> anyhow::Result<(String, Vec<u8>)> {
        let none = || Usage("name the attestation with --bundle FILE".into());
        let file = self.bundle.as_ref().ok_or_else(none)?;
        Ok((file.display().to_string(), read(file)?))
    }

    fn bare(&self, file: &Path, wanted: &Wanted) -> anyhow::Result<Read> {
        let bytes = read(file)?;
        let decoded = std::str::from_utf8(&bytes).ok().and_then(|text| Bytes::decode(text.trim()));
        let signature = decoded.map_or(bytes, |decoded| decoded.0);
        let signer = match &self.certificate {
            None if wanted.by_key() => Signer::Key(String::new()),
            None => {
                let why = "--signature needs --key or --certificate: who signed is not in it";
                return Err(Usage(why.into()).into());
            }
            Some(file) => match Certificate::from_bytes(&read(file)?) {
                Ok(certificate) => Signer::Certificate(Box::new(certificate), Vec::new()),
                Err(error) => return Ok(Err((file.display().to_string(), error))),
            },
        };
        Ok(Ok(Bundle {
            version: "bare",
            content: Content::Message { signature, digest: None },
            signer,
            entries: Vec::new(),
            timestamps: Vec::new(),
            envelope_bytes: None,
        }))
    }
}

fn beside(artefact: &Path, is_attestation: bool) -> anyhow::Result<PathBuf> {
    let name = artefact.display();
    let suffixes = SUFFIXES.get(usize::from(!is_attestation)..).unwrap_or_default();
    let tried = suffixes.iter().map(|suffix| PathBuf::from(format!("{name}.{suffix}")));
    tried.into_iter().find(|file| file.is_file()).ok_or_else(|| {
        let tried = suffixes.iter().map(|suffix| format!("`{name}.{suffix}`"));
        let tried = tried.collect::<Vec<_>>().join(", ");
        Usage(format!("no signature: there is no {tried}; name one with --bundle FILE")).into()
    })
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))
}
