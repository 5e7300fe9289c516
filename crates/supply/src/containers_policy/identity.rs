//! Whether the name in a signature is that of the image.
//!
//! Source: `signature/policy_reference_match.go` of containers/image.

use plimsoll_model::ImageName;
use serde::Deserialize;

use super::policy::broken;
use crate::error::Error;

/// Which name a signature must be about.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum SignedIdentity {
    /// That of the image, with its tag or digest.
    MatchExact {},
    /// The same; where the image is named by digest alone its repository is enough.
    #[serde(rename = "matchRepoDigestOrExact")]
    MatchRepoDigestOrExact {},
    /// That of the image's repository.
    MatchRepository {},
    /// This one.
    ExactReference {
        /// Name with tag or digest.
        #[serde(rename = "dockerReference")]
        reference: String,
    },
    /// That of this repository.
    ExactRepository {
        /// Its name.
        #[serde(rename = "dockerRepository")]
        repository: String,
    },
    /// That of the image, of which the beginning is another.
    RemapIdentity {
        /// What the image's name begins with.
        prefix: String,
        /// What the signature's begins with.
        #[serde(rename = "signedPrefix")]
        signed_prefix: String,
    },
}

impl Default for SignedIdentity {
    fn default() -> Self {
        Self::MatchRepoDigestOrExact {}
    }
}

/// A name as it was written: whether a tag was is part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl Name {
    fn parse(text: &str) -> Option<Self> {
        let name: ImageName = text.parse().ok()?;
        let before_digest = text.split('@').next().unwrap_or_default();
        let last = before_digest.rsplit('/').next().unwrap_or_default();
        Some(Self {
            tag: last.contains(':').then(|| name.tag().map(str::to_owned)).flatten(),
            ..Self::of(&name)
        })
    }

    fn of(name: &ImageName) -> Self {
        Self {
            repository: format!("{}/{}", name.registry(), name.repository()),
            tag: name.tag().map(str::to_owned),
            digest: name.digest().map(ToString::to_string),
        }
    }

    fn is_bare(&self) -> bool {
        self.tag.is_none() && self.digest.is_none()
    }
}

impl SignedIdentity {
    pub(super) fn check(&self) -> Result<(), Error> {
        let wrong = |text: &str| broken(format!("`{text}` is no name that is due there"));
        match self {
            Self::ExactReference { reference } => Name::parse(reference)
                .filter(|it| !it.is_bare())
                .map(drop)
                .ok_or_else(|| wrong(reference)),
            Self::ExactRepository { repository } => {
                Name::parse(repository).map(drop).ok_or_else(|| wrong(repository))
            }
            Self::RemapIdentity { prefix, signed_prefix } => [prefix, signed_prefix]
                .into_iter()
                .try_for_each(|it| if is_prefix(it) { Ok(()) } else { Err(wrong(it)) }),
            _ => Ok(()),
        }
    }

    /// What is expected of the name in a signature of `image`.
    pub(super) fn expected(&self, image: &ImageName) -> String {
        match self {
            Self::MatchExact {} => image.to_string(),
            Self::MatchRepoDigestOrExact {} if image.tag().is_some() => image.to_string(),
            Self::MatchRepoDigestOrExact {} | Self::MatchRepository {} => {
                format!("{}, whatever its tag", Name::of(image).repository)
            }
            Self::ExactReference { reference } => reference.clone(),
            Self::ExactRepository { repository } => format!("{repository}, whatever its tag"),
            Self::RemapIdentity { .. } => {
                remapped(self, Name::of(image)).map_or_else(String::new, |it| it.repository)
            }
        }
    }

    /// Whether a signature about `signed` counts for `image`.
    pub(super) fn accepts(&self, image: &ImageName, signed: &str) -> bool {
        let Some(signed) = Name::parse(signed) else { return false };
        let image = Name::of(image);
        match self {
            Self::MatchExact {} => !image.is_bare() && !signed.is_bare() && signed == image,
            Self::MatchRepoDigestOrExact {} => exact_or_digest(&image, &signed),
            Self::MatchRepository {} => signed.repository == image.repository,
            Self::ExactReference { reference } => {
                !signed.is_bare() && Name::parse(reference).is_some_and(|it| it == signed)
            }
            Self::ExactRepository { repository } => {
                Name::parse(repository).is_some_and(|it| it.repository == signed.repository)
            }
            Self::RemapIdentity { .. } => {
                remapped(self, image).is_some_and(|image| exact_or_digest(&image, &signed))
            }
        }
    }
}

