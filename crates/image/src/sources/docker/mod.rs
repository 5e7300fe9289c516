//! Images that a container daemon has: `docker:` and `podman:`.
//!
//! The daemon exports the image as a tar, which is catalogued while it passes: nothing is
//! stored. Podman serves the same interface on its own socket.
//!
//! Source: <https://docs.docker.com/reference/api/engine/>.

mod address;
mod http;
mod saved;

use std::fs::File;
use std::io::{self, Read};
use std::time::Duration;

use plimsoll_model::{ImageName, Inventory, Platform};
use serde::Deserialize;

use self::address::Address;
pub use self::address::DaemonOptions;
use self::saved::Saved;
use super::image::Reader;
use super::registry::plain;
use crate::compression::MAX_TOTAL;
use crate::error::ImageError;

/// The largest answer that is no export: 8 MiB.
const MAX_ANSWER: u64 = 8 << 20;

/// How long a daemon may take to say whether it has an image; an export may take longer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Which daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Daemon {
    /// Docker's own.
    Docker,
    /// Podman's service.
    Podman,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Inspected {
    repo_tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl Daemon {
    /// As in references.
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }

    /// Whether something stands where the daemon would listen.
    pub fn is_there(self, options: &DaemonOptions) -> bool {
        match Address::parse(self.address(options), options.certificates.as_ref()) {
            Some(Address::Unix(path)) => path.exists(),
            Some(Address::Tcp { .. }) => true,
            None => false,
        }
    }

    fn address(self, options: &DaemonOptions) -> &str {
        match self {
            Self::Docker => &options.docker,
            Self::Podman => &options.podman,
        }
    }

    /// Reads the image called `name`.
    pub fn read(
        self,
        name: &ImageName,
        platform: &Platform,
        options: &DaemonOptions,
        reader: &Reader<'_>,
    ) -> Result<Inventory, ImageError> {
        let session = self.session(name, options)?;
        let (known_as, inspected) = session.inspect()?;
        let export = session.get(&format!("/images/{known_as}/get"), options.timeout)?;
        let saved = Saved::read(export, reader).map_err(|error| session.wrong(&error))?;
        let mut inventory = saved.join(platform, reader, &session)?;
        inventory.artifact.names = inspected.repo_tags.unwrap_or_default();
        let digests = inspected.repo_digests.unwrap_or_default();
        let registered = digests.iter().find_map(|d| d.rsplit_once('@')?.1.parse().ok());
        inventory.artifact.manifest_digest = registered.or(inventory.artifact.manifest_digest);
        Ok(inventory)
    }

    /// Exports the image called `name` into a file without a name, for those who read its layers
    /// more than once or not in the order in which they come.
    pub(crate) fn export(
        self,
        name: &ImageName,
        options: &DaemonOptions,
    ) -> Result<File, ImageError> {
        let session = self.session(name, options)?;
        let (known_as, _) = session.inspect()?;
        let export = session.get(&format!("/images/{known_as}/get"), options.timeout)?;
        let mut file = tempfile::tempfile().map_err(|error| session.failed(error.to_string()))?;
        io::copy(&mut export.take(MAX_TOTAL), &mut file)
            .map_err(|error| session.failed(format!("its export broke off: {error}")))?;
        Ok(file)
    }

    fn session<'s>(
        self,
        name: &ImageName,
        options: &'s DaemonOptions,
    ) -> Result<Session<'s>, ImageError> {
        let asked = self.address(options);
        let Some(address) = Address::parse(asked, options.certificates.as_ref()) else {
            return Err(ImageError::NoDaemon {
                daemon: self.name(),
                address: plain(asked),
                message: "only `unix:` and `tcp:` addresses are spoken to".into(),
                hint: "forward the daemon's socket to this machine, or save the image there and \
                       read it with `docker-archive:`",
                absent: false,
            });
        };
        Ok(Session { daemon: self, address, options, name: name.familiar() })
    }
}

