//! A local Git repository and who may sign in it, as flags say it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_supply::git::{Certified, Repository, Signers};
use plimsoll_supply::openpgp::Keyring;
use plimsoll_supply::ssh::AllowedSigners;

use crate::exit::{Usage, tell};
use crate::files;

/// The repository, and who may sign in it.
#[derive(Debug, clap::Args)]
pub(crate) struct GitSource {
    /// The repository, or a folder in it [default: the one here]
    #[arg(long, value_name = "DIR")]
    git_dir: Option<PathBuf>,

    /// SSH keys that may sign, and for whom: the file that Git knows as gpg.ssh.allowedSignersFile
    #[arg(long, value_name = "FILE")]
    allowed_signers: Option<PathBuf>,

    /// Keys of OpenPGP that may sign, as `gpg --export` writes them
    #[arg(long, value_name = "FILE")]
    gpg_keyring: Option<PathBuf>,

    /// The one who must have signed: a principal of the allowed signers, the fingerprint of a key of
    /// the keyring, or a name in the certificate
    #[arg(long, value_name = "NAME")]
    git_signer: Option<String>,
}

/// The largest file of keys: 16 MiB.
const MAX_FILE: u64 = 16 << 20;

impl GitSource {
    /// Whether one of them is there.
    pub(crate) fn is_given(&self) -> bool {
        let files = [&self.git_dir, &self.allowed_signers, &self.gpg_keyring];
        files.into_iter().any(Option::is_some) || self.git_signer.is_some()
    }

    /// Opens the repository and reads the keys.
    pub(crate) fn open(&self) -> anyhow::Result<(Repository, Signers)> {
        self.open_with(None)
    }

    /// The same, where those with certificates may sign as well.
    pub(crate) fn open_with(
        &self,
        certified: Option<Certified>,
    ) -> anyhow::Result<(Repository, Signers)> {
        let demanded = self.git_signer.clone();
        let mut signers = Signers { demanded, certified, ..Signers::default() };
        if let Some((shown, bytes)) = read(self.allowed_signers.as_deref())? {
            let allowed = AllowedSigners::parse(&bytes).with_context(|| format!("`{shown}`"))?;
            for skipped in &allowed.skipped {
                tell(&format!("warning: `{shown}`, {skipped}: passed over"));
            }
            signers.allowed = Some(allowed);
        }
        if let Some((shown, bytes)) = read(self.gpg_keyring.as_deref())? {
            let mut keyring = Keyring::default();
            let what = || format!("`{shown}` is no keyring as `gpg --export` writes it");
            keyring.add(&bytes).with_context(what)?;
            for skipped in &keyring.skipped {
                tell(&format!("warning: `{shown}`: a key was passed over: {skipped}"));
            }
            signers.keyring = Some(keyring);
        }
        if signers.allowed.is_none() && signers.keyring.is_none() && signers.certified.is_none() {
            let why = "name who may sign: --allowed-signers FILE for SSH keys, --gpg-keyring FILE \
                       for keys of OpenPGP; for `verify` also --certificate-identity or \
                       --certificate-chain for certificates";
            return Err(Usage(why.into()).into());
        }
        let folder = self.git_dir.as_deref().unwrap_or(Path::new("."));
        let repository =
            Repository::open(folder).with_context(|| format!("`{}`", folder.display()))?;
        Ok((repository, signers))
    }
}

fn read(file: Option<&Path>) -> anyhow::Result<Option<(String, Vec<u8>)>> {
    let Some(file) = file else { return Ok(None) };
    let shown = file.display().to_string();
    let bytes = files::read(file, MAX_FILE).with_context(|| format!("cannot read `{shown}`"))?;
    Ok(Some((shown, bytes)))
}
