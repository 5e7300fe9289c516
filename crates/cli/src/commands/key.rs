//! `plimsoll key`: the keys that sign.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use plimsoll_supply::key::{NewKey, PrivateKey};
use plimsoll_supply::sign::Signer;
use plimsoll_witness::transit::{self, KeyName, Transit};

use crate::exit::{Outcome, Usage, tell};
use crate::output;
use crate::signing::key;
use crate::signing::password::PasswordSource;

/// Make, import and show keys for signing
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll key generate                       # plimsoll.key and plimsoll.pub
  plimsoll key generate --type ed25519 -o release
  plimsoll key generate --kms hashivault://release     # in a server; writes plimsoll.pub
  plimsoll key import server.pem -o release
  plimsoll key public --key release.key

Private keys are encrypted as cosign does, and cosign reads them. The password is taken from
PLIMSOLL_KEY_PASSWORD or COSIGN_PASSWORD, from standard input, or asked for.
A server is found by VAULT_ADDR and VAULT_TOKEN.

Exit codes: 0 done, 2 wrong usage, 3 failed.")]
pub(crate) struct Key {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a pair of keys
    Generate {
        /// ecdsa-p256, ecdsa-p384, ecdsa-p521, ed25519, rsa-2048, rsa-3072 or rsa-4096
        #[arg(long = "type", value_name = "TYPE", default_value = "ecdsa-p256")]
        kind: String,

        /// Make it in the server that `VAULT_ADDR` names, as `hashivault://NAME`; it never leaves it
        #[arg(long, value_name = "URI")]
        kms: Option<String>,

        #[command(flatten)]
        pair: Pair,
    },
    /// Encrypt a key that another program made: PKCS#8, PKCS#1 or SEC 1 in PEM, or cosign's own
    Import {
        /// The key; its own password is taken from the same place as the new one
        #[arg(value_name = "FILE")]
        file: String,

        #[command(flatten)]
        pair: Pair,
    },
    /// Print the public half of a key
    Public {
        /// Private key: a file in PEM, `env:VARIABLE`, a `pkcs11:` URI, or `hashivault://NAME` in a server
        #[arg(long, value_name = "KEY", env = "PLIMSOLL_KEY")]
        key: String,

        #[command(flatten)]
        password: PasswordSource,
    },
}

/// Where a pair goes.
#[derive(Debug, clap::Args)]
struct Pair {
    /// Name of the two files, which get the ends `.key` and `.pub`
    #[arg(short, long, value_name = "NAME", default_value = "plimsoll")]
    output: String,

    /// Replace files that exist; what the old key signed cannot be signed again
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    password: PasswordSource,
}

impl Key {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        match self.action {
            Action::Generate { kind, kms: Some(name), pair } => pair.create(&name, &kind)?,
            Action::Generate { kind, kms: None, pair } => {
                let new = NewKey::named(&kind).ok_or_else(|| {
                    let known: Vec<&str> = NewKey::ALL.iter().map(|(name, _)| *name).collect();
                    Usage(format!("unknown type `{kind}`: expected one of {}", known.join(", ")))
                })?;
                pair.check()?;
                pair.write(&PrivateKey::generate(new)?)?;
            }
            Action::Import { file, pair } => {
                pair.check()?;
                pair.write(&key::private(&file, pair.password)?)?;
            }
            Action::Public { key, password } => {
                let public = key::public(&key, password)?;
                output::write(None, |out| out.write_all(public.to_pem().as_bytes()))?;
            }
        }
        Ok(Outcome::Clean)
    }
}

impl Pair {
    fn files(&self) -> [PathBuf; 2] {
        [format!("{}.key", self.output).into(), format!("{}.pub", self.output).into()]
    }

    /// Refuses to take the place of a key before a password is asked for.
    fn check(&self) -> Result<(), Usage> {
        match self.files().iter().find(|file| !self.force && file.exists()) {
            Some(file) => Err(is_there(file)),
            None => Ok(()),
        }
    }

    /// Makes a key in a server and writes its public half.
    fn create(&self, name: &str, kind: &str) -> anyhow::Result<()> {
        let [_, public] = self.files();
        if !self.force && public.exists() {
            return Err(is_there(&public).into());
        }
        if !transit::KINDS.contains(&kind) {
            let known = transit::KINDS.join(", ");
            let why = format!("unknown type `{kind}`: expected one of {known}");
            return Err(Usage(why).into());
        }
        let name = KeyName::parse(name).map_err(|error| Usage(error.to_string()))?;
        let key = Transit::from_environment()?.create(&name, kind)?;
        self.put(&public, key.public().to_pem().as_bytes(), 0o644)?;
        tell(&format!(
            "made `{name}` and wrote `{}` (hand it out): {}",
            public.display(),
            key.public().describe()
        ));
        Ok(())
    }

    fn write(&self, key: &PrivateKey) -> anyhow::Result<()> {
        let [private, public] = self.files();
        let password = self.password.choose(&private.display().to_string())?;
        if password.is_empty() {
            tell("warning: the password is empty: whoever can read the file can sign with it");
        }
        let text = key.to_encrypted_pem(&password)?;
        self.put(&private, text.as_bytes(), 0o600)?;
        self.put(&public, key.public().to_pem().as_bytes(), 0o644)?;
        tell(&format!(
            "wrote `{}` (keep it) and `{}` (hand it out): {}",
            private.display(),
            public.display(),
            key.public().describe()
        ));
        Ok(())
    }

    /// Writes a file whole, readable from its first moment to whom it shall be and to nobody else.
    fn put(&self, path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        let write = || {
            let mut partial = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
            partial.as_file().set_permissions(PermissionsExt::from_mode(mode))?;
            partial.write_all(bytes)?;
            partial.as_file().sync_all()?;
            if self.force {
                partial.persist(path).map_err(|error| error.error)
            } else {
                partial.persist_noclobber(path).map_err(|error| error.error)
            }
        };
        write().map(drop).with_context(|| format!("cannot write `{}`", path.display()))
    }
}

fn is_there(file: &Path) -> Usage {
    Usage(format!(
        "`{}` is there already: choose another name with `-o NAME`, or replace it with `--force`",
        file.display()
    ))
}