/// One image asked of one daemon.
struct Session<'s> {
    daemon: Daemon,
    address: Address,
    options: &'s DaemonOptions,
    /// As users and daemons shorten it: podman finds its `localhost/` images by this alone.
    name: String,
}

impl Session<'_> {
    /// What the daemon knows of the image, and the name by which it knows it.
    fn inspect(&self) -> Result<(String, Inspected), ImageError> {
        // The beginning of an image's id looks like a name, and got the tag that names get.
        let id = self.name.strip_suffix(":latest").filter(|name| {
            (4..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        let timeout = self.options.timeout.min(ANSWER_TIMEOUT);
        let mut known_as = self.name.as_str();
        let answer = match (self.get(&format!("/images/{known_as}/json"), timeout), id) {
            (Err(ImageError::NotFound { .. }), Some(id)) => {
                known_as = id;
                self.get(&format!("/images/{id}/json"), timeout)?
            }
            (answer, _) => answer?,
        };
        let mut text = Vec::new();
        answer
            .take(MAX_ANSWER)
            .read_to_end(&mut text)
            .map_err(|error| self.failed(error.to_string()))?;
        let inspected = serde_json::from_slice(&text)
            .map_err(|error| self.failed(format!("it describes the image wrongly: {error}")))?;
        Ok((known_as.to_owned(), inspected))
    }

    /// The body of a successful answer.
    fn get(&self, path: &str, timeout: Duration) -> Result<http::Body, ImageError> {
        let response = http::get(&self.address, path, timeout)
            .map_err(|error| self.unreachable(&error, timeout))?;
        if response.status == 200 {
            return Ok(response.body);
        }
        let mut text = Vec::new();
        // The status alone says enough where the body cannot be read.
        let _ = response.body.take(MAX_ANSWER).read_to_end(&mut text);
        let refusal: Option<Refusal> = serde_json::from_slice(&text).ok();
        let said = refusal.map_or_else(|| format!("status {}", response.status), |r| r.message);
        Err(match response.status {
            404 => ImageError::NotFound {
                source_name: self.daemon.name().into(),
                what: self.name.clone(),
                said: plain(&said),
                hint: "pull or build it first, or read it with `registry:`",
            },
            _ => self.failed(plain(&said)),
        })
    }

    fn failed(&self, message: String) -> ImageError {
        ImageError::Daemon { daemon: self.daemon.name(), what: self.name.clone(), message }
    }

    /// An export that could not be read.
    fn wrong(&self, error: &dyn std::fmt::Display) -> ImageError {
        self.failed(format!("its export is no readable archive: {error}"))
    }

    fn unreachable(&self, error: &io::Error, timeout: Duration) -> ImageError {
        use io::ErrorKind as Kind;
        let (message, hint) = match (error.kind(), self.daemon) {
            (Kind::NotFound, Daemon::Docker) => (
                "there is no socket".to_owned(),
                "start docker, or say with DOCKER_HOST where it listens",
            ),
            (Kind::NotFound, Daemon::Podman) => (
                "there is no socket".to_owned(),
                "run `systemctl --user start podman.socket`, or say with CONTAINER_HOST where it \
                 listens",
            ),
            (Kind::PermissionDenied, Daemon::Docker) => {
                ("permission denied".to_owned(), "join the group `docker`, or run this as root")
            }
            (Kind::PermissionDenied, Daemon::Podman) => {
                ("permission denied".to_owned(), "run this as the user whose podman it is")
            }
            (Kind::ConnectionRefused, _) => {
                ("nothing listens there".to_owned(), "start the daemon")
            }
            (Kind::WouldBlock | Kind::TimedOut, _) => (
                format!("silent for {} s", timeout.as_secs()),
                "see in the daemon's log what it waits for",
            ),
            _ => (plain(&error.to_string()), "see whether the daemon runs and listens there"),
        };
        ImageError::NoDaemon {
            daemon: self.daemon.name(),
            address: self.address.to_string(),
            message,
            hint,
            absent: matches!(error.kind(), Kind::NotFound | Kind::ConnectionRefused),
        }
    }
}
