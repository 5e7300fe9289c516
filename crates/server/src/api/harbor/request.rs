//! What Harbor wants to have scanned.

use std::net::IpAddr;

use serde::Deserialize;

use crate::jobs::Pull;

/// A request to scan.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ScanRequest {
    registry: Registry,
    pub(super) artifact: Artifact,
}

#[derive(Clone, PartialEq, Eq, Deserialize)]
struct Registry {
    url: String,
    #[serde(default)]
    authorization: Option<String>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("url", &self.url).finish_non_exhaustive()
    }
}

/// What is to be scanned.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Artifact {
    repository: String,
    digest: String,
    #[serde(default)]
    tag: Option<String>,
    #[serde(default)]
    pub(super) mime_type: String,
}

impl ScanRequest {
    pub(super) fn pull(self, client: Option<IpAddr>) -> Pull {
        Pull {
            registry: self.registry.url,
            authorization: self.registry.authorization.unwrap_or_default(),
            repository: self.artifact.repository,
            digest: self.artifact.digest,
            tag: self.artifact.tag.unwrap_or_default(),
            client,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            if let Ok(request) = serde_json::from_str::<ScanRequest>(&text) {
                let _ = request.pull(None).check();
            }
        }

        #[test]
        fn no_name_panics(url in ".*", repository in ".*", digest in ".*", tag in ".*") {
            let pull = Pull { registry: url, repository, digest, tag, ..Pull::default() };
            let _ = pull.check();
        }
    }
}
