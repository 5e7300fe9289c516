//! How access is set.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::oidc;
use crate::error::{Error, Result};

/// How access is set. By default everything needs a key or a session, but that programs on this machine
/// may have images read.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Programs on this machine need a key, too.
    pub require_auth: bool,
    /// Whoever reaches the server may everything; only on a loopback address.
    pub open: bool,
    /// Whoever reaches the server may see everything.
    pub anonymous_read: bool,
    /// Who else vouches for people.
    pub oidc: Option<oidc::Settings>,
    /// The certificate that is shown.
    pub tls: Option<Tls>,
    /// The key of sealed secrets; by default a file in the data folder.
    pub key_file: Option<PathBuf>,
}

/// Files in PEM, which are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The certificate, and those between it and its authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Access {
    /// Whoever reaches the server may everything: for trying it, and for tests.
    pub fn open() -> Self {
        Self { open: true, ..Self::default() }
    }

    /// Refuses what contradicts itself.
    pub fn checked(&self, listen: SocketAddr) -> Result<()> {
        if self.open && !listen.ip().is_loopback() {
            return Err(Error::Refused(format!(
                "--open lets everybody do everything, and {listen} can be reached from elsewhere: \
                 listen on 127.0.0.1, or leave it out"
            )));
        }
        if self.open && self.require_auth {
            return Err(Error::Refused("--open and --require-auth contradict each other".into()));
        }
        Ok(())
    }

    pub(super) fn key_file(&self, data_dir: &Path) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| data_dir.join("secret.key"))
    }
}
