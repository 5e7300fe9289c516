//! How registries are spoken to.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Pace;

/// How registries are spoken to, and as whom.
#[derive(Clone)]
pub struct RegistryOptions {
    /// Hosts (with their ports) that may present any certificate, or speak no TLS at all.
    pub insecure: Vec<String>,
    /// Files with PEM certificates of authorities that are trusted beside the system's.
    pub ca_files: Vec<PathBuf>,
    /// User, for whichever registry is asked; goes before everything in `auth_files`.
    pub username: Option<String>,
    /// Password or token of this user.
    pub password: Option<String>,
    /// Where `docker login` and `podman login` keep credentials; missing files are passed over.
    pub auth_files: Vec<PathBuf>,
    /// How long the other side may be silent, on connecting and between two reads.
    pub timeout: Duration,
    /// How often it is asked; as often as it comes where nothing is said.
    pub pace: Option<Arc<Pace>>,
}

impl RegistryOptions {
    /// What the environment says: `PLIMSOLL_REGISTRY_USER`, `PLIMSOLL_REGISTRY_PASSWORD`,
    /// `REGISTRY_AUTH_FILE`, `DOCKER_CONFIG` and the usual places of both programs' files.
    pub fn from_env() -> Self {
        let path = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let text = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let docker =
            path("DOCKER_CONFIG").or_else(|| path("HOME").map(|home| home.join(".docker")));
        let podman = path("XDG_RUNTIME_DIR").map(|run| run.join("containers/auth.json"));
        Self {
            username: text("PLIMSOLL_REGISTRY_USER"),
            password: text("PLIMSOLL_REGISTRY_PASSWORD"),
            auth_files: path("REGISTRY_AUTH_FILE")
                .into_iter()
                .chain(docker.map(|folder| folder.join("config.json")))
                .chain(podman)
                .collect(),
            ..Self::anonymous()
        }
    }

    /// Without credentials and with every certificate verified.
    pub fn anonymous() -> Self {
        Self {
            insecure: Vec::new(),
            ca_files: Vec::new(),
            username: None,
            password: None,
            auth_files: Vec::new(),
            timeout: Duration::from_secs(30),
            pace: None,
        }
    }
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self::from_env()
    }
}

impl fmt::Debug for RegistryOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryOptions")
            .field("insecure", &self.insecure)
            .field("ca_files", &self.ca_files)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .field("auth_files", &self.auth_files)
            .field("timeout", &self.timeout)
            .field("pace", &self.pace)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_printed() {
        let mut options = RegistryOptions::anonymous();
        options.password = Some("hunter2".into());
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