fn exact_or_digest(image: &Name, signed: &Name) -> bool {
    match (&image.tag, &image.digest) {
        _ if signed.is_bare() => false,
        (Some(_), _) => signed == image,
        (None, Some(_)) => signed.repository == image.repository,
        (None, None) => false,
    }
}

/// The image's name with its beginning exchanged; as it is where it begins otherwise.
fn remapped(identity: &SignedIdentity, image: Name) -> Option<Name> {
    let SignedIdentity::RemapIdentity { prefix, signed_prefix } = identity else {
        return Some(image);
    };
    match image.repository.strip_prefix(prefix.as_str()) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            let repository = format!("{signed_prefix}{rest}");
            // The new name must be one in full: no default is filled in.
            let parsed = Name::parse(&repository).filter(|it| it.repository == repository)?;
            Some(Name { repository: parsed.repository, ..image })
        }
        _ => Some(image),
    }
}

/// A host, with a port or not, or a name below one.
fn is_prefix(text: &str) -> bool {
    let host = text.split('/').next().unwrap_or_default();
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let labels = name.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(inside)
    });
    let port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let rest = text.get(host.len()..).unwrap_or_default();
    labels
        && port
        && (rest.is_empty() || format!("r.example{rest}").parse::<ImageName>().is_ok())
        && !rest.contains([':', '@'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(identity: &str, image: &str, signed: &str) -> bool {
        let identity: SignedIdentity = serde_json::from_str(identity).expect("identity");
        identity.accepts(&image.parse().expect("image"), signed)
    }

    #[test]
    fn each_kind_accepts_what_skopeo_accepts() {
        let digest = format!("r.example/app@sha256:{}", "a".repeat(64));
        let exact = r#"{"type": "matchExact"}"#;
        let either = r#"{"type": "matchRepoDigestOrExact"}"#;
        let repository = r#"{"type": "matchRepository"}"#;
        assert!(accepts(exact, "r.example/app:1", "r.example/app:1"));
        assert!(!accepts(exact, "r.example/app:1", "r.example/app:2"));
        assert!(!accepts(exact, "r.example/app:latest", "r.example/app"));
        assert!(!accepts(exact, &digest, "r.example/app:1"));
        assert!(accepts(either, &digest, "r.example/app:1"));
        assert!(!accepts(either, &digest, "r.example/app"));
        assert!(!accepts(either, &digest, "r.example/other:1"));
        assert!(!accepts(either, "r.example/app:1", "r.example/app:2"));
        assert!(accepts(repository, "r.example/app:1", "r.example/app:2"));
        assert!(accepts(exact, "busybox:1", "docker.io/library/busybox:1"));
        assert!(!accepts(exact, "busybox:1", "Busy Box"));
    }

    #[test]
    fn a_name_can_be_given_or_its_beginning_exchanged() {
        let given = r#"{"type": "exactReference", "dockerReference": "a.example/x:1"}"#;
        assert!(accepts(given, "r.example/app:1", "a.example/x:1"));
        assert!(!accepts(given, "r.example/app:1", "r.example/app:1"));
        let whole = r#"{"type": "exactRepository", "dockerRepository": "a.example/x"}"#;
        assert!(accepts(whole, "r.example/app:1", "a.example/x:2"));
        let remap = r#"{"type": "remapIdentity", "prefix": "mirror.example/m", "signedPrefix": "a.example"}"#;
        assert!(accepts(remap, "mirror.example/m/x:1", "a.example/x:1"));
        assert!(!accepts(remap, "mirror.example/m/x:1", "mirror.example/m/x:1"));
        assert!(!accepts(remap, "mirror.example/mm/x:1", "a.example/m/x:1"));
        assert!(accepts(remap, "r.example/app:1", "r.example/app:1"));
    }
}
