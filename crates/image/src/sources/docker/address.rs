//! Where a container daemon listens.
//!
//! Source: <https://docs.docker.com/reference/cli/docker/#environment-variables>,
//! <https://docs.docker.com/engine/manage-resources/contexts/>.

use std::fmt;
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde::Deserialize;
use sha2::Digest as _;

use super::http::Connection;

/// Where the daemons listen that are asked for images.
#[derive(Debug, Clone)]
pub struct DaemonOptions {
    /// Docker: `unix:///path`, `tcp://host:port`.
    pub docker: String,
    /// Podman.
    pub podman: String,
    /// Folder with `ca.pem`, `cert.pem` and `key.pem`, by which `tcp://` is spoken over TLS.
    pub certificates: Option<PathBuf>,
    /// How long a daemon may be silent. Old ones write the whole image to a disk of theirs
    /// before they send the first byte.
    pub timeout: Duration,
}

impl DaemonOptions {
    /// What the environment says: `DOCKER_HOST`, `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH`,
    /// `DOCKER_CONTEXT` and the context in use, `CONTAINER_HOST`; and else the usual sockets.
    pub fn from_env() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let home = text("HOME").map(PathBuf::from);
        let run = text("XDG_RUNTIME_DIR").map(PathBuf::from);
        let config = text("DOCKER_CONFIG")
            .map(PathBuf::from)
            .or_else(|| Some(home.as_ref()?.join(".docker")));
        let folders = [run.as_deref(), home.as_deref()];
        let [in_run, in_home] = folders.map(|folder| folder.unwrap_or(Path::new("/nonexistent")));
        let docker = text("DOCKER_HOST")
            .or_else(|| context(config.as_deref()?, text("DOCKER_CONTEXT")))
            .unwrap_or_else(|| {
                first_socket(&[
                    Path::new("/var/run/docker.sock"),
                    &in_run.join("docker.sock"),
                    &in_home.join(".docker/run/docker.sock"),
                ])
            });
        let podman = text("CONTAINER_HOST").unwrap_or_else(|| {
            first_socket(&[
                &in_run.join("podman/podman.sock"),
                Path::new("/run/podman/podman.sock"),
            ])
        });
        let verified = text("DOCKER_TLS_VERIFY").is_some();
        let certificates =
            text("DOCKER_CERT_PATH").map(PathBuf::from).or(config).filter(|_| verified);
        Self { docker, podman, certificates, timeout: Duration::from_mins(5) }
    }
}

impl Default for DaemonOptions {
    fn default() -> Self {
        Self::from_env()
    }
}

/// The first of these that exists; if none does, the first that a running daemon would make.
fn first_socket(paths: &[&Path]) -> String {
    let usual = paths.iter().find(|path| !path.starts_with("/nonexistent"));
    let found = paths.iter().find(|path| path.exists()).or(usual);
    found.map(|path| format!("unix://{}", path.display())).unwrap_or_default()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigFile {
    current_context: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Context {
    endpoints: Endpoints,
}

#[derive(Deserialize)]
struct Endpoints {
    docker: Endpoint,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Endpoint {
    host: String,
}

/// The address in the context that is `chosen`, or else in use. What cannot be read counts as
/// not there: the usual socket is tried instead.
fn context(config: &Path, chosen: Option<String>) -> Option<String> {
    let read = |path: PathBuf| std::fs::read(path).ok();
    let name = chosen.or_else(|| {
        let file: ConfigFile = serde_json::from_slice(&read(config.join("config.json"))?).ok()?;
        file.current_context
    })?;
    if name.is_empty() || name == "default" {
        return None;
    }
    let digest = plimsoll_model::Digest::sha256(&sha2::Sha256::digest(name.as_bytes()).into());
    let meta = config.join("contexts/meta").join(digest.hex()).join("meta.json");
    let context: Context = serde_json::from_slice(&read(meta)?).ok()?;
    Some(context.endpoints.docker.host).filter(|host| !host.is_empty())
}

/// One address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Unix(PathBuf),
    Tcp { host: String, certificates: Option<PathBuf> },
}

impl Address {
    /// Reads `unix:///path` and `tcp://host:port`; `None` for other schemes.
    pub(super) fn parse(text: &str, certificates: Option<&PathBuf>) -> Option<Self> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("unix", text));
        let host = rest.trim_end_matches('/').to_owned();
        match scheme {
            _ if host.is_empty() => None,
            "unix" => Some(Self::Unix(rest.into())),
            "tcp" | "http" | "https" => {
                let tls = scheme == "https" || (scheme == "tcp" && certificates.is_some());
                let certificates = certificates.cloned().unwrap_or_default();
                let port = if tls { 2376 } else { 2375 };
                let named = host.rsplit_once(':').is_some_and(|(_, p)| p.parse::<u16>().is_ok());
                let host = if named { host } else { format!("{host}:{port}") };
                Some(Self::Tcp { host, certificates: tls.then_some(certificates) })
            }
            _ => None,
        }
    }

    pub(super) fn connect(&self, timeout: Duration) -> io::Result<Box<dyn Connection>> {
        match self {
            Self::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(timeout))?;
                stream.set_write_timeout(Some(timeout))?;
                Ok(Box::new(stream))
            }
            Self::Tcp { host, certificates } => {
                let stream = connect_any(host, timeout)?;
                stream.set_read_timeout(Some(timeout))?;
                stream.set_write_timeout(Some(timeout))?;
                match certificates {
                    None => Ok(Box::new(stream)),
                    Some(folder) => tls(stream, host, folder),
                }
            }
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp { host, .. } => f.write_str(host),
        }
    }
}

