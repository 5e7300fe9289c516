//! What people type to name an image: `nginx:latest`, `docker-archive:app.tar`, `dir:.`.
//!
//! Image names follow <https://github.com/distribution/reference/blob/main/reference.go>, with
//! Docker's defaults (`docker.io`, `library/`, `latest`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// Where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Transport {
    /// No prefix was typed: docker first, then the registry.
    Auto,
    /// Docker's socket.
    Docker,
    /// Podman's socket.
    Podman,
    /// containerd's content store.
    Containerd,
    /// A registry.
    Registry,
    /// A file by `docker save`.
    DockerArchive,
    /// A tar of an OCI layout.
    OciArchive,
    /// A folder with an OCI layout.
    OciDir,
    /// A folder with sources or an application.
    Dir,
    /// The root of a system.
    Rootfs,
    /// One file.
    File,
    /// A software bill of materials.
    Sbom,
}

impl Transport {
    const PREFIXES: [(&'static str, Self); 12] = [
        ("docker", Self::Docker),
        ("podman", Self::Podman),
        ("containerd", Self::Containerd),
        ("registry", Self::Registry),
        ("docker-archive", Self::DockerArchive),
        ("oci-archive", Self::OciArchive),
        ("oci-dir", Self::OciDir),
        ("oci", Self::OciDir),
        ("dir", Self::Dir),
        ("rootfs", Self::Rootfs),
        ("file", Self::File),
        ("sbom", Self::Sbom),
    ];

    /// The prefix, without the colon; empty for [`Transport::Auto`].
    pub fn prefix(self) -> &'static str {
        Self::PREFIXES.iter().find(|(_, t)| *t == self).map_or("", |(name, _)| name)
    }

    fn is_path(self) -> bool {
        !matches!(
            self,
            Self::Auto | Self::Docker | Self::Podman | Self::Containerd | Self::Registry
        )
    }
}

/// A thing to read: a transport and what it is to find.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reference {
    /// An image by name.
    Image {
        /// Where to look.
        transport: Transport,
        /// Which image.
        name: ImageName,
    },
    /// A file or folder; archives and layouts may hold several images, told apart by `tag`.
    Path {
        /// What is there.
        transport: Transport,
        /// Where it is.
        path: String,
    },
}

impl Reference {
    /// The transport.
    pub fn transport(&self) -> Transport {
        match self {
            Self::Image { transport, .. } | Self::Path { transport, .. } => *transport,
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        let typed = text.split_once(':').and_then(|(prefix, rest)| {
            let known = Transport::PREFIXES.iter().find(|(name, _)| *name == prefix)?;
            // `docker:20.10` and `registry:2` are images of these names, not transports: a
            // transport's rest is never a bare version, but may be an image's id.
            let looks_like_tag = !known.1.is_path()
                && rest.starts_with(|c: char| c.is_ascii_digit())
                && !rest.contains(['/', ':', '@'])
                && !is_id(rest);
            (!looks_like_tag).then_some((known.1, rest))
        });
        match typed {
            Some((transport, "")) => Err(ReferenceError::NothingBehind(transport.prefix())),
            Some((transport, rest)) if transport.is_path() => {
                Ok(Self::Path { transport, path: rest.into() })
            }
            Some((transport, rest)) => Ok(Self::Image { transport, name: rest.parse()? }),
            None => Ok(Self::Image { transport: Transport::Auto, name: text.parse()? }),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image { transport: Transport::Auto, name } => write!(f, "{name}"),
            Self::Image { transport, name } => write!(f, "{}:{name}", transport.prefix()),
            Self::Path { transport, path } => write!(f, "{}:{path}", transport.prefix()),
        }
    }
}

/// The name of an image in a registry, with all defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageName {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl ImageName {
    /// Host and port: `docker.io`, `localhost:5000`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Path below the host: `library/nginx`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag; `None` where a digest alone was given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, where given.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// As Docker writes it for people: without `docker.io/library/`.
    pub fn familiar(&self) -> String {
        let full = self.to_string();
        full.strip_prefix("docker.io/library/")
            .or_else(|| full.strip_prefix("docker.io/"))
            .unwrap_or(&full)
            .to_owned()
    }
}

