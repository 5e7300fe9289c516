//! Files that have no business in an image, known by their names.

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The history of the sources, with all that was ever committed.
    Repository,
    /// Keys, passwords, tokens.
    Secret,
    /// What the build makes or fetches itself.
    Bulk,
}

const REPOSITORIES: [&str; 4] = [".git", ".hg", ".svn", ".bzr"];
const BULK: [&str; 8] =
    ["node_modules", ".venv", "venv", "__pycache__", ".terraform", ".gradle", ".tox", ".next"];
const SECRETS: [&str; 22] = [
    ".aws",
    ".dockercfg",
    ".env",
    ".git-credentials",
    ".gnupg",
    ".htpasswd",
    ".kube",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    ".ssh",
    "_netrc",
    "credentials.json",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_rsa",
    "kubeconfig",
    "secrets.json",
    "secrets.yaml",
    "secrets.yml",
];
const SECRET_ENDS: [&str; 7] = [".jks", ".kdbx", ".key", ".keystore", ".p12", ".pfx", ".tfstate"];
/// Ends of `.env.NAME` that hold no values.
const EXAMPLES: [&str; 6] = ["example", "sample", "template", "dist", "defaults", "schema"];

/// What a file or folder of that path is, if it is one of these.
pub(crate) fn kind_of(path: &str) -> Option<Kind> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_environment = name.strip_prefix(".env.").is_some_and(|rest| {
        !rest.split('.').any(|part| EXAMPLES.iter().any(|one| part.eq_ignore_ascii_case(one)))
    });
    if REPOSITORIES.contains(&name) {
        Some(Kind::Repository)
    } else if SECRETS.contains(&name)
        || is_environment
        || SECRET_ENDS.iter().any(|end| name.ends_with(end) && name.len() > end.len())
    {
        Some(Kind::Secret)
    } else {
        BULK.contains(&name).then_some(Kind::Bulk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in [".env", ".env.production", "a/id_rsa", "tls/server.key", "x.tfstate"] {
            assert_eq!(kind_of(name), Some(Kind::Secret), "{name}");
        }
        for name in [".env.example", "environment", ".key", "id_rsa.pub", "key.pem.md"] {
            assert_eq!(kind_of(name), None, "{name}");
        }
        assert_eq!(kind_of("node_modules"), Some(Kind::Bulk));
        assert_eq!(kind_of(".git"), Some(Kind::Repository));
    }
}