fn connect_any(host: &str, timeout: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in host.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeout.min(Duration::from_secs(10))) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// TLS as Docker has it: an authority of one's own, and a certificate of the client's.
fn tls(stream: TcpStream, host: &str, folder: &Path) -> io::Result<Box<dyn Connection>> {
    let wrong = |name: &str, why: String| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("`{}`: {why}", folder.join(name).display()),
        )
    };
    let certificates = |name: &str| -> io::Result<Vec<CertificateDer<'static>>> {
        CertificateDer::pem_file_iter(folder.join(name))
            .and_then(Iterator::collect)
            .map_err(|error| wrong(name, error.to_string()))
    };
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(certificates("ca.pem")?);
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem"))
        .map_err(|error| wrong("key.pem", error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates("cert.pem")?, key)
        .map_err(|error| wrong("cert.pem", error.to_string()))?;
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
    let connection =
        rustls::ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    Ok(Box::new(rustls::StreamOwned::new(connection, stream)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_as_docker_reads_them() {
        let shown = |text: &str| Address::parse(text, None).map(|a| a.to_string());
        assert_eq!(shown("unix:///run/d.sock").as_deref(), Some("/run/d.sock"));
        assert_eq!(shown("/run/d.sock").as_deref(), Some("/run/d.sock"));
        assert_eq!(shown("tcp://box").as_deref(), Some("box:2375"));
        assert_eq!(shown("tcp://[::1]:99/").as_deref(), Some("[::1]:99"));
        assert_eq!(shown("ssh://box"), None);
        assert_eq!(shown(""), None);
        let tls = Address::parse("tcp://box", Some(&"/certs".into()));
        assert_eq!(tls.map(|a| a.to_string()).as_deref(), Some("box:2376"));
    }

    #[test]
    fn the_context_in_use_names_the_address() {
        let folder = tempfile::tempdir().unwrap();
        let name = plimsoll_model::Digest::sha256(&sha2::Sha256::digest(b"mine").into());
        let meta = folder.path().join("contexts/meta").join(name.hex());
        std::fs::create_dir_all(&meta).unwrap();
        let text = r#"{"Name":"mine","Endpoints":{"docker":{"Host":"unix:///x.sock"}}}"#;
        std::fs::write(meta.join("meta.json"), text).unwrap();
        assert_eq!(context(folder.path(), None), None);
        assert_eq!(context(folder.path(), Some("mine".into())).as_deref(), Some("unix:///x.sock"));
        assert_eq!(context(folder.path(), Some("other".into())), None);
        std::fs::write(folder.path().join("config.json"), r#"{"currentContext":"mine"}"#).unwrap();
        assert_eq!(context(folder.path(), None).as_deref(), Some("unix:///x.sock"));
    }
}