impl FromStr for ImageName {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let bad = |why| ReferenceError::BadName { name: text.into(), why };
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse()?)),
            None => (text, None),
        };
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
            _ => (rest, None),
        };
        let is_host = |part: &str| part.contains(['.', ':']) || part == "localhost";
        let (registry, repository) = match path.split_once('/') {
            Some((host, repository)) if is_host(host) => (host, repository.to_owned()),
            Some(_) => ("docker.io", path.to_owned()),
            None => ("docker.io", format!("library/{path}")),
        };
        let registry = if registry == "index.docker.io" { "docker.io" } else { registry };
        if repository.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(bad("upper-case letters are not allowed in a repository"));
        }
        if repository.len() > 255 || !repository.split('/').all(is_component) {
            return Err(bad("expected letters, digits and single `.`, `_`, `-` between slashes"));
        }
        let host_ok = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b);
        if !registry.bytes().all(host_ok) {
            return Err(bad("the registry is no host name"));
        }
        if tag.is_some_and(|t| !is_tag(t)) {
            return Err(bad("the tag may have letters, digits, `_`, `.` and `-`, 128 at most"));
        }
        let tag = match (tag, &digest) {
            (None, None) => Some("latest".to_owned()),
            (tag, _) => tag.map(str::to_owned),
        };
        Ok(Self { registry: registry.into(), repository, tag, digest })
    }
}

/// Whether a text is an image's id as Docker shows it, in short or in full. One of digits alone
/// is rather the date in a tag.
fn is_id(text: &str) -> bool {
    matches!(text.len(), 12 | 64)
        && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        && text.bytes().any(|b| b.is_ascii_lowercase())
}

fn is_component(part: &str) -> bool {
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    edge(part.bytes().next())
        && edge(part.bytes().last())
        && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
}

fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=128).contains(&tag.len())
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// `os/architecture[/variant]`, as `--platform` takes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`, `windows`.
    pub os: String,
    /// `amd64`, `arm64`.
    pub architecture: String,
    /// `v7`, `v8`.
    pub variant: Option<String>,
}

impl Platform {
    /// The platform that this program runs on, with Linux as the operating system.
    pub fn host() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            other => other,
        };
        Self { os: "linux".into(), architecture: architecture.into(), variant: None }
    }
}

impl FromStr for Platform {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let mut parts = text.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(os), Some(architecture), variant, None)
                if !os.is_empty() && !architecture.is_empty() =>
            {
                Ok(Self {
                    os: os.into(),
                    architecture: architecture.into(),
                    variant: variant.map(str::to_owned),
                })
            }
            _ => Err(ReferenceError::BadPlatform(text.into())),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

/// Why a text names no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// Nothing was typed.
    #[error(
        "no image given: expected a name such as nginx:1.27, or docker-archive:FILE, dir:FOLDER"
    )]
    Empty,
    /// A transport without anything behind it.
    #[error("nothing stands behind `{0}:`")]
    NothingBehind(&'static str),
    /// A name that no registry would take.
    #[error("`{name}` is no image name: {why}")]
    BadName {
        /// As typed.
        name: String,
        /// The rule it breaks.
        why: &'static str,
    },
    /// The part behind `@` is no digest.
    #[error(transparent)]
    Digest(#[from] crate::DigestError),
    /// Not `os/architecture`.
    #[error("`{0}` is no platform: expected os/architecture, as linux/arm64 or linux/arm/v7")]
    BadPlatform(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match text.parse::<Reference>() {
            Ok(reference) => format!("{:?} {reference}", reference.transport()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn docker_defaults_fill_a_short_name() {
        assert_eq!(shown("nginx"), "Auto docker.io/library/nginx:latest");
        assert_eq!(shown("bitnami/redis:7"), "Auto docker.io/bitnami/redis:7");
        assert_eq!(shown("localhost:5000/a/b"), "Auto localhost:5000/a/b:latest");
        assert_eq!("docker.io/library/nginx:1".parse::<ImageName>().unwrap().familiar(), "nginx:1");
    }

    #[test]
    fn a_transport_is_a_prefix_and_not_an_image_of_that_name() {
        assert_eq!(shown("docker:nginx:1.27"), "Docker docker:docker.io/library/nginx:1.27");
        assert_eq!(shown("docker:20.10"), "Auto docker.io/library/docker:20.10");
        assert_eq!(shown("registry:2"), "Auto docker.io/library/registry:2");
        assert_eq!(
            shown("docker:0f8074535347"),
            "Docker docker:docker.io/library/0f8074535347:latest"
        );
        assert_eq!(shown("docker:202611250130"), "Auto docker.io/library/docker:202611250130");
        assert_eq!(shown("dir:."), "Dir dir:.");
        assert_eq!(
            shown("docker-archive:/tmp/a:b.tar"),
            "DockerArchive docker-archive:/tmp/a:b.tar"
        );
    }

    #[test]
    fn a_wrong_name_says_what_is_wrong() {
        assert!(shown("Nginx").contains("upper-case"));
        assert!(shown("dir:").contains("nothing stands behind `dir:`"));
        assert!(shown("a@sha256:12").contains("number of digits"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_what_is_accepted_reads_back(text in "[ -~]{0,60}") {
            if let Ok(reference) = text.parse::<Reference>() {
                let again: Reference = reference.to_string().parse().unwrap();
                proptest::prop_assert_eq!(again.to_string(), reference.to_string());
            }
        }
    }
}
